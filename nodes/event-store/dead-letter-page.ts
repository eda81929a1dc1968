import type { DeadLetter, Store } from './store';

/** The most dead letters that a store gives at once. */
export const LONGEST_PAGE = 1000;

/** A queue's dead letters, oldest first, after the id given; from 1 to `LONGEST_PAGE` of them, by default as many as it may be. */
export function deadLetterPage(
  store: Store,
  queue: string,
  { after, limit = LONGEST_PAGE }: { after?: string; limit?: number },
): Promise<DeadLetter[]> {
  const most = Math.max(1, Math.min(limit, LONGEST_PAGE));
  return store.deadLetters(queue, after === undefined ? { limit: most } : { after, limit: most });
}
