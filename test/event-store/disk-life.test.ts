import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createDiskStore } from '../../nodes/event-store/disk';
import { SharedStore } from '../../nodes/event-store/shared-store';
import type { EngineName } from '../../nodes/event-store/sqlite';
import type { Store } from '../../nodes/event-store/store';
import { FakeClock } from '../support/fake-clock';
import { eachEngine, engines, openDisk, scratch } from './kinds';

const scratchDirectory = scratch();
const MINUTE = 60_000;
const options = { leaseMs: MINUTE, windowMs: 60 * MINUTE };
const seen = { ...options, confirmed: true };

const state = async (store: Store, scope: string, key: string): Promise<string> =>
  (await store.claim(scope, key, options)).state;

/** Everything a store can hold, put in by `fill` and looked at by `check`. */
async function fill(store: Store, now: number): Promise<void> {
  await store.claim('s', 'done', seen);
  await store.claim('s', 'leased', options);
  await store.claim('odd \0 \ud800 name', '\0', seen);
  await store.enqueue('q', {
    id: 'waiting',
    message: { payload: Buffer.from([0, 255]), topic: '💧\0' },
    lane: 'l',
    dueAt: now,
  });
  await store.enqueue('q', { id: 'second', message: 2, lane: 'l', dueAt: now, note: { first: 1 } });
  await store.enqueue('q', { id: 'later', message: 3, dueAt: now + MINUTE });
  const { token } = await store.enqueue('q', { id: 'retried', message: 4, lease: true, note: 'old' });
  await store.reschedule('q', 'retried', token ?? '', now, { error: 'new' });
  await store.enqueue('q', { id: 'leased', message: 5, lease: true, lane: 'odd \0' });
  await store.accept('q', { id: 'accepted', message: 6, lease: true }, 's', 'accepted', options);
  const settled = await store.accept('q', { id: 'settled', message: 7, lease: true }, 's', 'settled', options);
  if (settled.state === 'first') await store.acknowledge('q', 'settled', settled.token ?? '');
  const dead = await store.accept('q', { id: 'dead', message: { dead: true }, lease: true }, 's', 'dead', options);
  if (dead.state === 'first') await store.bury('q', 'dead', dead.token ?? '', { reason: 'gave-up', outcome: '500' });
}

async function check(store: Store, now: number): Promise<void> {
  assert.equal(await state(store, 's', 'done'), 'done');
  assert.equal(await state(store, 's', 'leased'), 'first', 'an unconfirmed claim is free after opening');
  assert.equal(await state(store, 'odd \0 \ud800 name', '\0'), 'done');
  assert.equal(await state(store, 's', 'accepted'), 'pending');
  assert.equal(await state(store, 's', 'settled'), 'done');
  assert.equal(await state(store, 's', 'dead'), 'pending');
  assert.deepEqual(await store.counts('q').then(({ waiting, leased, dead }) => [waiting, leased, dead]), [6, 0, 1]);
  const events = await store.lease('q', 10);
  assert.deepEqual(
    events.map(({ id, message, deliveries, lane, note }) => ({ id, message, deliveries, lane, note })),
    [
      {
        id: 'waiting',
        message: { payload: Buffer.from([0, 255]), topic: '💧\0' },
        deliveries: 1,
        lane: 'l',
        note: undefined,
      },
      { id: 'retried', message: 4, deliveries: 2, lane: undefined, note: { error: 'new' } },
      { id: 'leased', message: 5, deliveries: 2, lane: 'odd \0', note: undefined },
      { id: 'accepted', message: 6, deliveries: 2, lane: undefined, note: undefined },
    ],
  );
  assert.equal(await store.nextDue('q'), now + MINUTE);
  await store.acknowledge('q', 'accepted', events[3]?.token ?? '');
  assert.equal(await state(store, 's', 'accepted'), 'done');
  await store.acknowledge('q', 'waiting', events[0]?.token ?? '');
  const [second] = await store.lease('q', 10);
  assert.deepEqual([second?.id, second?.note], ['second', { first: 1 }]);
  assert.equal(await store.replay('q'), 1);
  const [dead] = await store.lease('q', 10);
  assert.deepEqual([dead?.id, dead?.message, dead?.deliveries], ['dead', { dead: true }, 1]);
  await store.acknowledge('q', 'dead', dead?.token ?? '');
  assert.equal(await state(store, 's', 'dead'), 'done');
}

/** A process that writes and is killed. */
class Writer {
  readonly child: ChildProcess;
  readonly told = new Map<string, Set<number>>();
  readonly exited: Promise<unknown>;

  constructor(directory: string, engine: EngineName, first = 0) {
    this.child = fork(path.join(__dirname, 'fixtures', 'writer.js'), [directory, engine, String(first)]);
    this.exited = once(this.child, 'exit');
    this.child.on('message', ([what, id]: [string, number]) => {
      if (!this.told.has(what)) this.told.set(what, new Set());
      this.told.get(what)?.add(id);
    });
  }

  of(what: string): Set<number> {
    return this.told.get(what) ?? new Set();
  }

  async until(what: string, count: number): Promise<void> {
    while (this.of(what).size < count) await once(this.child, 'message');
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

eachEngine('the life of a disk store', (engine) => {
  it('keeps everything over a restart but leases', async () => {
    const clock = new FakeClock();
    const directory = scratchDirectory();
    const first = await openDisk({ directory, engine, clock });
    await fill(first, clock.now());
    await first.close();
    const second = await openDisk({ directory, engine, clock });
    await check(second, clock.now());
    await second.close();
  });

  it('lets windows run on over a restart, by the wall clock', async () => {
    const clock = new FakeClock();
    const directory = scratchDirectory();
    const first = await openDisk({ directory, engine, clock });
    await first.claim('s', 'k', seen);
    await first.close();
    clock.tick(59 * MINUTE);
    const second = await openDisk({ directory, engine, clock });
    assert.equal(await state(second, 's', 'k'), 'done');
    await second.close();
    clock.tick(MINUTE);
    const third = await openDisk({ directory, engine, clock });
    assert.equal(await state(third, 's', 'k'), 'first');
    await third.close();
  });

  const year = 365 * 24 * 60 * MINUTE;
  for (const [jump, back] of [
    [55 * year, 0],
    [-55 * year, 0],
    [55 * year, -55 * year],
    [-55 * year, 55 * year],
  ] as const) {
    it(`keeps claims over a restart when the clock jumped ${jump / year} years, then ${back / year}`, async () => {
      const clock = new FakeClock(Date.UTC(2030, 0, 1));
      const directory = scratchDirectory();
      const first = await openDisk({ directory, engine, clock });
      await first.claim('s', 'before', seen);
      clock.jump(jump);
      await first.claim('s', 'after', seen);
      await first.close();
      const second = await openDisk({ directory, engine, clock });
      assert.equal(await state(second, 's', 'before'), 'done');
      assert.equal(await state(second, 's', 'after'), 'done');
      clock.jump(back);
      assert.equal(await state(second, 's', 'before'), 'done');
      await second.claim('s', 'third', seen);
      await second.close();
      const third = await openDisk({ directory, engine, clock });
      for (const key of ['before', 'after', 'third']) assert.equal(await state(third, 's', key), 'done');
      clock.tick(61 * MINUTE);
      for (const key of ['before', 'after', 'third']) assert.equal(await state(third, 's', key), 'first');
      await third.close();
    });
  }

  for (const windowMs of [1e15, 1e18, 1e300, Number.POSITIVE_INFINITY]) {
    it(`keeps every key over a restart beside one with a window of ${windowMs} ms`, async () => {
      const clock = new FakeClock();
      const directory = scratchDirectory();
      const first = await openDisk({ directory, engine, clock });
      await first.claim('s', 'before', seen);
      await first.claim('s', 'for ever', { ...seen, windowMs });
      await first.claim('s', 'behind', seen);
      await first.close();
      const second = await openDisk({ directory, engine, clock });
      for (const key of ['before', 'for ever', 'behind']) assert.equal(await state(second, 's', key), 'done', key);
      await second.close();
    });
  }

  for (const dueAt of [1e16, 1e18, Number.POSITIVE_INFINITY]) {
    it(`opens again with an event that is due at ${dueAt}`, async () => {
      const directory = scratchDirectory();
      const first = await openDisk({ directory, engine });
      await first.enqueue('q', { id: 'new', message: 1, dueAt });
      const { token } = await first.enqueue('q', { id: 'old', message: 1, lease: true });
      await first.reschedule('q', 'old', token ?? '', dueAt);
      await first.close();
      const second = await openDisk({ directory, engine });
      assert.equal(await second.nextDue('q'), 8.64e15);
      assert.equal((await second.counts('q')).waiting, 2);
      await second.close();
    });
  }

  it('does what was called before close, and what was called before it was open', async () => {
    const directory = scratchDirectory();
    const clock = new FakeClock();
    const store = await openDisk({ directory, engine, clock });
    const under = Array.from({ length: 3000 }, (_, at) => store.enqueue('q', { id: `e${at}`, message: at }));
    const closed = store.close();
    await assert.rejects(store.counts('q'), { code: 'closed' });
    assert.equal((await Promise.all(under)).length, 3000);
    await closed;
    const again = await openDisk({ directory, engine, clock });
    assert.equal((await again.counts('q')).waiting, 3000);
    await again.close();
  });

  it('has forgotten what it was told to forget after a restart, and what was claimed anew is there', async () => {
    const directory = scratchDirectory();
    const clock = new FakeClock();
    const keys = Array.from({ length: 1000 }, (_, at) => `k${at}`);
    const store = await openDisk({ directory, engine, clock });
    await Promise.all(keys.map((key) => store.claim('s', key, seen)));
    await store.accept('q', { message: 1 }, 's', 'held', options);
    assert.equal(await store.forget('s'), 1001);
    await store.claim('s', 'k1', seen);
    await store.close();
    const again = await openDisk({ directory, engine, clock });
    assert.equal((await again.keys('s')).count, 1);
    for (const key of keys) assert.equal(await state(again, 's', key), key === 'k1' ? 'done' : 'first');
    assert.equal(await state(again, 's', 'held'), 'first');
    await again.close();
  });

  it('does not gather for what is asked while its last user leaves', async () => {
    const clock = new FakeClock();
    const shared = new SharedStore(createDiskStore({ directory: scratchDirectory(), engine, clock, commitMs: 10_000 }));
    const release = shared.acquire();
    await shared.store.ready;
    const under = shared.store.claim('s', 'under way', seen);
    // The clock stands still.
    await release();
    assert.equal((await under).state, 'first');
  });

  it('gathers for commitMs', async () => {
    const clock = new FakeClock();
    const store = await openDisk({ directory: scratchDirectory(), engine, clock, commitMs: 50 });
    let done = false;
    const enqueued = store.enqueue('q', { message: 1 }).then(() => {
      done = true;
    });
    await clock.pass(49, 7);
    assert.equal(done, false);
    clock.tick(1);
    await enqueued;
    await store.close();
  });

  it('loses nothing that resolved to kill -9', async function () {
    this.timeout(120_000);
    const directory = scratchDirectory();
    for (let round = 0; round < 3; round += 1) {
      const base = round * 1_000_000;
      const writer = new Writer(directory, engine, base);
      await writer.until('acknowledged', 300);
      await writer.kill();
      const store = await openDisk({ directory, engine, clock: new FakeClock(Date.now()) });
      for (const id of writer.of('claimed')) {
        assert.equal(await state(store, 'confirmed', `k${id}`), 'done');
        assert.equal(await state(store, 'leased', `k${id}`), 'first');
      }
      const waiting = new Set((await store.lease('waiting', 1_000_000)).map((event) => event.id));
      for (const id of writer.of('enqueued')) assert.ok(waiting.has(`e${id}`), `e${id} is lost`);
      const work = new Set((await store.lease('work', 1_000_000)).map((event) => event.id));
      for (const id of writer.of('accepted')) {
        if (writer.of('acknowledged').has(id)) {
          assert.ok(!work.has(`e${id}`), `e${id} was acknowledged`);
          assert.equal(await state(store, 'accepted', `k${id}`), 'done');
        } else assert.equal(await state(store, 'accepted', `k${id}`), work.has(`e${id}`) ? 'pending' : 'done');
        assert.ok(work.has(`e${id}`) || id % 2 === 0, `e${id} is lost`);
      }
      await store.close();
    }
  });

  it('takes a killed process over, and leaves a live one alone', async () => {
    const directory = scratchDirectory();
    const writer = new Writer(directory, engine);
    await writer.until('ready', 1);
    await assert.rejects(openDisk({ directory, engine }), (error: Error & { code: string }) => {
      assert.equal(error.code, 'locked');
      assert.match(error.message, new RegExp(`process ${writer.child.pid}`));
      return true;
    });
    await writer.kill();
    const store = await openDisk({ directory, engine });
    const second = new Writer(directory, engine);
    await second.until('locked', 1);
    await second.exited;
    await store.close();
    await (await openDisk({ directory, engine })).close();
  });
});

describe('a change of Node', () => {
  for (const [from, to] of [
    ['node', 'wasm'],
    ['wasm', 'node'],
  ] as const) {
    if (!engines.includes('node')) {
      it.skip(`opens a file of ${from} with ${to} (this Node has no node:sqlite)`);
      continue;
    }
    it(`opens a file of ${from} with ${to}, closed or killed`, async () => {
      const clock = new FakeClock(Date.now());
      const directory = scratchDirectory();
      const first = await openDisk({ directory, engine: from, clock });
      await fill(first, clock.now());
      await first.close();
      const second = await openDisk({ directory, engine: to, clock });
      await check(second, clock.now());
      await second.close();

      const killed = scratchDirectory();
      const writer = new Writer(killed, from);
      await writer.until('acknowledged', 20);
      await writer.kill();
      const third = await openDisk({ directory: killed, engine: to, clock });
      for (const id of writer.of('claimed')) assert.equal(await state(third, 'confirmed', `k${id}`), 'done');
      await third.close();
    });
  }
});
