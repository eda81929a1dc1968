/** How far behind its schedule a pacer may catch up after a stall; what was missed beyond that is given up. */
const CATCH_UP_MS = 100;

/**
 * Lets at most `rate` things a second through. Each has a slot computed from the one before, so that late timers do not add up
 * to a drift.
 */
export class Pacer {
  readonly #spacing: number;
  #next: number | undefined;

  constructor(rate: number) {
    this.#spacing = 1000 / rate;
  }

  /** Milliseconds until the next may go at monotonic time `now`; 0 = at once. */
  wait(now: number): number {
    return this.#next === undefined ? 0 : Math.max(0, this.#next - now);
  }

  /** Uses up `slots`. */
  take(now: number, slots = 1): void {
    this.#next = Math.max(this.#next ?? now, now - CATCH_UP_MS) + slots * this.#spacing;
  }
}
