import type { Clock } from '../shared/clock';

const SAME_AGAIN_MS = 60_000;

/** Keeps the log readable while something fails over and over: the same sentence at most once a minute. */
export class Complaints {
  #last = '';
  #at = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly log: (text: string) => void,
  ) {}

  say(text: string): void {
    const now = this.clock.monotonic();
    if (text === this.#last && now - this.#at < SAME_AGAIN_MS) return;
    this.#last = text;
    this.#at = now;
    this.log(text);
  }
}
