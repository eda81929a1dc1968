import assert from 'node:assert/strict';
import { Feed } from '../../nodes/event-store/feed';
import { createMemoryStore } from '../../nodes/event-store/memory';
import type { LeasedEvent } from '../../nodes/event-store/store';
import { FakeClock } from '../support/fake-clock';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the feed of a queue', () => {
  it('does not fall asleep where the pace allows the next event between two looks at the clock', async () => {
    const clock = new FakeClock();
    const store = createMemoryStore({ clock });
    await store.enqueue('q', { message: { n: 1 } });
    const taken: LeasedEvent[] = [];
    let looks = 0;
    const feed = new Feed({
      store,
      queue: 'q',
      clock,
      room: () => {
        looks += 1;
        return looks === 1 ? 0 : 1;
      },
      waitMs: () => 0,
      take: (event) => taken.push(event),
      problem: assert.ifError,
    });
    feed.changed();
    await settled();
    assert.deepEqual(
      taken.map(({ message }) => message),
      [{ n: 1 }],
    );
    await feed.close();
    await store.close();
  });

  it('waits for the time that is named, and for whoever frees a place where none is', async () => {
    const clock = new FakeClock();
    const store = createMemoryStore({ clock });
    for (const n of [1, 2]) await store.enqueue('q', { message: { n } });
    const taken: unknown[] = [];
    let room = 0;
    let wait = 100;
    const feed = new Feed({
      store,
      queue: 'q',
      clock,
      room: () => room,
      waitMs: () => wait,
      take: ({ message }) => {
        taken.push(message);
        room -= 1;
      },
      problem: assert.ifError,
    });
    feed.changed();
    await settled();
    assert.deepEqual(taken, []);
    room = 1;
    wait = 0;
    await clock.pass(100);
    await settled();
    assert.deepEqual(taken, [{ n: 1 }]);
    room = 1;
    feed.pump();
    await settled();
    assert.deepEqual(taken, [{ n: 1 }, { n: 2 }]);
    await feed.close();
    await store.close();
  });
});
