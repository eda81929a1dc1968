import type { Clock } from '../shared/clock';
import { Batch } from './batch';
import { envelope, message } from './envelope';
import { type FaultKind, INVALID } from './faults';
import { deviceName } from './fleet';
import type { Outgoing } from './injector';
import type { Ledger } from './ledger';
import type { Profile } from './profiles';
import type { Target, TargetEvents } from './target';

export interface MessageTargetOptions {
  profile: Profile;
  batch: number;
  ledger: Ledger;
  clock: Clock;
  /** Milliseconds since the ledger's start. */
  elapsed(): number;
  events: TargetEvents;
  newId(): string;
  send(msg: Record<string, unknown>): void;
}

/** Hands events to the flow as webhook in would have made them; there is no request that could be refused. */
export class MessageTarget implements Target {
  readonly without: readonly FaultKind[] = INVALID;
  readonly full = false;
  readonly #batch: Batch<Outgoing>;

  constructor(readonly options: MessageTargetOptions) {
    this.#batch = new Batch(options.batch, options.clock, (events) => this.#deliver(events));
  }

  get idle(): boolean {
    return this.#batch.empty;
  }

  send(event: Outgoing): void {
    this.#batch.add(event);
  }

  flush(): void {
    this.#batch.flush();
  }

  abandon(): void {
    this.#batch.discard();
  }

  #deliver(batch: readonly Outgoing[]): void {
    this.#hand(batch);
    const replayMs = Math.max(...batch.map((event) => event.replayMs ?? -1));
    if (replayMs < 0) return;
    this.options.events.captured({ size: batch.length, replayMs, replay: () => this.#hand(batch, 'replay') });
  }

  #hand(batch: readonly Outgoing[], mistake?: FaultKind): void {
    const { ledger, clock, profile } = this.options;
    const receivedAt = new Date(clock.now()).toISOString();
    const id = this.options.batch > 1 ? this.options.newId() : undefined;
    batch.forEach((event, index) => {
      ledger.send(event.number, this.options.elapsed(), mistake ?? event.repeats);
      ledger.deliver(event.number);
      const body = envelope(profile, event, ledger.idOf(event.number));
      // The flow may change what it gets, and a repetition has to be the event as it was.
      if (event.repeats || event.duplicateMs !== undefined || event.replayMs !== undefined) {
        body.data = structuredClone(event.data);
      }
      const msg = message(body, deviceName(event.device), receivedAt);
      if (id !== undefined) msg.parts = { id, type: 'array', count: batch.length, len: 1, index };
      this.options.send(msg);
    });
  }
}
