import type { LeasedEvent } from '../event-store/store';

/** What the store keeps beside a waiting event, so that counting goes on after a restart. */
export interface Note {
  /** When the message arrived, wall clock ms. A replayed dead letter has no note and starts anew. */
  firstAt: number;
  /** Attempts made so far. */
  sent: number;
  /** Attempts that failed; the limit counts these, not the ones a redeploy or a crash cut short. */
  failed: number;
  /** The store's deliveries when this note was written. */
  deliveries: number;
  lastError?: string;
}

/** How far an event has come at the moment it is handed out. */
export interface Progress {
  firstAt: number;
  /** The number of the attempt that is due now. */
  attempt: number;
  failed: number;
  deliveries: number;
  /** How often in a row it was handed out and the process ended before an outcome was known. */
  interrupted: number;
  lastError?: string;
}

/** The note of a message that has just arrived. */
export const firstNote = (now: number): Note => ({ firstAt: now, sent: 0, failed: 0, deliveries: 0 });

function isNote(value: unknown): value is Note {
  if (typeof value !== 'object' || value === null) return false;
  const note = value as Record<string, unknown>;
  return ['firstAt', 'sent', 'failed', 'deliveries'].every((name) => Number.isFinite(note[name]));
}

/**
 * Reads where an event stands. The store counts every hand-out durably before it resolves, so the ones the note does not know of
 * ended with the process: they were attempts, but nobody knows how they fared.
 */
export function progressOf(event: Pick<LeasedEvent, 'note' | 'deliveries'>, now: number): Progress {
  const note = isNote(event.note) ? event.note : firstNote(now);
  const interrupted = Math.max(0, event.deliveries - note.deliveries - 1);
  const progress: Progress = {
    firstAt: note.firstAt,
    attempt: note.sent + interrupted + 1,
    failed: note.failed,
    deliveries: event.deliveries,
    interrupted,
  };
  if (note.lastError !== undefined) progress.lastError = note.lastError;
  return progress;
}

/** The note after a failed attempt. */
export function noteAfterFailure(progress: Progress, lastError: string): Note {
  const { firstAt, attempt, failed, deliveries } = progress;
  return { firstAt, sent: attempt, failed: failed + 1, deliveries, lastError };
}

/** The note of an attempt that the node's closing cut short: made, but not failed. */
export function noteAfterClose(progress: Progress): Note {
  const { firstAt, attempt, failed, deliveries, lastError } = progress;
  const note: Note = { firstAt, sent: attempt, failed, deliveries };
  return lastError === undefined ? note : { ...note, lastError };
}
