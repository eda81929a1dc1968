import type { Cancel, Clock } from '../shared/clock';
import { Heap } from '../shared/heap';
import { type FaultKind, type Faults, INVALID } from './faults';
import type { Fleet, Reading } from './fleet';
import { Injector, type Outgoing } from './injector';
import type { Ledger } from './ledger';
import type { Pacer } from './pacer';
import type { Capture, Target } from './target';

/** A slice of work ends after so many sendings or milliseconds, so that Node-RED's other flows get their turn. */
const SLICE_EVENTS = 100;
const SLICE_MS = 4;
/** How often a finished run looks whether everything has come back. */
const LOOK_MS = 100;
/** How long it stays quiet before a run counts as accounted for: a second copy may be right behind the first. */
const SETTLE_MS = 1000;

export interface RunOptions {
  seed: number;
  fleet: Fleet;
  faults: Faults;
  ledger: Ledger;
  target: Target;
  pacer: Pacer;
  clock: Clock;
  /** Seconds after the last sending at which what has not come back is lost. */
  grace: number;
  /** The data of a reading; a promise where a template makes it. */
  data: (reading: Reading) => unknown;
  /** Called once, when everything is accounted for or the grace time is over. */
  ended(): void;
  /** A reading could not be made; the run has stopped. */
  failed(error: Error): void;
}

/** Something that leaves at a simulated time. */
type Departure = { at: number; order: number } & ({ event: Outgoing } | { capture: Capture });

/**
 * One run from start to verdict. Everything is decided in simulated time, and the pacer maps the sequence of departures onto
 * real time, so that a busy machine makes a run longer but never different.
 */
export class Run {
  readonly injector: Injector;
  readonly started: number;
  readonly #outbox = new Heap<Departure>((a, b) => a.at < b.at || (a.at === b.at && a.order < b.order));
  #order = 0;
  /** The simulated time of the last departure or reading. */
  #at = 0;
  #readings = true;
  #stopped = false;
  #timer: Cancel | undefined;
  #working = false;
  #again = false;
  #over = false;
  #lastSend: number;
  #lastSign: number;

  constructor(readonly options: RunOptions) {
    const { seed, faults, ledger, target, clock } = options;
    this.injector = new Injector({
      seed,
      faults,
      without: target.without,
      count: (kind) => {
        // What is a sending of its own is counted when it is sent.
        if (!(INVALID as readonly FaultKind[]).includes(kind)) ledger.fault(kind);
      },
      issueInvalid: () => ledger.issue(false),
    });
    this.started = clock.monotonic();
    this.#lastSend = this.started;
    this.#lastSign = this.started;
  }

  /** True while there is something to send. */
  get sending(): boolean {
    return !this.#over && (this.#readings || this.#outbox.size > 0 || !this.options.target.idle);
  }

  /** True from `stop` or the last reading on: what is under way is brought to its end. */
  get stopping(): boolean {
    return this.#stopped;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Milliseconds since the run began. */
  elapsed(): number {
    return this.options.clock.monotonic() - this.started;
  }

  start(): void {
    this.#plan(0);
  }

  /**
   * No more readings, and nothing that has not been sent yet; what has been sent is brought to its end. Asked a second time,
   * the run ends at once.
   */
  stop(): void {
    if (this.#over) return;
    if (this.#stopped) {
      // Asked twice: not even the grace time is wanted.
      this.options.target.abandon(true);
      this.#finish();
      return;
    }
    this.#readings = false;
    this.#stopped = true;
    this.#outbox.clear();
    this.options.target.abandon(false);
    this.#plan(0);
  }

  /** Ends at once and says nothing more. */
  abort(): void {
    this.#over = true;
    this.#timer?.();
    this.#outbox.clear();
    this.options.target.abandon(true);
  }

  captured(capture: Capture): void {
    if (this.#over || this.#stopped) return;
    this.#depart({ at: this.#at + capture.replayMs, order: this.#order++, capture });
    this.#plan(0);
  }

  /** There was an answer. It may have been to a sender's further attempt, so the grace time is counted from it. */
  changed(): void {
    if (this.#over) return;
    this.#lastSend = this.options.clock.monotonic();
    this.#lastSign = this.#lastSend;
    if (this.#working) this.#again = true;
    else if (!this.#timer) this.#plan(0);
  }

  /** An event came back. */
  returned(): void {
    this.#lastSign = this.options.clock.monotonic();
  }

  #depart(departure: Departure): void {
    this.#outbox.push(departure);
  }

  #plan(ms: number): void {
    if (this.#over) return;
    if (this.#working) {
      this.#again = true;
      return;
    }
    this.#timer?.();
    this.#timer = this.options.clock.after(ms, () => {
      this.#timer = undefined;
      this.#working = true;
      void this.#slice()
        .catch((error: Error) => {
          this.stop();
          this.options.failed(error);
          return LOOK_MS;
        })
        .then((wait) => {
          this.#working = false;
          const again = this.#again;
          this.#again = false;
          if (wait !== undefined || again) this.#plan(again ? 0 : (wait as number));
        });
    });
  }

  /** Does what is due. Resolves to how long to wait for the next; undefined = until the target has changed. */
  async #slice(): Promise<number | undefined> {
    const { clock, fleet, target, pacer } = this.options;
    const begun = clock.monotonic();
    for (let sent = 0; sent < SLICE_EVENTS && !this.#over; ) {
      const now = clock.monotonic();
      if (now - begun > SLICE_MS) return 0;
      if (target.full) return undefined;
      const due = this.#readings ? fleet.nextDue() : undefined;
      if (due === undefined && this.#readings) this.#exhausted();
      const next = this.#outbox.peek();
      if (due === undefined && !next) return this.#close(now);
      const reading = due !== undefined && (!next || due < next.at);
      const at = reading ? due : (next as Departure).at;
      if (at > now - this.started) return at - (now - this.started);
      this.#at = at;
      if (reading) {
        await this.#take(fleet.take() as Reading);
        continue;
      }
      const wait = pacer.wait(now);
      if (wait > 0) return wait;
      this.#outbox.pop();
      pacer.take(now, 'capture' in (next as Departure) ? (next as { capture: Capture }).capture.size : 1);
      this.#send(next as Departure, now);
      sent += 1;
    }
    return 0;
  }

  async #take(reading: Reading): Promise<void> {
    const { ledger, clock, data } = this.options;
    const { device, seq, at } = reading;
    // Dropped or not, the device has measured: its signal goes on.
    let value = data(reading);
    if (value instanceof Promise) value = await value;
    if (this.#stopped || this.#over || this.injector.drops(device, seq)) return;
    const time = Math.round(clock.now() + this.injector.skew(device, seq));
    const sample = { number: ledger.issue(true), device, seq, data: value, time };
    for (const event of this.injector.apply(sample, at)) this.#depart({ at: event.at, order: this.#order++, event });
  }

  #send(departure: Departure, now: number): void {
    this.#lastSend = now;
    this.#lastSign = now;
    if ('capture' in departure) {
      departure.capture.replay();
      return;
    }
    const { event } = departure;
    if (event.duplicateMs !== undefined) {
      const { duplicateMs, replayMs: _, ...twin } = event;
      const at = departure.at + duplicateMs;
      this.#depart({ at, order: this.#order++, event: { ...twin, at, repeats: 'duplicate' } });
    }
    this.options.target.send(event);
  }

  /** The last reading has been taken: nobody comes any more to overtake the ones that were held back. */
  #exhausted(): void {
    this.#readings = false;
    for (const event of this.injector.release(this.#at)) this.#depart({ at: event.at, order: this.#order++, event });
  }

  /** Nothing is left to send: is everything accounted for? */
  #close(now: number): number | undefined {
    const { target, ledger, grace } = this.options;
    target.flush();
    if (!target.idle) return undefined;
    const settle = Math.min(SETTLE_MS, grace * 1000);
    const quiet = now - this.#lastSign;
    const accounted = ledger.pending === 0 && quiet >= settle;
    if (!accounted && now - this.#lastSend < grace * 1000) return LOOK_MS;
    this.#finish();
    return undefined;
  }

  #finish(): void {
    this.#over = true;
    this.#timer?.();
    this.options.ended();
  }
}
