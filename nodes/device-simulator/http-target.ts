import type { Cancel, Clock } from '../shared/clock';
import type { Signer } from '../webhook-auth/contract';
import { Batch } from './batch';
import { envelope } from './envelope';
import type { FaultKind, Faults } from './faults';
import type { Outgoing } from './injector';
import type { Ledger } from './ledger';
import type { Pacer } from './pacer';
import type { Profile } from './profiles';
import { type WireRequest, wireRequest } from './request';
import { retryDelay } from './sender-retry';
import type { Target, TargetEvents } from './target';
import type { Answer, NoAnswer, Transport } from './transport';

/** Requests on the way at once, and requests that wait for a connection or for their device before the run has to wait. */
export const CONNECTIONS = 64;
const MOST_QUEUED = 1024;

export interface HttpTargetOptions {
  profile: Profile;
  url: string;
  signer?: Signer | undefined;
  batch: number;
  /** Further attempts after an answer other than 2xx. */
  retries: number;
  faults(): Faults;
  ledger: Ledger;
  clock: Clock;
  elapsed(): number;
  random: () => number;
  pacer: Pacer;
  transport: Transport;
  events: TargetEvents;
  newId(): string;
  answered(events: readonly Outgoing[], outcome: Answer | Error): void;
  /** A request could not be made at all: the configuration is wrong. */
  failed(error: Error): void;
}

interface Job {
  events: readonly Outgoing[];
  id: string;
  attempt: number;
  /** A replay: these very bytes. */
  wire?: WireRequest;
  /** Holds up its device until it is answered. */
  device?: number;
}

/** Sends events as signed CloudEvents requests. A device waits for its answer before it sends the next, as real ones do. */
export class HttpTarget implements Target {
  readonly #batch: Batch<Outgoing>;
  #ready: Job[] = [];
  readonly #busy = new Map<number, Job[]>();
  readonly #retries = new Map<Cancel, Job>();
  #queued = 0;
  #flying = 0;
  #closed = false;
  #broken = false;

  constructor(readonly options: HttpTargetOptions) {
    this.#batch = new Batch(options.batch, options.clock, (events) =>
      this.#offer({ events, attempt: 1, id: events.length > 1 ? options.newId() : this.#idOf(events[0]!) }),
    );
  }

  get without(): readonly FaultKind[] {
    const unsigned = !this.options.signer || this.options.signer.scheme === 'none';
    // Without a signature there is none that could be wrong, and a half body is told from a whole one only where it is JSON.
    return unsigned ? ['badSignature', 'missingSignature'] : [];
  }

  get full(): boolean {
    return this.#queued + this.#flying >= MOST_QUEUED;
  }

  get idle(): boolean {
    return this.#batch.empty && this.#queued === 0 && this.#flying === 0 && this.#retries.size === 0;
  }

  send(event: Outgoing): void {
    if (event.invalid) this.#offer({ events: [event], id: this.#idOf(event), attempt: 1 });
    else if (this.options.batch > 1) this.#batch.add(event);
    else this.#offer({ events: [event], id: this.#idOf(event), attempt: 1, device: event.device });
  }

  flush(): void {
    this.#batch.flush();
  }

  abandon(hard: boolean): void {
    this.#batch.discard();
    const further = (job: Job): boolean => !hard && job.attempt > 1;
    this.#ready = this.#ready.filter(further);
    for (const [device, waiting] of this.#busy) this.#busy.set(device, waiting.filter(further));
    this.#queued = this.#ready.length + [...this.#busy.values()].reduce((sum, waiting) => sum + waiting.length, 0);
    if (!hard) return;
    this.#closed = true;
    for (const cancel of this.#retries.keys()) cancel();
    this.#retries.clear();
    this.options.transport.close();
  }

  #idOf(event: Outgoing): string {
    return this.options.ledger.idOf(event.number);
  }

  #offer(job: Job): void {
    if (this.#closed) return;
    this.#queued += 1;
    const waiting = job.device === undefined ? undefined : this.#busy.get(job.device);
    if (waiting) {
      waiting.push(job);
      return;
    }
    if (job.device !== undefined) this.#busy.set(job.device, []);
    this.#ready.push(job);
    this.#launch();
  }

  #launch(): void {
    while (this.#flying < CONNECTIONS) {
      const job = this.#ready.shift();
      if (!job) return;
      this.#queued -= 1;
      this.#flying += 1;
      void this.#transmit(job);
    }
  }

  async #transmit(job: Job): Promise<void> {
    const { clock, pacer, transport } = this.options;
    let outcome: Answer | Error;
    let started = clock.monotonic();
    try {
      const wire = job.wire ?? this.#wire(job);
      this.#bookSending(job, (event) =>
        job.attempt > 1 ? undefined : job.wire ? 'replay' : (event.invalid ?? event.repeats),
      );
      this.#offerCapture(job, wire);
      started = clock.monotonic();
      outcome = await transport.post(wire).catch((error: NoAnswer) => {
        // Sent once more at once, but booked: the server may have read it before it closed the connection.
        if (!error.stale || this.#closed || !isTriedAgain(job)) throw error;
        this.#refuse(job, error);
        pacer.take(clock.monotonic(), job.events.length);
        this.#bookSending(job);
        started = clock.monotonic();
        return transport.post(wire);
      });
    } catch (error) {
      outcome = error as Error;
    }
    this.#flying -= 1;
    if (this.#closed) return;
    this.#book(job, outcome, clock.monotonic() - started);
    this.#free(job);
    this.#launch();
    this.options.events.changed();
  }

  #wire(job: Job): WireRequest {
    const { profile, url, signer, batch, ledger } = this.options;
    const { oversizeBytes } = this.options.faults();
    const envelopes = job.events.map((event) => envelope(profile, event, ledger.idOf(event.number)));
    try {
      return wireRequest({ url, signer, batched: batch > 1, oversizeBytes }, envelopes, job.id, job.events[0]!.invalid);
    } catch (error) {
      if (!this.#broken) this.options.failed(error as Error);
      this.#broken = true;
      throw Object.assign(error as Error, { code: 'misconfigured' });
    }
  }

  #offerCapture(job: Job, wire: WireRequest): void {
    if (job.wire || job.attempt > 1) return;
    const replayMs = job.events.reduce((latest, event) => Math.max(latest, event.replayMs ?? -1), -1);
    if (replayMs < 0) return;
    const replay = (): void => this.#offer({ events: job.events, id: job.id, attempt: 1, wire });
    this.options.events.captured({ size: job.events.length, replayMs, replay });
  }

  #book(job: Job, outcome: Answer | Error, ms: number): void {
    const { ledger } = this.options;
    const taken = !(outcome instanceof Error) && outcome.status >= 200 && outcome.status < 300;
    if (taken) for (const event of job.events) ledger.deliver(event.number, ms);
    else this.#refuse(job, outcome, ms);
    this.options.answered(job.events, outcome);
    if (!taken && !this.#broken && isTriedAgain(job) && job.attempt <= this.options.retries) this.#later(job, outcome);
  }

  #bookSending(job: Job, mistake?: (event: Outgoing) => FaultKind | undefined): void {
    const { ledger } = this.options;
    for (const event of job.events) ledger.send(event.number, this.options.elapsed(), mistake?.(event));
  }

  #refuse(job: Job, outcome: Answer | NoAnswer, ms?: number): void {
    for (const _ of job.events) {
      if (outcome instanceof Error) this.options.ledger.refuse(outcome.code ?? 'error');
      else this.options.ledger.refuse(outcome.status, ms);
    }
  }

  /** Another attempt after a while; its device goes on meanwhile. */
  #later(job: Job, outcome: Answer | Error): void {
    const again: Job = { events: job.events, id: job.id, attempt: job.attempt + 1 };
    const header = outcome instanceof Error ? undefined : outcome.headers['retry-after'];
    const { clock, pacer, random } = this.options;
    const arm = (ms: number): void => {
      const cancel = clock.after(ms, () => {
        this.#retries.delete(cancel);
        const wait = pacer.wait(clock.monotonic());
        if (wait > 0) {
          arm(wait);
          return;
        }
        pacer.take(clock.monotonic(), again.events.length);
        this.#offer(again);
      });
      this.#retries.set(cancel, again);
    };
    arm(retryDelay(job.attempt, header, clock.now(), random()));
  }

  #free(job: Job): void {
    if (job.device === undefined) return;
    const next = this.#busy.get(job.device)?.shift();
    if (next) this.#ready.push(next);
    else this.#busy.delete(job.device);
  }
}

/** Whoever replays or forges does not care for the answer; a real sender does. */
function isTriedAgain(job: Job): boolean {
  return !job.wire && !job.events[0]!.invalid;
}
