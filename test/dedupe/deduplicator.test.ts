import assert from 'node:assert/strict';
import { Deduplicator } from '../../nodes/dedupe/deduplicator';
import type { Message } from '../../nodes/dedupe/key';
import { dedupeOptions } from '../../nodes/dedupe/options';
import { createMemoryStore } from '../../nodes/event-store/memory';
import { type Store, StoreError } from '../../nodes/event-store/store';
import type { Outcome, OutcomeTracker, TrackOptions } from '../../nodes/shared/outcome/contract';
import { FakeClock } from '../support/fake-clock';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A tracker whose outcomes the test decides. */
class DecidedTracker implements OutcomeTracker {
  readonly tracked: { msg: object; options: TrackOptions; cancelled: boolean }[] = [];
  readonly reported: [object, Outcome][] = [];
  constructor(readonly available = true) {}

  track(msg: object, _nodeId: string, _wired: boolean, options: TrackOptions): () => void {
    const entry = { msg, options, cancelled: false };
    this.tracked.push(entry);
    return () => {
      entry.cancelled = true;
    };
  }

  report(msg: object, outcome: Outcome): void {
    this.reported.push([msg, outcome]);
  }

  keeps(): void {}

  decide(index: number, outcome: Outcome): void {
    this.tracked[index]?.options.onOutcome(outcome);
  }
}

function bench(config: object, store?: (inner: Store) => Store, available = true) {
  const clock = new FakeClock();
  const log: string[] = [];
  const tracker = new DecidedTracker(available);
  const options = dedupeOptions(config);
  const inner = createMemoryStore({ clock });
  const dedupe = new Deduplicator(options, {
    store: store ? store(inner) : inner,
    scope: 's',
    clock,
    ...(options.confirm === 'success' && { following: { tracker, nodeId: 'n', wired: () => true } }),
    changed: () => undefined,
    troubled: (error) => log.push(`troubled ${(error as Error).message}`),
  });
  const messages: Message[] = [];
  const arrive = async (
    key: string,
    name = key,
    send = (_outputs: unknown[]): void => undefined,
    more: object = {},
  ): Promise<void> => {
    await dedupe.arrive(
      {
        msg: { name, _msgid: name, ...more },
        send: (outputs) => {
          const [first, duplicate] = outputs;
          messages.push((first ?? duplicate) as Message);
          log.push(
            first
              ? `first ${name}`
              : `${String((duplicate?.duplicate as { state?: string } | undefined)?.state)} ${name}`,
          );
          send(outputs);
        },
        done: (error) => log.push(error ? `error ${name}: ${error.message}` : `done ${name}`),
      },
      key,
    );
    await settled();
  };
  return { clock, log, tracker, dedupe, arrive, messages };
}

/** A store of which single operations are replaced. */
function altered(store: Store, changes: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name: keyof Store) {
      const member: unknown = changes[name] ?? target[name];
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

const failure: Outcome = { kind: 'failure', error: 'no' };

describe('dedupe: the life of a claim', () => {
  it('arrival: first, then duplicates until the window has passed', async () => {
    const { arrive, log, clock, messages, dedupe } = bench({ window: 10 });
    await arrive('a');
    clock.tick(9_000);
    await arrive('a');
    clock.tick(1_001);
    await arrive('a');
    assert.deepEqual(log, ['first a', 'done a', 'done a', 'done a', 'first a', 'done a']);
    assert.deepEqual(messages[1]?.duplicate, { key: 'a', state: 'done', firstSeen: Date.UTC(2026, 0, 1) });
    assert.deepEqual([dedupe.first, dedupe.duplicates], [2, 1]);
  });

  it('success: pending while at work, done after', async () => {
    const { arrive, log, tracker } = bench({ confirm: 'success' });
    await arrive('a', '1');
    await arrive('a', '2');
    tracker.decide(0, { kind: 'success' });
    await settled();
    await arrive('a', '3');
    assert.deepEqual(log, ['first 1', 'pending 2', 'done 2', 'done 1', 'done 3', 'done 3']);
  });

  it('failure: the key is free before whoever waits upstream is told and before done()', async () => {
    const order: string[] = [];
    const { arrive, log, tracker } = bench({ confirm: 'success' }, (inner) =>
      altered(inner, {
        release: async (...args) => {
          const result = await inner.release(...args);
          order.push('released');
          return result;
        },
      }),
    );
    tracker.report = (_msg, outcome) => order.push(`reported ${outcome.kind}`);
    await arrive('a', '1');
    tracker.decide(0, failure);
    await settled();
    assert.deepEqual(order, ['released', 'reported failure']);
    await arrive('a', '2');
    assert.deepEqual(log, ['first 1', 'done 1', 'first 2']);
  });

  describe('handed on again by webhook in while an earlier delivery has the key', () => {
    const again = { event: { redelivered: true } };
    const nothing = (): void => undefined;
    const begun = async (store?: (inner: Store) => Store) => {
      const all = bench({ confirm: 'success', lease: 60 }, store);
      await all.arrive('a', '1');
      await all.arrive('a', '2', nothing, again);
      await all.clock.pass(120_000, 500);
      assert.deepEqual(all.log, ['first 1']);
      return all;
    };

    it('waits, and is a duplicate when that one has succeeded', async () => {
      const { log, tracker, clock } = await begun();
      tracker.decide(0, { kind: 'success' });
      await settled();
      await clock.pass(500);
      await settled();
      assert.deepEqual(log, ['first 1', 'done 1', 'done 2', 'done 2']);
    });

    it('waits, and is the first when that one has failed', async () => {
      const { log, tracker, clock } = await begun();
      tracker.decide(0, failure);
      await settled();
      await clock.pass(500);
      await settled();
      assert.deepEqual(log, ['first 1', 'done 1', 'first 2']);
    });

    it('waits for the lease where the store could not free the key', async () => {
      const { log, tracker, clock } = await begun((inner) =>
        altered(inner, { release: async () => Promise.reject(new StoreError('full', 'full')) }),
      );
      tracker.decide(0, failure);
      await settled();
      await clock.pass(61_000, 500);
      await settled();
      assert.deepEqual(log, ['first 1', 'troubled full', 'done 1', 'first 2']);
    });

    it('fails where somebody else keeps the key', async () => {
      const { log, clock, arrive } = bench({ confirm: 'success', lease: 60 }, (inner) =>
        altered(inner, { claim: async () => ({ state: 'pending', firstSeen: 0 }) }),
      );
      await arrive('a', '1', nothing, again);
      await clock.pass(119_000, 500);
      assert.deepEqual(log, []);
      await clock.pass(2000, 500);
      assert.deepEqual(log, ['error 1: an earlier delivery of this event still holds its key']);
    });

    it('does not wait for itself', async () => {
      const { log, arrive } = bench({ confirm: 'success' });
      await arrive('a', '1', nothing, again);
      await arrive('a', '1', nothing, again);
      assert.deepEqual(log, ['first 1', 'pending 1', 'done 1']);
    });

    it('is dropped when the node closes: webhook in hears that its way has ended', async () => {
      const { log, dedupe, clock } = await begun();
      await dedupe.close();
      assert.equal(clock.pending, 0);
      assert.deepEqual(log, ['first 1']);
    });
  });

  it('the lease is extended while the flow is at work, and only then', async () => {
    const { arrive, log, tracker, clock } = bench({ confirm: 'success', lease: 3 });
    await arrive('a', '1');
    await clock.pass(60_000, 500);
    await arrive('a', '2');
    assert.deepEqual(log.splice(0), ['first 1', 'pending 2', 'done 2']);
    tracker.decide(0, { kind: 'success' });
    await settled();
    assert.equal(clock.pending <= 1, true);
    await clock.pass(5_000, 500);
    assert.equal(clock.pending, 0);
  });

  it('without hooks the key is free after the lease', async () => {
    const { arrive, log, tracker } = bench({ confirm: 'success', lease: 3 }, undefined, false);
    await arrive('a', '1');
    assert.equal(tracker.tracked[0]?.options.timeoutMs, 3000);
    tracker.decide(0, { kind: 'timeout' });
    await settled();
    await arrive('a', '2');
    assert.deepEqual(log, ['first 1', 'done 1', 'first 2']);
  });

  it('what it follows is a copy, so that its tag is not that of the message held', async () => {
    const { arrive, tracker, messages } = bench({ confirm: 'success' });
    await arrive('a');
    assert.equal(tracker.tracked[0]?.msg, messages[0]);
    tracker.decide(0, failure);
    await settled();
    assert.notEqual(tracker.reported[0]?.[0], messages[0]);
  });

  it('a store that fails: an error that can be caught, and the message goes nowhere', async () => {
    let broken = true;
    const { arrive, log, dedupe } = bench({}, (inner) =>
      altered(inner, {
        claim: (...args) => (broken ? Promise.reject(new StoreError('full', 'disk full')) : inner.claim(...args)),
      }),
    );
    await arrive('a', '1');
    assert.deepEqual(log.splice(0), ['error 1: disk full']);
    assert.equal(dedupe.trouble, 'disk full');
    broken = false;
    await arrive('a', '2');
    assert.deepEqual(log, ['first 2', 'done 2']);
    assert.equal(dedupe.trouble, undefined);
  });

  it('a confirmation that fails is made up for', async () => {
    let broken = true;
    const { arrive, log, tracker, clock } = bench({ confirm: 'success', lease: 3 }, (inner) =>
      altered(inner, {
        confirm: (...args) => (broken ? Promise.reject(new StoreError('full', 'disk full')) : inner.confirm(...args)),
      }),
    );
    await arrive('a', '1');
    tracker.decide(0, { kind: 'success' });
    await settled();
    assert.deepEqual(log.splice(0), ['first 1', 'troubled disk full', 'done 1']);
    broken = false;
    await clock.pass(2_000, 500);
    await clock.pass(60_000, 500);
    await arrive('a', '2');
    assert.deepEqual(log.slice(-2), ['done 2', 'done 2']);
  });

  it('a message that cannot be sent frees its key', async () => {
    const { arrive, log } = bench({ confirm: 'success' });
    await arrive('a', '1', () => {
      throw new RangeError('too deep');
    });
    await settled();
    await arrive('a', '2');
    assert.deepEqual(log, ['first 1', 'error 1: too deep', 'first 2']);
  });

  it('closing frees what is at work and tells nobody', async () => {
    const { arrive, log, tracker, dedupe } = bench({ confirm: 'success' });
    await arrive('a', '1');
    await dedupe.close();
    assert.equal(tracker.tracked[0]?.cancelled, true);
    assert.deepEqual(log, ['first 1']);
  });

  for (const confirm of ['arrival', 'success']) {
    it(`a key claimed while the node closes is free, because its message was never sent (${confirm})`, async () => {
      let shared: Store | undefined;
      const { arrive, log, dedupe } = bench({ confirm }, (inner) => {
        shared = inner;
        return inner;
      });
      const late = arrive('a', '1');
      await dedupe.close();
      await late;
      assert.deepEqual(log, []);
      assert.equal((await shared?.keys('s'))?.count, 0);
    });
  }

  it('flows that never end do not fill the memory', async () => {
    const { arrive, log, tracker } = bench({ confirm: 'success', maxKeys: 2 });
    for (const name of ['a', 'b', 'c']) await arrive(name);
    assert.deepEqual(log, ['first a', 'first b', 'first c', 'done a']);
    assert.deepEqual(tracker.reported[0]?.[1], { kind: 'timeout' });
  });

  it('forgets one key or all', async () => {
    const { arrive, log, dedupe } = bench({});
    await arrive('a', '1');
    await arrive('b', '2');
    assert.equal(await dedupe.forget('a'), 1);
    await arrive('a', '3');
    await arrive('b', '4');
    assert.equal(await dedupe.forget(), 2);
    await arrive('b', '5');
    assert.deepEqual(
      log.filter((line) => line.startsWith('first')),
      ['first 1', 'first 2', 'first 3', 'first 5'],
    );
  });
});
