import type { Cancel, Clock } from '../shared/clock';
import { StoreError } from './store';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Carries out changes of the store that must not be dropped: an attempt's outcome is known, so it is tried again (250 ms, doubling
 * up to 10 s) until the store has taken it or is closed. Until then the event keeps its place, so that a full disk holds the
 * node back instead of letting it forget.
 */
export class Persist {
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #wakers = new Set<() => void>();
  #closing = false;

  constructor(
    private readonly clock: Clock,
    private readonly problem: (error: unknown) => void,
  ) {}

  /** @returns true when the store has taken it; false when the node or the store closed before it could */
  async keep(change: () => Promise<unknown>): Promise<boolean> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        await change();
        return true;
      } catch (error) {
        if (error instanceof StoreError && error.code === 'closed') return false;
        this.problem(error);
        if (this.#closing) return false;
        await this.#sleep(pause);
        if (this.#closing) return false;
      }
    }
  }

  /** Lets `close` wait for this as well. */
  async watch<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(work);
    }
  }

  /** Resolves when everything watched has come to its end; nothing is tried again from now on. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const wake of this.#wakers) wake();
    await Promise.allSettled(this.#underWay);
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      let cancel: Cancel | undefined;
      const wake = (): void => {
        this.#wakers.delete(wake);
        cancel?.();
        resolve();
      };
      this.#wakers.add(wake);
      cancel = this.clock.after(ms, wake);
    });
  }
}
