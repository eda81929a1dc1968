import type { Clock } from '../shared/clock';
import { Breaker, type BreakerState, type Permit } from './breaker';
import type { RetryOptions } from './options';
import { Pace } from './pace';

/** The right to one attempt: a place among `concurrency`, with the breaker's permit. */
export interface Place {
  readonly permit: Permit | undefined;
  held: boolean;
}

/** Says how many attempts may start now: places free, breaker, pace, and whether the node may send at all. */
export class Places {
  readonly #breaker: Breaker | undefined;
  readonly #pace: Pace;
  #taken = 0;
  /** False while the flows do not run, the node is paused, or has closed. */
  sending = false;

  constructor(
    private readonly options: RetryOptions,
    clock: Clock,
  ) {
    this.#breaker = options.breaker ? new Breaker(options, clock) : undefined;
    this.#pace = new Pace(options.drainRate, clock);
  }

  get breaker(): BreakerState {
    return this.#breaker?.state ?? 'closed';
  }

  room(): number {
    if (!this.sending) return 0;
    const free = this.options.concurrency - this.#taken;
    return Math.min(free, this.#breaker?.room() ?? free, this.#pace.room());
  }

  /** Where a place is free but breaker or pace forbid to use it: milliseconds until they may not; else 0. */
  waitMs(): number {
    if (!this.sending || this.#taken >= this.options.concurrency) return 0;
    return Math.max(this.#breaker?.waitMs() ?? 0, this.#pace.waitMs());
  }

  take(): Place {
    this.#taken += 1;
    this.#pace.take();
    return { permit: this.#breaker?.take(), held: true };
  }

  /** The attempt holds no place any more; harmless when it held none. */
  free(place: Place): void {
    if (!place.held) return;
    place.held = false;
    this.#taken -= 1;
  }

  /** The attempt was not made after all. */
  unused(place: Place): void {
    this.free(place);
    if (place.permit) this.#breaker?.giveBack(place.permit);
  }

  /** How the attempt ended, for the breaker. */
  record(place: Place, success: boolean): void {
    if (place.permit) this.#breaker?.record(place.permit, success);
  }
}
