import { digestBytes, digestFrom } from './digest';
import type { EventRow, HeldClaim } from './ledger';
import type { Row, Value } from './sqlite';

/** NUL ends a text in SQLite's interfaces, and half a surrogate pair is no UTF-8: such names are kept as JSON behind a mark. */
const MARK = '\u0001';

export function toText(name: string): string {
  return name.startsWith(MARK) || name.includes('\0') || /\p{Surrogate}/u.test(name)
    ? MARK + JSON.stringify(name)
    : name;
}

export function fromText(text: Value | undefined): string {
  const name = String(text);
  return name.startsWith(MARK) ? String(JSON.parse(name.slice(1))) : name;
}

/** Claims are read in a form that has six bytes for a time: from 1970, which a clock may be before, to the year 10889. */
const LATEST = 2 ** 48 - 1;

export function claimValues(claim: HeldClaim | undefined): Value[] {
  if (!claim) return [null, null, null, null];
  const time = (ms: number): number => Math.min(Math.max(0, Math.round(ms)), LATEST);
  return [claim.scope, digestBytes(claim.digest), time(claim.firstSeen), time(claim.until)];
}

function heldClaim(row: Row): HeldClaim | undefined {
  if (row.claim_scope === null || row.claim_scope === undefined) return undefined;
  return {
    scope: Number(row.claim_scope),
    digest: digestFrom(row.claim_digest as Uint8Array),
    firstSeen: Number(row.claim_first_seen),
    until: Number(row.claim_until),
  };
}

const HELD_COLUMNS = 'claim_scope, claim_digest, claim_first_seen, claim_until';
const EVENT_COLUMNS = `seq, queue, id, lane, due_at, enqueued_at, deliveries, ${HELD_COLUMNS}`;
const DEAD_COLUMNS = `seq, queue, id, lane, enqueued_at, buried_at, attempted_at, attempts, reason, outcome, ${HELD_COLUMNS}`;

/** What a row of an event and one of a dead letter have in common. */
export function identity(row: Row): Pick<EventRow, 'seq' | 'queue' | 'id' | 'lane' | 'enqueuedAt' | 'claim'> {
  return {
    seq: Number(row.seq),
    queue: Number(row.queue),
    id: fromText(row.id),
    lane: row.lane === null ? undefined : fromText(row.lane),
    enqueuedAt: Number(row.enqueued_at),
    claim: heldClaim(row),
  };
}

/** Every statement of the ledger, by what it does. */
export const SQL = {
  scopeAdded: 'INSERT INTO scopes VALUES (?, ?)',
  scopeDropped: 'DELETE FROM scopes WHERE id = ?',
  claimAdded: 'INSERT INTO claims VALUES (?, ?, ?, ?)',
  claimRemoved: 'DELETE FROM claims WHERE "row" = ?',
  claimsRemoved: 'DELETE FROM claims WHERE "row" BETWEEN ? AND ?',
  queueAdded: 'INSERT INTO queues VALUES (?, ?)',
  eventAdded: `INSERT INTO events (${EVENT_COLUMNS}, note, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  plainAdded:
    'INSERT INTO events (seq, queue, id, due_at, enqueued_at, deliveries, message) VALUES (?, ?, ?, ?, ?, ?, ?)',
  progressed:
    'INSERT INTO progress VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET due_at = ?2, deliveries = ?3, note = ?4',
  handedOut: `INSERT INTO progress SELECT seq, ?2, ?3, note FROM events WHERE seq = ?1
    ON CONFLICT DO UPDATE SET due_at = ?2, deliveries = ?3`,
  eventRemoved: 'DELETE FROM events WHERE seq = ?',
  progressRemoved: 'DELETE FROM progress WHERE seq = ?',
  eventDetached: 'UPDATE events SET claim_scope = NULL WHERE seq = ?',
  deadDetached: 'UPDATE dead_letters SET claim_scope = NULL WHERE seq = ?',
  buried: `INSERT INTO dead_letters (${DEAD_COLUMNS}, message)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, message FROM events WHERE seq = ?15`,
  deadRemoved: 'DELETE FROM dead_letters WHERE seq = ?',
  replayed: `INSERT INTO events (${EVENT_COLUMNS}, note, message)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, NULL, message FROM dead_letters WHERE seq = ?12`,
  message: `SELECT e.message, CASE WHEN p.seq IS NULL THEN e.note ELSE p.note END AS note
    FROM events e LEFT JOIN progress p ON p.seq = e.seq WHERE e.seq = ?`,
  deadMessage: 'SELECT message FROM dead_letters WHERE seq = ?',
  setMeta: 'INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = ?2',
  meta: 'SELECT value FROM meta WHERE name = ?',
  scopes: 'SELECT id, name FROM scopes',
  queues: 'SELECT id, name FROM queues',
  // One text for many rows is 3x faster than a row each; 35 bytes each, in hexadecimal.
  claims: `SELECT group_concat(line, '') AS lines, max("row") AS last FROM (
    SELECT "row", printf('%014x', "row") || hex(digest) || printf('%012x%012x', first_seen, until) AS line
    FROM claims WHERE "row" > ? ORDER BY "row" LIMIT 2000)`,
  events: `SELECT e.seq, queue, id, lane, enqueued_at, ${HELD_COLUMNS},
    coalesce(p.due_at, e.due_at) AS due_at, coalesce(p.deliveries, e.deliveries) AS deliveries,
    p.seq IS NOT NULL AS changed
    FROM events e LEFT JOIN progress p ON p.seq = e.seq WHERE e.seq > ? ORDER BY e.seq LIMIT 2000`,
  dead: `SELECT ${DEAD_COLUMNS} FROM dead_letters WHERE seq > ? ORDER BY seq LIMIT 2000`,
} as const;
