import type { Clock } from '../shared/clock';

const SECONDS = 60;

/** Counts events since the start and over the last minute. */
export class Counter {
  total = 0;
  readonly #seconds = new Float64Array(SECONDS);
  #at: number;

  constructor(readonly clock: Clock) {
    this.#at = this.#second();
  }

  #second(): number {
    return Math.floor(this.clock.monotonic() / 1000);
  }

  #roll(): number {
    const now = this.#second();
    if (now - this.#at >= SECONDS) this.#seconds.fill(0);
    else for (let second = this.#at + 1; second <= now; second += 1) this.#seconds[second % SECONDS] = 0;
    this.#at = now;
    return now % SECONDS;
  }

  add(n = 1): void {
    this.total += n;
    const slot = this.#roll();
    this.#seconds[slot] = (this.#seconds[slot] as number) + n;
  }

  /** How many in the last 60 seconds. */
  get lastMinute(): number {
    this.#roll();
    return this.#seconds.reduce((sum, n) => sum + n, 0);
  }
}
