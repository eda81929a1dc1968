import type { Clock } from '../shared/clock';

/** Timers wake a little late; what they lose may be made up for within this time, so that high rates are reached. */
const SLACK_MS = 5;

/** Spreads attempts evenly in time: at most `rate` a second, without bursts. On the monotonic clock. */
export class Pace {
  readonly #everyMs: number;
  #nextAt = Number.NEGATIVE_INFINITY;

  /** @param rate attempts a second; 0 = no limit */
  constructor(
    rate: number,
    private readonly clock: Clock,
  ) {
    this.#everyMs = rate > 0 ? 1000 / rate : 0;
  }

  /** How many attempts may leave now. */
  room(): number {
    if (this.#everyMs === 0) return Number.POSITIVE_INFINITY;
    const now = this.clock.monotonic();
    const from = Math.max(this.#nextAt, now - SLACK_MS);
    return from > now ? 0 : 1 + Math.floor((now - from) / this.#everyMs);
  }

  /** Milliseconds until one may leave. */
  waitMs(): number {
    return Math.max(0, this.#nextAt - this.clock.monotonic());
  }

  take(): void {
    if (this.#everyMs === 0) return;
    this.#nextAt = Math.max(this.#nextAt, this.clock.monotonic() - SLACK_MS) + this.#everyMs;
  }
}
