import type { Clock } from '../shared/clock';
import type { Signer } from '../webhook-auth/contract';
import { answerMessage } from './answer';
import { type Faults, parseFaults } from './faults';
import { deviceName, Fleet } from './fleet';
import { CONNECTIONS, HttpTarget } from './http-target';
import { Ledger, type Report } from './ledger';
import { MessageTarget } from './message-target';
import { Pacer } from './pacer';
import { Signals, type TemplateInput } from './profiles';
import { seedOf } from './random';
import { Run } from './run';
import { Schedule } from './schedule';
import type { Settings } from './settings';
import type { Target } from './target';
import type { Transport } from './transport';

export interface SimulatorOptions {
  settings: Settings;
  clock: Clock;
  /** 0..1 */
  random: () => number;
  /** A fresh, random beginning of ids. */
  newRunId(): string;
  /** The full address of a target over HTTP. */
  url?(): string;
  signer?: Signer | undefined;
  transport?(connections: number): Transport;
  /** The custom template. */
  evaluate?: ((input: TemplateInput) => Promise<unknown>) | undefined;
  /** An event, or the answer to one, leaves output 1. */
  emit(msg: Record<string, unknown>): void;
  /** A run has ended. */
  ended(report: Report): void;
  /** It was started, stopped or reset. */
  changed(): void;
  /** Something that the maker has to see; the run has stopped. */
  failed(error: Error): void;
  /** Faults that the target cannot show are left out. */
  skipped(kinds: readonly string[]): void;
}

/** One fleet with its ledger: what the node does, without Node-RED. */
export class Simulator {
  #faults: Faults;
  #ledger: Ledger;
  #run: Run | undefined;
  #batches = 0;

  constructor(readonly options: SimulatorOptions) {
    this.#faults = options.settings.faults;
    this.#ledger = new Ledger(options.newRunId());
  }

  /** True while readings are taken and sent; false also while a stopped run waits for what is under way. */
  get running(): boolean {
    return this.#run !== undefined && !this.#run.over && !this.#run.stopping;
  }

  /** True until the run has ended with its report. */
  get busy(): boolean {
    return this.#run !== undefined && !this.#run.over;
  }

  /** Begins a run with a new ledger; while one is running nothing happens. */
  start(): void {
    if (this.running) return;
    // One that has been stopped and is still under way ends with its report.
    if (this.busy) this.stop();
    this.#run?.abort();
    const { settings, options } = { settings: this.options.settings, options: this.options };
    const ledger = new Ledger(options.newRunId());
    this.#ledger = ledger;
    const pacer = new Pacer(settings.maxRate);
    const seed = seedOf(settings.seed);
    const signals = new Signals(seed, settings.profile, deviceName, options.evaluate);
    const target = this.#target(ledger, pacer);
    const run = new Run({
      seed,
      fleet: new Fleet(settings.devices, new Schedule(seed, settings.intervalMs, settings.jitter), settings.count),
      faults: this.#faults,
      ledger,
      target,
      pacer,
      clock: options.clock,
      grace: settings.grace,
      data: ({ device, seq, at }) => signals.read(device, seq, at),
      ended: () => {
        options.ended(this.report());
        options.changed();
      },
      failed: (error) => options.failed(error),
    });
    this.#run = run;
    this.#sayWhatIsSkipped();
    run.start();
    options.changed();
  }

  stop(): void {
    this.#run?.stop();
    this.options.changed();
  }

  /** Forgets the ledger; a run that is under way starts over. */
  reset(): void {
    const running = this.running;
    this.#run?.abort();
    this.#run = undefined;
    this.#ledger = new Ledger(this.options.newRunId());
    if (running) this.start();
    this.options.changed();
  }

  /** Stops without a word: the node is closed. */
  close(): void {
    this.#run?.abort();
  }

  /** The verdict as it stands. While events are still being sent, one is lost only when the grace time has passed since. */
  report(): Report {
    const run = this.#run;
    if (!run?.sending) return this.#ledger.report();
    return this.#ledger.report(run.elapsed() - this.options.settings.grace * 1000);
  }

  /** The few numbers of the status. */
  numbers(): { sent: number; lost: number; doubled: number; unexpected: number } {
    const run = this.#run;
    const { sent, doubled, unexpected, pending } = this.#ledger;
    const lost = run && !run.over ? this.#ledger.lost(run.elapsed() - this.options.settings.grace * 1000) : pending;
    return { sent, lost, doubled, unexpected };
  }

  /** An event came back from the end of the flow; ids of other runs and other senders are ignored. */
  processed(id: string): void {
    const run = this.#run;
    if (!this.#ledger.process(id, run?.elapsed() ?? 0)) return;
    run?.returned();
    // Too late for the report, but not for the status.
    if (run?.over) this.options.changed();
  }

  /** Changes the faults from now on, also of runs to come. Throws an Error that names the member that is wrong. */
  setFaults(source: unknown): void {
    this.#faults = parseFaults(source);
    if (!this.#run || this.#run.over) return;
    this.#run.injector.faults = this.#faults;
    this.#sayWhatIsSkipped();
  }

  #sayWhatIsSkipped(): void {
    const without = this.#run?.injector.options.without ?? [];
    const skipped = without.filter((kind) => this.#faults.rates[kind]);
    if (skipped.length > 0) this.options.skipped(skipped);
  }

  #target(ledger: Ledger, pacer: Pacer): Target {
    const { settings, clock, random, signer } = this.options;
    const common = {
      profile: settings.profile,
      batch: settings.batch,
      ledger,
      clock,
      elapsed: () => this.#run?.elapsed() ?? 0,
      newId: () => `${ledger.runId}-batch-${++this.#batches}`,
      events: {
        captured: (capture: Parameters<Run['captured']>[0]) => this.#run?.captured(capture),
        changed: () => this.#run?.changed(),
      },
    };
    if (settings.target === 'message') {
      return new MessageTarget({ ...common, send: (msg) => this.options.emit(msg) });
    }
    if (!this.options.transport) throw new Error('target: no way to send over HTTP');
    return new HttpTarget({
      ...common,
      // As it goes over the wire, percent-encoded: there are schemes that sign it.
      url: new URL(this.options.url?.() ?? settings.url).href,
      signer,
      retries: settings.senderRetries,
      faults: () => this.#faults,
      random,
      pacer,
      transport: this.options.transport(CONNECTIONS),
      answered: (events, outcome) => this.options.emit(answerMessage(settings.profile, ledger, events, outcome)),
      failed: (error) => {
        this.stop();
        this.options.failed(error);
      },
    });
  }
}
