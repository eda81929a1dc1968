import { deadLetterPage } from '../event-store/dead-letter-page';
import { PRUNE_EVERY_MS, pruneDeadLetters } from '../event-store/prune';
import type { DeadLetter, Store } from '../event-store/store';
import type { Clock } from '../shared/clock';

/** Bounds of the dead letters, as a retry node has them by default; the oldest leave. */
const MAX = 10_000;
const MAX_AGE_MS = 30 * 86_400_000;
/** One every 20 ms, so that a flow just mended is not flooded. */
const REPLAY_EVERY_MS = 20;

/** The events a webhook in has given up, in its store. */
export class StoredDeadLetters {
  #prunedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: Store,
    private readonly queue: string,
    private readonly clock: Clock,
  ) {}

  /** Moves a leased event to the dead letters. False when the token no longer holds it. */
  bury(id: string, token: string, outcome: string, attempts: number): Promise<boolean> {
    const keep = { max: MAX, maxAgeMs: MAX_AGE_MS };
    return this.store.bury(this.queue, id, token, { reason: 'gave-up', outcome, attempts, keep });
  }

  /** Oldest first, after the id given. */
  list(page: { after?: string; limit?: number } = {}): Promise<DeadLetter[]> {
    return deadLetterPage(this.store, this.queue, page);
  }

  replay(ids?: readonly string[]): Promise<number> {
    return this.store.replay(this.queue, ids, REPLAY_EVERY_MS);
  }

  purge(ids?: readonly string[]): Promise<number> {
    return this.store.purge(this.queue, ids);
  }

  /** Deletes the too old ones, also where none has been added since; looks once an hour. */
  async prune(): Promise<void> {
    const now = this.clock.monotonic();
    if (now - this.#prunedAt < PRUNE_EVERY_MS) return;
    this.#prunedAt = now;
    await pruneDeadLetters(this.store, this.queue, this.clock.now() - MAX_AGE_MS);
  }
}
