import assert from 'node:assert/strict';
import path from 'node:path';
import fc from 'fast-check';
import { type ArrivalParts, Core } from '../../nodes/event-store/core';
import { openFile } from '../../nodes/event-store/schema';
import { SqlLedger } from '../../nodes/event-store/sql-ledger';
import type { Database } from '../../nodes/event-store/sqlite';
import { StoreError } from '../../nodes/event-store/store';
import { scratch } from './kinds';

const directory = scratch();
const OPTIONS = { leaseMs: 100, windowMs: 500 };

/** A core on a file, with the tokens it gave out by what they hold: those of two cores differ. */
class Rig {
  readonly database: Database;
  readonly ledger: SqlLedger;
  readonly core: Core;
  tokens = new Map<string, string>();
  time = 1000;

  constructor(file: string) {
    this.database = openFile(file, 'wasm');
    this.ledger = new SqlLedger(this.database);
    this.core = new Core(this.ledger, { transactional: true, salt: 'salt', opening: 'o' });
  }

  run(step: Step): unknown {
    this.core.now = { wall: this.time, t: this.time };
    try {
      return step(this);
    } catch (error) {
      assert.ok(error instanceof StoreError, String(error));
      return error.code;
    }
  }

  commit(): void {
    this.ledger.commit();
    this.core.undo.forget();
  }

  rollback(): void {
    this.ledger.rollback();
    this.core.undo.rollback();
  }

  token(of: string): string {
    return this.tokens.get(of) ?? 'none';
  }

  /** Everything there is to see, tokens left out. */
  dump(): unknown {
    this.core.now = { wall: this.time, t: this.time };
    // Numbers of rows, scopes and queues follow counters that a rollback does not turn back.
    const rows = ['scopes', 'claims', 'queues', 'events', 'progress', 'dead_letters'].map((table) =>
      this.database
        .prepare(`SELECT * FROM ${table}`)
        .all()
        .map(({ seq: _seq, row: _row, queue: _queue, claim_scope: held, id, ...row }) => ({
          ...row,
          held: held !== null,
          id: typeof id === 'string' ? id : undefined,
        })),
    );
    const claims = ['a', 'b', 'c'].map((key) => this.core.claim('s', key, { leaseMs: 1, windowMs: 1 }).state);
    const queue = [this.core.counts('q'), this.core.nextDue('q'), this.core.keys('s')];
    const leased = this.core.lease('q', 100).map(({ token: _token, ...event }) => event);
    const dead = this.core.deadLetters('q', undefined, 100);
    this.rollback();
    return { rows, claims, queue, leased, dead };
  }
}

type Step = (rig: Rig) => unknown;

const key = fc.constantFrom('a', 'b', 'c');
const id = fc.constantFrom('1', '2', '3', '4');
const lane = fc.constantFrom(undefined, 'x');
const arrival = (event: string, l: string | undefined, lease: boolean, now: number): ArrivalParts => [
  event,
  `"${event}"`,
  undefined,
  now,
  l,
  lease,
];

const keep = (rig: Rig, name: string, given: object | string): unknown => {
  const got = typeof given === 'string' ? { token: given } : given;
  const { token, ...rest } = got as { token?: string };
  if (token) rig.tokens.set(name, token);
  return { ...rest, given: Boolean(token) };
};

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(key, fc.boolean(), fc.constantFrom(undefined, 2)).map(
    ([k, confirmed, maxKeys]): Step =>
      (rig) =>
        keep(rig, k, rig.core.claim('s', k, { ...OPTIONS, confirmed, ...(maxKeys ? { maxKeys } : {}) })),
  ),
  key.map(
    (k): Step =>
      (rig) =>
        rig.core.confirm('s', k, rig.token(k)),
  ),
  key.map(
    (k): Step =>
      (rig) =>
        rig.core.release('s', k, rig.token(k)),
  ),
  key.map(
    (k): Step =>
      (rig) =>
        rig.core.extend('s', k, rig.token(k), 300),
  ),
  fc.option(key, { nil: undefined }).map(
    (k): Step =>
      (rig) =>
        rig.core.forget('s', k),
  ),
  fc.tuple(id, lane, fc.boolean()).map(
    ([i, l, lease]): Step =>
      (rig) =>
        keep(rig, i, rig.core.enqueue('q', ...arrival(i, l, lease, rig.time))),
  ),
  fc.tuple(id, key, lane).map(
    ([i, k, l]): Step =>
      (rig) =>
        keep(rig, i, rig.core.accept('q', 's', k, OPTIONS, ...arrival(i, l, true, rig.time))),
  ),
  fc.integer({ min: 1, max: 3 }).map(
    (limit): Step =>
      (rig) =>
        rig.core.lease('q', limit).map(({ token, ...event }) => keep(rig, event.id, { ...event, token })),
  ),
  id.map(
    (i): Step =>
      (rig) =>
        rig.core.acknowledge('q', i, rig.token(i)),
  ),
  id.map(
    (i): Step =>
      (rig) =>
        rig.core.reschedule('q', i, rig.token(i), rig.time + 20, '"note"'),
  ),
  id.map(
    (i): Step =>
      (rig) =>
        rig.core.bury('q', i, rig.token(i), { reason: 'r', outcome: 'o', keep: { max: 2 } }),
  ),
  fc.constant<Step>((rig) => rig.core.releaseLeases('q')),
  fc.constant<Step>((rig) => rig.core.replay('q', undefined, 5)),
  fc.constant<Step>((rig) => rig.core.purge('q', undefined)),
  fc.constant<Step>((rig) => rig.core.sweep(10)),
  fc.constantFrom(1, 60, 300).map(
    (ms): Step =>
      (rig) => {
        rig.time += ms;
      },
  ),
);

const steps = fc.array(step, { maxLength: 25 });

describe('a transaction that fails', () => {
  it('leaves no trace, in the file or in memory', () => {
    let files = 0;
    const where = directory();
    fc.assert(
      fc.property(steps, steps, steps, (before, failed, after) => {
        files += 1;
        const [rig, plain] = ['a', 'b'].map((name) => new Rig(path.join(where, `${files}${name}.sqlite`))) as [
          Rig,
          Rig,
        ];
        try {
          for (const each of before) assert.deepEqual(rig.run(each), plain.run(each));
          rig.commit();
          plain.commit();
          const { time } = rig;
          const tokens = new Map(rig.tokens);
          for (const each of failed) rig.run(each);
          rig.rollback();
          rig.time = time;
          rig.tokens = tokens;
          assert.deepEqual(rig.dump(), plain.dump());
          for (const each of after) assert.deepEqual(rig.run(each), plain.run(each));
          rig.commit();
          plain.commit();
          assert.deepEqual(rig.dump(), plain.dump());
        } finally {
          rig.database.close();
          plain.database.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});
