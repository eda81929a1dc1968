import assert from 'node:assert/strict';
import { ClaimTable, NIL } from '../../nodes/event-store/claim-table';
import { type Digest, digestBytes, digestFrom, digestOf } from '../../nodes/event-store/digest';
import { createMemoryStore } from '../../nodes/event-store/memory';
import type { Store } from '../../nodes/event-store/store';
import { FakeClock } from '../support/fake-clock';
import { engines, openDisk, scratch } from './kinds';

const directory = scratch();
const MILLION = 1_000_000;
const seen = { leaseMs: 60_000, windowMs: 3_600_000, confirmed: true };

async function claimAll(store: Store, count: number): Promise<number> {
  let first = 0;
  for (let from = 0; from < count; from += 1000) {
    const claims = await Promise.all(
      Array.from({ length: 1000 }, (_, at) => store.claim('s', `device-${(from + at) % 97}/event-${from + at}`, seen)),
    );
    first += claims.filter(({ state }) => state === 'first').length;
  }
  return first;
}

describe('a million keys', function () {
  this.timeout(300_000);

  it('in memory: each is first once, then done, then gone', async () => {
    const clock = new FakeClock();
    const store = createMemoryStore({ clock });
    assert.equal(await claimAll(store, MILLION), MILLION);
    assert.equal(await claimAll(store, MILLION), 0);
    assert.deepEqual(await store.keys('s'), { count: MILLION, evicted: 0 });
    assert.equal(await store.forget('s'), MILLION);
    assert.equal(await claimAll(store, 10_000), 10_000);
    await store.close();
  });

  it('on disk: all are there after a restart, and leave when their time is over', async () => {
    const clock = new FakeClock();
    const options = { directory: directory(), engine: engines.at(-1) ?? 'wasm', clock } as const;
    const store = await openDisk(options);
    assert.equal(await claimAll(store, MILLION), MILLION);
    await store.close();
    const again = await openDisk(options);
    assert.deepEqual(await again.keys('s'), { count: MILLION, evicted: 0 });
    assert.equal(await claimAll(again, 50_000), 0);
    clock.tick(3_600_000);
    for (let minute = 0; minute < 60; minute += 1) {
      clock.tick(60_000);
      await again.keys('other');
    }
    assert.deepEqual(await again.keys('s'), { count: 0, evicted: 0 });
    await again.close();
  });
});

describe('the table of claims', () => {
  it('finds what is in it and nothing else, through growth and removal, also when keys collide', () => {
    const table = new ClaimTable(4);
    const slots = new Map<number, number>();
    // Words that differ only where the table does not look first: every key lands in one of three places.
    const digest = (at: number): Digest => [at % 3, 0, at, at >>> 1];
    for (let at = 0; at < 2000; at += 1) {
      slots.set(at, table.add(digest(at)));
      if (at % 5 === 0) {
        const gone = Math.floor(at / 2);
        const slot = slots.get(gone);
        if (slot !== undefined) table.remove(slot);
        slots.delete(gone);
      }
    }
    assert.equal(table.size, slots.size);
    for (let at = 0; at < 2000; at += 1) assert.equal(table.find(digest(at)), slots.get(at) ?? NIL);
  });

  it('keeps digests as bytes', () => {
    const digest = digestOf('salt', 'scope', 'key');
    assert.deepEqual(digestFrom(digestBytes(digest)), digest);
    assert.notDeepEqual(digestOf('other', 'scope', 'key'), digest);
    assert.notDeepEqual(digestOf('salt', 'scop', 'ekey'), digest);
  });
});
