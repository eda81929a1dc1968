import { deadLetterPage, LONGEST_PAGE } from '../event-store/dead-letter-page';
import { pruneDeadLetters } from '../event-store/prune';
import type { DeadLetter, Store } from '../event-store/store';
import type { DeadLetterInfo } from './delivery';
import type { RetryOptions } from './options';
import type { GiveUpReason } from './verdict';

/** Replay without a drain rate: one every 20 ms, so that a receiver just back is not flooded. */
const REPLAY_EVERY_MS = 20;

/** Why and when a message was given up. */
export interface GivingUp {
  reason: GiveUpReason;
  outcome: string;
  attempts: number;
  publishedAt: number;
  lastAttemptAt: number;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** `msg.deadLetter` of a message that was given up. */
export function deadLetterInfo(giving: GivingUp): DeadLetterInfo {
  return {
    deadLetterReason: giving.reason,
    deliveryAttempts: giving.attempts,
    lastDeliveryOutcome: giving.outcome,
    publishTime: iso(giving.publishedAt),
    lastDeliveryAttemptTime: iso(giving.lastAttemptAt),
  };
}

/** The messages a retry node has given up, in its store. */
export class DeadLetters {
  /** How many there are, as far as is known without asking. */
  count = 0;

  constructor(
    private readonly store: Store,
    private readonly queue: string,
    private readonly options: Pick<RetryOptions, 'deadLetterMax' | 'deadLetterMaxAge' | 'drainRate'>,
  ) {}

  async refresh(): Promise<void> {
    this.count = (await this.store.counts(this.queue)).dead;
  }

  /** Moves a leased event to the dead letters; the oldest leave when there are too many, or when they are too old. */
  async bury(id: string, token: string, giving: GivingUp): Promise<void> {
    const { deadLetterMax: max, deadLetterMaxAge } = this.options;
    const keep = deadLetterMaxAge > 0 ? { max, maxAgeMs: deadLetterMaxAge * 1000 } : { max };
    const { reason, outcome, attempts } = giving;
    if (!(await this.store.bury(this.queue, id, token, { reason, outcome, attempts, keep }))) return;
    this.count = Math.min(this.count + 1, max);
    // Only the store knows how many were too old. It has taken this one, so its failing to say so is no failure to bury.
    await this.refresh().catch(() => undefined);
  }

  /** Deletes those that are too old. @param now wall clock ms */
  async prune(now: number): Promise<void> {
    const { deadLetterMaxAge } = this.options;
    if (deadLetterMaxAge === 0 || this.count === 0) return;
    await pruneDeadLetters(this.store, this.queue, now - deadLetterMaxAge * 1000);
    await this.refresh();
  }

  /** Oldest first, after the id given. */
  async list(page: { after?: string; limit?: number } = {}): Promise<DeadLetter[]> {
    return deadLetterPage(this.store, this.queue, page);
  }

  /** Those of these ids, oldest first; wherever they are among the others. */
  async named(ids: readonly string[], page: { after?: string; limit?: number } = {}): Promise<DeadLetter[]> {
    const { limit = LONGEST_PAGE } = page;
    const wanted = new Set(ids);
    const found: DeadLetter[] = [];
    for (let after = page.after; found.length < limit; ) {
      const letters = await this.list(after === undefined ? {} : { after });
      found.push(...letters.filter(({ id }) => wanted.has(id)));
      if (letters.length < LONGEST_PAGE) break;
      after = letters.at(-1)?.id;
    }
    return found.slice(0, Math.min(limit, LONGEST_PAGE));
  }

  /** Puts them (all, or those named) back into the queue as new, spread in time. Resolves to how many. */
  async replay(ids?: readonly string[]): Promise<number> {
    const everyMs = this.options.drainRate > 0 ? 1000 / this.options.drainRate : REPLAY_EVERY_MS;
    const count = await this.store.replay(this.queue, ids, everyMs);
    await this.refresh();
    return count;
  }

  /** Deletes them (all, or those named). Resolves to how many. */
  async purge(ids?: readonly string[]): Promise<number> {
    const count = await this.store.purge(this.queue, ids);
    await this.refresh();
    return count;
  }
}
