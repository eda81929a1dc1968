import type { Store } from '../event-store/store';
import type { Cancel, Clock } from '../shared/clock';

/** Asking the store on every message would cost more than the message. */
const PAUSE_MS = 1000;

/** How many keys a scope holds and how many had to leave early, known to within a second. */
export class KeyCount {
  count = 0;
  evicted = 0;
  #timer: Cancel | undefined;

  constructor(
    private readonly store: Store,
    private readonly scope: string,
    private readonly clock: Clock,
    private changed: () => void,
  ) {}

  /** Keys may have come or gone. */
  touch(): void {
    this.#timer ??= this.clock.after(PAUSE_MS, () => {
      this.#timer = undefined;
      void this.#ask();
    });
  }

  close(): void {
    this.#timer?.();
    this.changed = () => undefined;
  }

  async #ask(): Promise<void> {
    try {
      const { count, evicted } = await this.store.keys(this.scope);
      if (count === this.count && evicted === this.evicted) return;
      this.count = count;
      this.evicted = evicted;
    } catch {
      // A store that fails says so where it matters: at the next claim.
      return;
    }
    this.changed();
  }
}
