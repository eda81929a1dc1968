import assert from 'node:assert/strict';
import { Feed } from '../../nodes/event-store/feed';
import { createMemoryStore } from '../../nodes/event-store/memory';
import type { LeasedEvent, Store } from '../../nodes/event-store/store';
import type { Clock } from '../../nodes/shared/clock';
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

  /** Looks at an event that is due in 10 ms. */
  async function notYetDue({ behindMs = 0, passMs = 0 }) {
    const clock = new FakeClock();
    const storeClock: Clock = {
      now: () => clock.now() - behindMs,
      monotonic: () => clock.monotonic(),
      after: (ms, callback) => clock.after(ms, callback),
    };
    const store = createMemoryStore({ clock: storeClock });
    await store.enqueue('q', { message: { n: 1 }, dueAt: clock.now() + 10 });
    const taken: unknown[] = [];
    let looks = 0;
    const slow: Store = Object.create(store, {
      lease: {
        value: async (queue: string, limit: number) => {
          looks += 1;
          return store.lease(queue, limit);
        },
      },
      nextDue: {
        value: async (queue: string) => {
          clock.tick(passMs);
          return store.nextDue(queue);
        },
      },
    });
    const feed = new Feed({
      store: slow,
      queue: 'q',
      clock,
      room: () => 1 - taken.length,
      waitMs: () => 0,
      take: ({ message }) => taken.push(message),
      problem: assert.ifError,
    });
    feed.changed();
    await settled();
    return {
      clock,
      taken,
      looks: () => looks,
      close: async () => {
        await feed.close();
        await store.close();
      },
    };
  }

  it('what falls due between "none is due" and "when is the next one" does not wait for long', async () => {
    const { clock, taken, close } = await notYetDue({ passMs: 10 });
    await clock.pass(1);
    assert.deepEqual(taken, [{ n: 1 }]);
    await close();
  });

  it('a store whose clock is behind is asked again soon, but not over and over', async () => {
    const { clock, taken, looks, close } = await notYetDue({ behindMs: 100 });
    await clock.pass(200, 1);
    assert.deepEqual(taken, [{ n: 1 }]);
    assert.ok(looks() < 20, `${looks()} looks`);
    await close();
  });
});
