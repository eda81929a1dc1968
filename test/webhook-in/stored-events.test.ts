import assert from 'node:assert/strict';
import { createMemoryStore } from '../../nodes/event-store/memory';
import { type Store, StoreError, type StoreErrorCode } from '../../nodes/event-store/store';
import type { Outcome } from '../../nodes/shared/outcome/contract';
import type { EventMessage } from '../../nodes/webhook-in/message';
import { FLOW_TIMEOUT_MS, redeliveryDelayMs } from '../../nodes/webhook-in/stored-delivery';
import { StoredEvents } from '../../nodes/webhook-in/stored-events';
import type { StoredOptions } from '../../nodes/webhook-in/stored-ports';
import { FakeClock } from '../support/fake-clock';

const QUEUE = 'webhook-in:hook';
const DAY = 86_400_000;
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const fails: Outcome = { kind: 'failure', error: 'no' };
const succeeds: Outcome = { kind: 'success' };

const message = (payload: unknown, id?: string, source?: string): EventMessage =>
  ({
    payload,
    topic: 't',
    event: { ...(id !== undefined && { id }), ...(source && { source }), receivedAt: 'now' },
    webhook: { path: '/', method: 'POST', params: {}, query: {}, headers: {}, address: '::1', scheme: 'none' },
  }) as unknown as EventMessage;

/** A store whose operations fail while `code` is set. */
function breakable(store: Store): { store: Store; fail: (code?: StoreErrorCode, only?: string) => void } {
  let failing: { code: StoreErrorCode; only: string | undefined } | undefined;
  const listeners = new Set<(problem: string | undefined) => void>();
  const proxy = new Proxy(store, {
    get(target, name) {
      if (name === 'onProblem')
        return (listener: (problem: string | undefined) => void) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        };
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (failing && (!failing.only || failing.only === name))
          return Promise.reject(new StoreError(failing.code, `the disk says ${failing.code}`));
        return (value as (...given: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  return {
    store: proxy,
    fail: (code, only) => {
      failing = code && { code, only };
      for (const listener of listeners) listener(code);
    },
  };
}

class Bench {
  readonly clock = new FakeClock();
  readonly memory = createMemoryStore({ clock: this.clock });
  readonly breakable = breakable(this.memory);
  readonly handed: { message: EventMessage; settled: (outcome: Outcome) => void; stopped: boolean }[] = [];
  readonly gaveUp: [payload: unknown, detail: string][] = [];
  flowing = true;
  /** Decides at once how a delivery fares; undefined = the test will. */
  flow: (message: EventMessage) => Outcome | undefined = () => undefined;
  queue: StoredEvents;

  constructor(readonly options: Partial<StoredOptions> = {}) {
    this.queue = this.open();
  }

  open(store: Store = this.breakable.store): StoredEvents {
    const options = { redeliveries: 5, redeliveryBaseMs: 1000, maxInFlight: 256, maxBacklog: 10_000, ...this.options };
    return new StoredEvents(store, QUEUE, options, this.clock, {
      flowing: () => this.flowing,
      changed: () => undefined,
      deliver: (handed, settled) => {
        const entry = { message: structuredClone(handed), settled, stopped: false };
        this.handed.push(entry);
        const outcome = this.flow(handed);
        if (outcome) queueMicrotask(() => settled(outcome));
        return () => {
          entry.stopped = true;
        };
      },
      gaveUp: ({ payload }, detail) => this.gaveUp.push([payload, detail]),
    });
  }

  async started(): Promise<this> {
    this.queue.start();
    await settle();
    return this;
  }

  async accept(...messages: EventMessage[]): Promise<string> {
    const refused = this.queue.room(messages.length) ?? (await this.queue.accept(messages));
    await settle();
    return refused ? refused.reason : 'stored';
  }

  get payloads(): unknown[] {
    return this.handed.map((entry) => entry.message.payload);
  }

  async done(index: number, outcome: Outcome = succeeds): Promise<void> {
    this.handed[index]?.settled(outcome);
    await settle();
  }

  async counts(): Promise<[waiting: number, leased: number, dead: number]> {
    const { waiting, leased, dead } = await this.memory.counts(QUEUE);
    return [waiting, leased, dead];
  }
}

describe('stored events', () => {
  it('are handed on at once and leave the store when the flow is done with them', async () => {
    const bench = await new Bench().started();
    assert.equal(await bench.accept(message(1), message(2)), 'stored');
    assert.deepEqual(bench.payloads, [1, 2]);
    assert.equal(bench.handed[0]?.message.event.redelivered, undefined);
    assert.deepEqual(await bench.counts(), [0, 2, 0]);
    await bench.done(1);
    await bench.done(0);
    assert.deepEqual(await bench.counts(), [0, 0, 0]);
    assert.deepEqual(bench.queue.counts, { waiting: 0, atWork: 0 });
  });

  it('are not handed on before the flows have started, nor while they stop', async () => {
    const bench = new Bench();
    assert.equal(await bench.accept(message('early')), 'stored');
    assert.deepEqual(bench.payloads, []);
    await bench.started();
    assert.deepEqual(bench.payloads, ['early']);
    bench.flowing = false;
    assert.equal(await bench.accept(message('between')), 'stored');
    await bench.done(0, fails);
    await bench.clock.pass(120_000, 1000);
    assert.deepEqual(bench.payloads, ['early']);
    bench.flowing = true;
    bench.queue.start();
    await settle();
    assert.deepEqual(bench.payloads, ['early', 'between', 'early']);
  });

  it('that were leased just as the flows stopped are given back, uncounted', async () => {
    const bench = await new Bench({ redeliveries: 0 }).started();
    const lease = bench.memory.lease.bind(bench.memory);
    bench.memory.lease = async (...args) => {
      const leased = await lease(...args);
      bench.flowing = false;
      return leased;
    };
    await bench.memory.enqueue(QUEUE, { message: message('x') });
    bench.queue.start();
    await settle();
    assert.deepEqual(bench.payloads, []);
    bench.memory.lease = lease;
    bench.flowing = true;
    bench.queue.start();
    await settle();
    assert.deepEqual(bench.payloads, ['x']);
  });

  it('of an earlier run are handed on first, in order', async () => {
    const bench = new Bench({ maxInFlight: 2 });
    for (const n of [1, 2, 3]) await bench.memory.enqueue(QUEUE, { message: message(n) });
    bench.queue.start();
    assert.equal(await bench.accept(message(4)), 'stored');
    for (let n = 0; n < 4; n += 1) await bench.done(n);
    assert.deepEqual(bench.payloads, [1, 2, 3, 4]);
    assert.deepEqual(await bench.counts(), [0, 0, 0]);
  });

  it('are at work at most maxInFlight at once, however they come', async () => {
    const bench = await new Bench({ maxInFlight: 3 }).started();
    let most = 0;
    let atWork = 0;
    bench.flow = (handed) => {
      atWork += 1;
      most = Math.max(most, atWork);
      const at = bench.handed.findIndex((entry) => entry.message.payload === handed.payload);
      bench.clock.after(1 + (Number(handed.payload) % 7), () => {
        atWork -= 1;
        bench.handed[at]?.settled(succeeds);
      });
      return undefined;
    };
    for (let n = 0; n < 100; n += 4) {
      void bench.accept(...[n, n + 1, n + 2, n + 3].map((payload) => message(payload, `e${payload}`)));
      bench.clock.tick(n % 3);
    }
    for (let ms = 0; ms < 500; ms += 1) await bench.clock.pass(1);
    await settle();
    assert.equal(bench.handed.length, 100);
    assert.equal(new Set(bench.payloads).size, 100);
    assert.equal(most, 3);
    assert.deepEqual(await bench.counts(), [0, 0, 0]);
  });

  it('more than one lease holds are all handed on', async () => {
    const bench = new Bench({ maxInFlight: 1000 });
    for (let n = 0; n < 700; n += 1) await bench.memory.enqueue(QUEUE, { message: message(n) });
    await bench.started();
    await settle();
    assert.deepEqual(
      bench.payloads,
      Array.from({ length: 700 }, (_, n) => n),
    );
    assert.deepEqual(bench.queue.counts, { waiting: 0, atWork: 700 });
  });

  describe('a failing flow', () => {
    it('is tried again with a doubling delay, then the event is a dead letter and is told', async () => {
      const bench = await new Bench({ redeliveries: 3, redeliveryBaseMs: 1000 }).started();
      bench.flow = () => fails;
      const at: number[] = [];
      const start = bench.clock.monotonic();
      const flow = bench.flow;
      bench.flow = (handed) => {
        at.push(bench.clock.monotonic() - start);
        return flow(handed);
      };
      await bench.accept(message('x', 'id'));
      for (let n = 0; n < 200; n += 1) await bench.clock.pass(100);
      assert.deepEqual(at, [0, 1000, 3000, 7000]);
      assert.deepEqual(
        bench.handed.map((entry) => entry.message.event.redelivered),
        [undefined, true, true, true],
      );
      assert.deepEqual(bench.gaveUp, [['x', 'no']]);
      assert.deepEqual(await bench.counts(), [0, 0, 1]);
      const [letter] = await bench.queue.deadLetters.list();
      assert.equal(letter?.deadLetterReason, 'gave-up');
      assert.equal(letter?.deliveryAttempts, 4);
      assert.equal(letter?.lastDeliveryOutcome, 'no');
      assert.deepEqual(letter?.message, message('x', 'id'), 'as it came');
    });

    it('delays: doubling, as asked, never above an hour', () => {
      const cases: [base: number, failed: number, asked: number | undefined, ms: number][] = [
        [1000, 1, undefined, 1000],
        [1000, 4, undefined, 8000],
        [1000, 1, 5000, 5000],
        [1000, 4, 5000, 8000],
        [1000, 40, undefined, 3_600_000],
        [1000, 1, 86_400_000, 3_600_000],
        [0, 9, undefined, 0],
      ];
      for (const [base, failed, asked, ms] of cases) assert.equal(redeliveryDelayMs(base, failed, asked), ms);
    });

    it('with redeliveries 0 is not tried again', async () => {
      const bench = await new Bench({ redeliveries: 0 }).started();
      await bench.accept(message('x'));
      await bench.done(0, fails);
      assert.deepEqual(bench.gaveUp, [['x', 'no']]);
    });

    it('does not keep others waiting, nor from going straight to the flow', async () => {
      const bench = await new Bench().started();
      await bench.accept(message('bad'));
      await bench.done(0, fails);
      await bench.accept(message('good'));
      assert.deepEqual(bench.payloads, ['bad', 'good']);
      assert.deepEqual(await bench.counts(), [1, 1, 0]);
    });

    it('that never says it is done has failed after the timeout of its tracking', async () => {
      const bench = await new Bench({ redeliveries: 0 }).started();
      await bench.accept(message('x'));
      await bench.done(0, { kind: 'timeout' });
      assert.match(bench.gaveUp[0]?.[1] ?? '', new RegExp(`${FLOW_TIMEOUT_MS / 1000} s`));
    });

    it('that throws while it is handed an event has failed with it', async () => {
      const bench = await new Bench({ redeliveries: 1, redeliveryBaseMs: 10 }).started();
      bench.flow = () => {
        throw new Error('too deep to clone');
      };
      assert.equal(await bench.accept(message('x')), 'stored');
      await bench.clock.pass(100, 10);
      assert.deepEqual(bench.gaveUp, [['x', 'too deep to clone']]);
    });

    it('says it once: what it says later does not count', async () => {
      const bench = await new Bench({ redeliveryBaseMs: 10 }).started();
      await bench.accept(message('x'));
      await bench.done(0, fails);
      await bench.done(0, succeeds);
      await bench.clock.pass(100, 10);
      assert.deepEqual(bench.payloads, ['x', 'x']);
      await bench.done(0, succeeds);
      assert.deepEqual(await bench.counts(), [0, 1, 0]);
    });
  });

  it('whose flow ends Node-RED every time become dead letters, counted before they are handed on', async () => {
    const bench = new Bench({ redeliveries: 2 });
    const { memory } = bench;
    await memory.enqueue(QUEUE, { message: message('poison') });
    for (let run = 0; run < 5; run += 1) {
      bench.queue = bench.open();
      await bench.started();
      // What a crash leaves: counted, and free.
      const leased = bench.queue.atWork > 0;
      if (leased) await crash(memory);
    }
    assert.deepEqual(bench.payloads, ['poison', 'poison', 'poison']);
    assert.deepEqual(bench.gaveUp, [['poison', 'Node-RED ended while the flow was at work']]);
    assert.deepEqual(await bench.counts(), [0, 0, 1]);
    assert.equal((await bench.queue.deadLetters.list())[0]?.deliveryAttempts, 4);
  });

  describe('duplicates', () => {
    it('are stored once, while the first is at work, waits, is done or is a dead letter', async () => {
      const bench = await new Bench({ redeliveries: 1, redeliveryBaseMs: 1000 }).started();
      const again = (): Promise<string> => bench.accept(message('again', 'a', '/s'));
      await bench.accept(message('first', 'a', '/s'));
      assert.equal(await again(), 'stored');
      await bench.done(0, fails);
      assert.equal(await again(), 'stored');
      await bench.clock.pass(1000);
      await settle();
      await bench.done(1, fails);
      assert.deepEqual(bench.gaveUp, [['first', 'no']]);
      assert.equal(await again(), 'stored');
      assert.deepEqual(bench.payloads, ['first', 'first']);
      await bench.queue.replay();
      await settle();
      await bench.done(2);
      assert.equal(await again(), 'stored');
      assert.deepEqual(bench.payloads, ['first', 'first', 'first']);
      assert.deepEqual(bench.queue.counts, { waiting: 0, atWork: 0 });
    });

    it('within one request count once', async () => {
      const bench = await new Bench().started();
      await bench.accept(message(1, 'a'), message(2, 'a'), message(3, 'b'));
      assert.deepEqual(bench.payloads, [1, 3]);
    });

    it('are told by source and id; events without an id are never duplicates', async () => {
      const bench = await new Bench().started();
      await bench.accept(message(1, 'a', '/x'), message(2, 'a', '/y'), message(3, 'a'), message(4), message(4));
      assert.deepEqual(bench.payloads, [1, 2, 3, 4, 4]);
    });

    it('leave after 96 hours', async () => {
      const bench = await new Bench().started();
      bench.flow = () => succeeds;
      await bench.accept(message(1, 'a'));
      assert.deepEqual(await bench.memory.keys(QUEUE), { count: 1, evicted: 0 });
      bench.clock.tick(4 * DAY + 1);
      await bench.accept(message(2, 'a'));
      assert.deepEqual(bench.payloads, [1, 2]);
      bench.clock.tick(4 * DAY + 1);
      assert.deepEqual(await bench.memory.keys(QUEUE), { count: 0, evicted: 0 });
    });

    it('take the place of nobody: one that was to go straight leaves it to the next', async () => {
      const bench = await new Bench({ maxInFlight: 1 }).started();
      await bench.accept(message(1, 'a'));
      await bench.done(0);
      await Promise.all([bench.accept(message(2, 'a')), bench.accept(message(3, 'b'))]);
      assert.deepEqual(bench.payloads, [1, 3]);
    });
  });

  describe('the backlog', () => {
    it('is full at maxBacklog, with a Retry-After from how fast the flow gets events done', async () => {
      const bench = await new Bench({ maxBacklog: 4, maxInFlight: 2 }).started();
      const retryAfter = (n: number): string | undefined => bench.queue.room(n)?.headers?.['Retry-After'];
      assert.equal(retryAfter(5), '60', 'nothing done yet: as if one a minute were');
      await bench.accept(message(1), message(2), message(3), message(4));
      assert.equal(await bench.accept(message(5)), 'overloaded');
      assert.equal(bench.queue.room(1)?.status, 503);
      await bench.clock.pass(10_000);
      await bench.done(0);
      await bench.done(1);
      assert.equal(retryAfter(2), undefined);
      assert.equal(retryAfter(3), '5', '2 in 10 s, and 1 too many');
      assert.equal(retryAfter(10), '40');
      await bench.clock.pass(50_000);
      assert.equal(retryAfter(3), '30', '2 in the last minute');
      await bench.clock.pass(60_000);
      assert.equal(retryAfter(1000), '3600');
    });

    it('counts what is being stored, what waits for a redelivery, and what an earlier run left', async () => {
      const bench = new Bench({ maxBacklog: 3 });
      await bench.memory.enqueue(QUEUE, { message: message('old') });
      await bench.started();
      await bench.done(0, fails);
      const storing = bench.queue.accept([message(1), message(2)]);
      assert.equal(bench.queue.room(1)?.reason, 'overloaded');
      await storing;
      assert.equal(bench.queue.room(1)?.reason, 'overloaded');
      await settle();
      await bench.done(1);
      assert.equal(bench.queue.room(1), undefined);
      assert.equal(bench.queue.room(2)?.reason, 'overloaded');
    });

    it('notices what others do in the store', async () => {
      const bench = await new Bench({ redeliveries: 0 }).started();
      await bench.accept(message('x'));
      await bench.done(0, fails);
      await bench.memory.replay(QUEUE);
      await bench.clock.pass(60_000);
      await settle();
      assert.deepEqual(bench.payloads, ['x', 'x']);
      assert.deepEqual(bench.queue.counts, { waiting: 0, atWork: 1 });
    });
  });

  describe('a store in trouble', () => {
    for (const code of ['full', 'io', 'damaged', 'missing'] as const) {
      it(`${code}: store-failed, nothing is handed on, and it goes on by itself afterwards`, async () => {
        const bench = await new Bench().started();
        bench.breakable.fail(code);
        assert.equal(await bench.accept(message(1, 'a'), message(2)), 'store-failed');
        const refusal = await bench.queue.accept([message(1, 'a')]);
        assert.deepEqual([refusal?.status, refusal?.headers], [503, { 'Retry-After': '10' }]);
        assert.deepEqual(bench.payloads, []);
        bench.breakable.fail();
        assert.equal(await bench.accept(message(1, 'a'), message(2)), 'stored');
        assert.deepEqual(bench.payloads, [1, 2]);
        assert.deepEqual(bench.queue.counts, { waiting: 0, atWork: 2 });
      });
    }

    it('does not lose the verdict of a flow', async () => {
      const bench = await new Bench({ redeliveryBaseMs: 10 }).started();
      await bench.accept(message('good'), message('bad'), message('ugly'));
      bench.breakable.fail('full');
      await bench.done(0);
      await bench.done(1, fails);
      assert.equal(bench.queue.atWork, 3);
      await bench.clock.pass(5000, 100);
      assert.deepEqual(await bench.counts(), [0, 3, 0]);
      bench.breakable.fail();
      await bench.clock.pass(20_000, 100);
      assert.deepEqual(bench.payloads, ['good', 'bad', 'ugly', 'bad']);
      assert.deepEqual(await bench.counts(), [0, 2, 0]);
    });

    it('at the start is asked again until it works', async () => {
      const bench = new Bench({ maxBacklog: 600, maxInFlight: 300 });
      for (let n = 0; n < 500; n += 1) await bench.memory.enqueue(QUEUE, { message: message(n) });
      bench.breakable.fail('io');
      await bench.started();
      await bench.clock.pass(3000, 100);
      assert.deepEqual(bench.payloads, []);
      bench.breakable.fail();
      await bench.clock.pass(20_000, 100);
      assert.equal(bench.handed.length, 300);
      assert.deepEqual(bench.queue.counts, { waiting: 200, atWork: 300 });
      bench.flow = () => succeeds;
      for (let n = 0; n < 300; n += 1) bench.handed[n]?.settled(succeeds);
      await bench.clock.pass(1000, 100);
      assert.equal(bench.handed.length, 500);
      assert.deepEqual(await bench.counts(), [0, 0, 0]);
    });

    it('that refuses the burial keeps the event until it takes it', async () => {
      const bench = await new Bench({ redeliveries: 0 }).started();
      await bench.accept(message('x'));
      bench.breakable.fail('full', 'bury');
      await bench.done(0, fails);
      assert.deepEqual(bench.gaveUp, []);
      bench.breakable.fail();
      await bench.clock.pass(2000, 100);
      assert.deepEqual(bench.gaveUp, [['x', 'no']]);
    });

    it('whose leases ended with its thread: what the flow still works on is not handed on twice', async () => {
      const bench = await new Bench().started();
      await bench.accept(message(1), message(2));
      await crash(bench.memory);
      // One is done before the store is known to work again, the other after.
      bench.breakable.fail('io');
      await bench.done(0);
      bench.breakable.fail();
      await settle();
      await bench.clock.pass(5000, 100);
      await bench.done(1);
      assert.deepEqual(bench.payloads, [1, 2]);
      assert.deepEqual(await bench.counts(), [0, 0, 0]);
      assert.deepEqual(bench.queue.counts, { waiting: 0, atWork: 0 });
    });

    it('a message the store cannot keep is refused for good, not asked for again', async () => {
      const bench = await new Bench().started();
      let deep: unknown = [];
      for (let level = 0; level < 63; level += 1) deep = [deep];
      assert.equal(await bench.accept(message(deep)), 'body-too-deep');
      assert.equal(await bench.accept(message(1)), 'stored');
    });
  });

  describe('closing', () => {
    it('gives back what is at work: the next node hands it on again, uncounted, before what waited', async () => {
      const bench = await new Bench({ redeliveries: 1, maxInFlight: 2 }).started();
      await bench.accept(message(1), message(2), message(3));
      for (let deploy = 0; deploy < 5; deploy += 1) {
        await bench.queue.close();
        assert.deepEqual(await bench.counts(), [3, 0, 0]);
        bench.queue = bench.open();
        await bench.started();
      }
      assert.deepEqual(bench.payloads.slice(0, 6), [1, 2, 1, 2, 1, 2]);
      assert.deepEqual(
        bench.handed.map((entry) => entry.message.event.redelivered),
        [undefined, undefined, ...Array.from({ length: 10 }, () => true)],
      );
      assert.ok(bench.handed.slice(0, 10).every(({ stopped }) => stopped));
      for (let n = 10; n < 13; n += 1) await bench.done(n);
      assert.deepEqual(bench.payloads.slice(10), [1, 2, 3]);
      assert.deepEqual(await bench.counts(), [0, 0, 0]);
      assert.deepEqual(bench.gaveUp, []);
    });

    it('keeps count of failures across deploys', async () => {
      const bench = await new Bench({ redeliveries: 1, redeliveryBaseMs: 10 }).started();
      await bench.accept(message('x'));
      await bench.done(0, fails);
      await bench.queue.close();
      bench.queue = bench.open();
      await bench.started();
      await bench.clock.pass(100, 10);
      await bench.queue.close();
      bench.queue = bench.open();
      await bench.started();
      await bench.done(2, fails);
      assert.deepEqual(bench.payloads, ['x', 'x', 'x']);
      assert.deepEqual(bench.gaveUp, [['x', 'no']]);
    });

    it('refuses what comes later, hears nothing any more and leaves no timer', async () => {
      const bench = await new Bench({ redeliveries: 0 }).started();
      await bench.accept(message('x'));
      await bench.queue.close();
      await bench.done(0, fails);
      assert.deepEqual(bench.gaveUp, []);
      const refusal = await bench.queue.accept([message('y')]);
      assert.deepEqual([refusal?.reason, refusal?.headers], ['redeploying', { 'Retry-After': '2' }]);
      bench.queue.start();
      await settle();
      assert.deepEqual(bench.payloads, ['x']);
      assert.equal(bench.clock.pending, 0);
    });

    it('waits for what is being stored, and that is not lost', async () => {
      const bench = await new Bench().started();
      const storing = bench.queue.accept([message('x')]);
      await bench.queue.close();
      assert.equal(await storing, undefined);
      assert.deepEqual(await bench.counts(), [1, 0, 0]);
      assert.deepEqual(bench.payloads, []);
    });

    it('ends although the disk is full', async () => {
      const bench = await new Bench().started();
      await bench.accept(message('x'));
      bench.breakable.fail('full');
      await bench.done(0);
      await bench.queue.close();
      assert.equal(bench.clock.pending, 0);
    });
  });

  describe('dead letters', () => {
    it('are replayed as new, purged, and free their id then', async () => {
      const bench = await new Bench({ redeliveries: 0 }).started();
      await bench.accept(message(1, 'a'), message(2, 'b'));
      await bench.done(0, fails);
      await bench.done(1, fails);
      const [one] = await bench.queue.deadLetters.list();
      assert.equal(await bench.queue.replay([one?.id as string]), 1);
      await settle();
      assert.deepEqual(bench.payloads, [1, 2, 1]);
      await bench.done(2);
      assert.equal(await bench.queue.purge(), 1);
      await bench.accept(message(3, 'a'), message(4, 'b'));
      assert.deepEqual(bench.payloads, [1, 2, 1, 4]);
      assert.deepEqual(bench.queue.counts, { waiting: 0, atWork: 1 });
    });

    it('are at most 10,000; the oldest leave', async function () {
      this.timeout(20_000);
      const bench = await new Bench({ redeliveries: 0, maxBacklog: 100_000 }).started();
      bench.flow = () => fails;
      for (let n = 0; n < 10_010; n += 455) {
        await bench.queue.accept(Array.from({ length: 455 }, (_, at) => message(n + at)));
        await settle();
      }
      await bench.clock.pass(1000, 100);
      assert.deepEqual(await bench.counts(), [0, 0, 10_000]);
      const [oldest] = await bench.queue.deadLetters.list({ limit: 1 });
      assert.deepEqual(oldest?.message, message(10));
    });

    it('leave after 30 days, also where none is added', async () => {
      const bench = await new Bench({ redeliveries: 0 }).started();
      bench.flow = () => fails;
      for (let n = 0; n < 120; n += 1) await bench.accept(message(n));
      bench.clock.tick(DAY);
      await bench.accept(message('young'));
      bench.clock.tick(29 * DAY + 1000);
      await bench.clock.pass(2 * 3_600_000, 60_000);
      const left = await bench.queue.deadLetters.list();
      assert.deepEqual(
        left.map((letter) => (letter.message as EventMessage).payload),
        ['young'],
      );
    });
  });
});

/** What is left of leases when the process that held them is gone: the deliveries stay counted. */
async function crash(store: Store): Promise<void> {
  const { leased } = await store.counts(QUEUE);
  await store.releaseLeases(QUEUE);
  const again = await store.lease(QUEUE, leased);
  await Promise.all(again.map((event) => store.reschedule(QUEUE, event.id, event.token, event.dueAt)));
}
