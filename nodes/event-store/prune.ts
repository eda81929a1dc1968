import type { Store } from './store';

/** How often it is worth looking for dead letters that have become too old, milliseconds. */
export const PRUNE_EVERY_MS = 3_600_000;
/** Messages in the heap at once while old ones are looked for. */
const PAGE = 50;

/**
 * Deletes a queue's dead letters that were last handed out before `eldest` (wall clock ms), also where none has been added since:
 * burying one drops old ones, but a quiet node buries none.
 */
export async function pruneDeadLetters(store: Store, queue: string, eldest: number): Promise<void> {
  const before = new Date(eldest).toISOString();
  for (;;) {
    const page = await store.deadLetters(queue, { limit: PAGE });
    // Last handed out at most moments before it was buried.
    const old = page.filter(({ lastDeliveryAttemptTime }) => lastDeliveryAttemptTime < before).map(({ id }) => id);
    if (old.length > 0) await store.purge(queue, old);
    if (old.length < PAGE) return;
  }
}
