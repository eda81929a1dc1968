import type { Clock } from '../shared/clock';

/** Where attempts follow each other faster than timers can, what a timer loses may be made up for within this time. */
const SLACK_MS = 5;

/** Spreads attempts evenly in time: at most `rate` a second, without bursts. On the monotonic clock. */
export class Pace {
  readonly #everyMs: number;
  readonly #slackMs: number;
  #nextAt = Number.NEGATIVE_INFINITY;

  /** @param rate attempts a second; 0 = no limit */
  constructor(
    rate: number,
    private readonly clock: Clock,
  ) {
    this.#everyMs = rate > 0 ? 1000 / rate : 0;
    this.#slackMs = this.#everyMs < SLACK_MS ? SLACK_MS : 0;
  }

  /** How many attempts may leave now. */
  room(): number {
    if (this.#everyMs === 0) return Number.POSITIVE_INFINITY;
    const now = this.clock.monotonic();
    const from = Math.max(this.#nextAt, now - this.#slackMs);
    return from > now ? 0 : 1 + Math.floor((now - from) / this.#everyMs);
  }

  /** Milliseconds until one may leave. */
  waitMs(): number {
    return Math.max(0, this.#nextAt - this.clock.monotonic());
  }

  take(): void {
    if (this.#everyMs === 0) return;
    this.#nextAt = Math.max(this.#nextAt, this.clock.monotonic() - this.#slackMs) + this.#everyMs;
  }
}
