import type { Clock } from '../shared/clock';
import { Counter } from './counters';

const SECONDS = 60;
const LONGEST_S = 3600;

/** How fast the flow gets events done, from the last minute, or from what there has been of it. */
export class DrainRate {
  readonly #done: Counter;
  readonly #since: number;

  constructor(private readonly clock: Clock) {
    this.#done = new Counter(clock);
    this.#since = clock.monotonic();
  }

  add(): void {
    this.#done.add();
  }

  /** Whole seconds until `n` events will be done: 1 to 3600; as if one a minute were done where none was. */
  secondsFor(n: number): number {
    const seconds = Math.min(SECONDS, Math.max(1, (this.clock.monotonic() - this.#since) / 1000));
    const perSecond = Math.max(this.#done.lastMinute / seconds, 1 / SECONDS);
    return Math.min(LONGEST_S, Math.max(1, Math.ceil(n / perSecond)));
  }
}
