import { ROWS_PER_SCOPE } from './claim-slots';
import { digestFrom } from './digest';
import { type ClaimRow, type DeadRow, type EventRow, KEEP, type Ledger } from './ledger';
import { claimValues, fromText, identity, SQL, toText } from './sql';
import type { Database, Row, Statement, Value } from './sqlite';

/** Statements are prepared on first use. */
function statements<Name extends string>(database: Database, sql: Record<Name, string>): (name: Name) => Statement {
  const prepared = new Map<Name, Statement>();
  return (name) => {
    let statement = prepared.get(name);
    if (!statement) {
      statement = database.prepare(sql[name]);
      prepared.set(name, statement);
    }
    return statement;
  };
}

/** The ledger of a disk store. A transaction begins by itself with the first change and ends with `commit` or `rollback`. */
export class SqlLedger implements Ledger {
  readonly #database: Database;
  readonly #statement: (name: keyof typeof SQL) => Statement;
  #open = false;
  /** Per scope, up to which row claims have left in this transaction: one range each, at its end. */
  readonly #gone = new Map<number, number>();

  constructor(database: Database) {
    this.#database = database;
    this.#statement = statements(database, SQL);
  }

  /** Whether something was changed since the last commit. */
  get changed(): boolean {
    return this.#open;
  }

  commit(): void {
    if (!this.#open) return;
    this.#leave();
    this.#database.exec('COMMIT');
    this.#open = false;
  }

  rollback(): void {
    this.#gone.clear();
    if (!this.#open) return;
    this.#open = false;
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // SQLite has rolled back by itself, as it does on a full disk.
    }
  }

  scopeAdded(id: number, name: string): void {
    // The number may have belonged to a scope whose rows leave in this transaction.
    this.#leave();
    this.#run('scopeAdded', id, toText(name));
  }

  scopeDropped(id: number): void {
    this.#run('scopeDropped', id);
  }

  claimAdded(claim: ClaimRow): void {
    const [, ...values] = claimValues(claim);
    this.#run('claimAdded', claim.row, ...values);
  }

  claimRemoved(row: number): void {
    this.#run('claimRemoved', row);
  }

  claimsRemovedUpTo(scope: number, row: number): void {
    this.#begin();
    this.#gone.set(scope, row);
  }

  queueAdded(id: number, name: string): void {
    this.#run('queueAdded', id, toText(name));
  }

  eventAdded(event: EventRow, message: string, note: string | undefined): void {
    const { seq, queue, id, dueAt, enqueuedAt, deliveries, lane, claim } = event;
    // Most events are plain; binding six values less is a third of the time that one takes in the WebAssembly engine.
    if (lane === undefined && claim === undefined && note === undefined)
      this.#run('plainAdded', seq, queue, toText(id), dueAt, Math.round(enqueuedAt), deliveries, message);
    else this.#run('eventAdded', ...this.#eventValues(event), note ?? null, message);
  }

  eventChanged(seq: number, dueAt: number, deliveries: number, note: string | undefined | typeof KEEP): void {
    if (note === KEEP) this.#run('handedOut', seq, dueAt, deliveries);
    else this.#run('progressed', seq, dueAt, deliveries, note ?? null);
  }

  eventRemoved(seq: number, changed: boolean): void {
    this.#run('eventRemoved', seq);
    if (changed) this.#run('progressRemoved', seq);
  }

  claimDetached(seq: number, dead: boolean): void {
    this.#run(dead ? 'deadDetached' : 'eventDetached', seq);
  }

  eventBuried(event: number, changed: boolean, dead: DeadRow): void {
    const { seq, queue, id, lane, enqueuedAt, buriedAt, attemptedAt, attempts, reason, outcome, claim } = dead;
    const names = [toText(id), lane === undefined ? null : toText(lane)];
    const values = [Math.round(enqueuedAt), Math.round(buriedAt), Math.round(attemptedAt), attempts];
    const texts = [toText(reason), toText(outcome)];
    this.#run('buried', seq, queue, ...names, ...values, ...texts, ...claimValues(claim), event);
    this.eventRemoved(event, changed);
  }

  deadRemoved(seq: number): void {
    this.#run('deadRemoved', seq);
  }

  deadReplayed(dead: number, event: EventRow): void {
    this.#run('replayed', ...this.#eventValues(event), dead);
    this.#run('deadRemoved', dead);
  }

  message(seq: number): { message: string; note: string | undefined } {
    const [row] = this.#statement('message').all(seq);
    return { message: String(row?.message), note: row?.note === null ? undefined : String(row?.note) };
  }

  deadMessage(seq: number): string {
    return String(this.#statement('deadMessage').all(seq)[0]?.message);
  }

  meta(name: string): Value | undefined {
    return this.#statement('meta').all(name)[0]?.value;
  }

  setMeta(name: string, value: Value): void {
    this.#run('setMeta', name, value);
  }

  scopes(): { id: number; name: string }[] {
    return this.#statement('scopes')
      .all()
      .map((row) => ({ id: Number(row.id), name: fromText(row.name) }));
  }

  queues(): { id: number; name: string }[] {
    return this.#statement('queues')
      .all()
      .map((row) => ({ id: Number(row.id), name: fromText(row.name) }));
  }

  *claims(): Generator<ClaimRow> {
    for (let last = 0; ; ) {
      const [page] = this.#statement('claims').all(last);
      if (typeof page?.lines !== 'string') return;
      const bytes = Buffer.from(page.lines, 'hex');
      last = Number(page.last);
      for (let at = 0; at + 35 <= bytes.length; at += 35) {
        const row = bytes.readUIntBE(at, 1) * 2 ** 48 + bytes.readUIntBE(at + 1, 6);
        const digest = digestFrom(bytes.subarray(at + 7, at + 23));
        const firstSeen = bytes.readUIntBE(at + 23, 6);
        const until = bytes.readUIntBE(at + 29, 6);
        yield { row, scope: Math.floor(row / ROWS_PER_SCOPE), digest, firstSeen, until };
      }
    }
  }

  *events(): Generator<EventRow> {
    for (const row of this.#pages('events'))
      yield {
        ...identity(row),
        dueAt: Number(row.due_at),
        deliveries: Number(row.deliveries),
        changed: row.changed === 1,
      };
  }

  *dead(): Generator<DeadRow> {
    for (const row of this.#pages('dead')) {
      yield {
        ...identity(row),
        buriedAt: Number(row.buried_at),
        attemptedAt: Number(row.attempted_at),
        attempts: Number(row.attempts),
        reason: fromText(row.reason),
        outcome: fromText(row.outcome),
      };
    }
  }

  *#pages(name: 'events' | 'dead'): Generator<Row> {
    for (let last = -1; ; ) {
      const rows = this.#statement(name).all(last);
      yield* rows;
      if (rows.length === 0) return;
      last = Number(rows.at(-1)?.seq);
    }
  }

  #eventValues(event: EventRow): Value[] {
    const { seq, queue, id, lane, dueAt, enqueuedAt, deliveries, claim } = event;
    const names = [toText(id), lane === undefined ? null : toText(lane)];
    return [seq, queue, ...names, dueAt, Math.round(enqueuedAt), deliveries, ...claimValues(claim)];
  }

  #leave(): void {
    for (const [scope, row] of this.#gone) this.#run('claimsRemoved', scope * ROWS_PER_SCOPE, row);
    this.#gone.clear();
  }

  #run(name: keyof typeof SQL, ...values: Value[]): void {
    this.#begin();
    this.#statement(name).run(...values);
  }

  #begin(): void {
    if (this.#open) return;
    this.#database.exec('BEGIN IMMEDIATE');
    this.#open = true;
  }
}
