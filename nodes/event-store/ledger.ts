import type { Digest } from './digest';

/** A key that counts as seen, as it is kept through a restart. */
export interface ClaimRow {
  row: number;
  scope: number;
  digest: Digest;
  /** Wall clock ms. */
  firstSeen: number;
  /** Store time ms (timeline.ts). */
  until: number;
}

/** The claim that an event holds while it is in a queue or among the dead letters. */
export type HeldClaim = Omit<ClaimRow, 'row'>;

export interface EventRow {
  seq: number;
  queue: number;
  id: string;
  lane: string | undefined;
  dueAt: number;
  enqueuedAt: number;
  deliveries: number;
  claim: HeldClaim | undefined;
  /** Whether eventChanged was ever called for it. */
  changed: boolean;
}

export interface DeadRow {
  seq: number;
  queue: number;
  id: string;
  lane: string | undefined;
  enqueuedAt: number;
  buriedAt: number;
  attemptedAt: number;
  attempts: number;
  reason: string;
  outcome: string;
  claim: HeldClaim | undefined;
}

/**
 * Where the core writes down what has to outlive it, one call a change, within a transaction that its owner opens and commits;
 * and where messages (as text) are kept, so that the core holds none in memory.
 */
export interface Ledger {
  scopeAdded(id: number, name: string): void;
  /** The scope's name is free again; its rows leave by `claimsRemovedUpTo`. */
  scopeDropped(id: number): void;
  claimAdded(claim: ClaimRow): void;
  claimRemoved(row: number): void;
  /** Every row of the scope up to this one. */
  claimsRemovedUpTo(scope: number, row: number): void;

  queueAdded(id: number, name: string): void;
  eventAdded(event: EventRow, message: string, note: string | undefined): void;
  /** Due time, deliveries and, unless `keepNote`, the note. */
  eventChanged(seq: number, dueAt: number, deliveries: number, note: string | undefined | typeof KEEP): void;
  /** `changed`: whether eventChanged was ever called for it. */
  eventRemoved(seq: number, changed: boolean): void;
  /** The claim of an event (or a dead letter) was forgotten. */
  claimDetached(seq: number, dead: boolean): void;
  /** Moves an event to the dead letters under a new number. */
  eventBuried(event: number, changed: boolean, dead: DeadRow): void;
  deadRemoved(seq: number): void;
  /** Moves a dead letter back into its queue under a new number. */
  deadReplayed(dead: number, event: EventRow): void;

  message(seq: number): { message: string; note: string | undefined };
  deadMessage(seq: number): string;
}

/** Leave the note as it is. */
export const KEEP = Symbol('keep');
