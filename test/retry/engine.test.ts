import assert from 'node:assert/strict';
import { createMemoryStore } from '../../nodes/event-store/memory';
import { type Store, StoreError } from '../../nodes/event-store/store';
import { obey } from '../../nodes/retry/commands';
import type { Custody, Message } from '../../nodes/retry/delivery';
import { Engine } from '../../nodes/retry/engine';
import { type RetryConfig, readOptions } from '../../nodes/retry/options';
import { type Clock, neverBack } from '../../nodes/shared/clock';
import type { Outcome } from '../../nodes/shared/outcome/contract';
import { FakeClock } from '../support/fake-clock';

interface Sent {
  message: Message & { retry: { id: string; attempt: number; firstAt: string; lastError?: string } };
  outcome(outcome: Outcome): void;
  settling(): void;
  cancelled: boolean;
}

const SUCCESS: Outcome = { kind: 'success' };
const FAILURE: Outcome = { kind: 'failure', error: 'boom' };
const settle = async (): Promise<void> => {
  for (let n = 0; n < 5; n += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** An engine over a real store in memory, whose attempts the test settles by hand. */
class Bench {
  readonly clock: FakeClock;
  /** What engine and store go by, as in the product. */
  readonly dueClock: Clock;
  readonly store: Store;
  readonly sent: Sent[] = [];
  readonly gaveUp: Message[] = [];
  readonly succeeded: Message[] = [];
  readonly done: unknown[] = [];
  readonly problems: unknown[] = [];
  readonly custody: Map<string, Custody>;
  readonly engine: Engine;
  /** What an attempt's outcome is when it is sent; undefined = the test says so later. */
  answer: (sent: Sent) => Outcome | undefined = () => undefined;

  constructor(config: RetryConfig = {}, from?: Bench, store?: Store) {
    this.clock = from?.clock ?? new FakeClock();
    this.dueClock = from?.dueClock ?? neverBack(this.clock);
    this.store = store ?? from?.store ?? createMemoryStore({ clock: this.dueClock });
    this.custody = from?.custody ?? new Map();
    let ids = from ? 1000 : 0;
    this.engine = new Engine({
      store: this.store,
      queue: 'q',
      options: readOptions({ jitter: 0, ...config }).options,
      clock: this.dueClock,
      random: () => 0.5,
      newId: () => {
        ids += 1;
        return `n.${ids}`;
      },
      owns: (id) => id.startsWith('n.'),
      lane: (message) => message.lane as string | undefined,
      custody: this.custody,
      changed: () => undefined,
      problem: (error) => this.problems.push(error),
      delivery: {
        copy: (message) => structuredClone(message) as Message,
        attempt: (message, heard) => {
          const sent = { message, ...heard, cancelled: false } as Sent;
          this.sent.push(sent);
          const outcome = this.answer(sent);
          if (outcome) queueMicrotask(() => heard.outcome(outcome));
          return () => {
            sent.cancelled = true;
          };
        },
        gaveUp: (message) => this.gaveUp.push(message),
        succeeded: (message) => this.succeeded.push(message),
      },
    });
    this.engine.setFlowing(true);
  }

  async accept(...messages: Message[]): Promise<void> {
    for (const message of messages) await this.engine.accept(message, () => this.done.push(message.n));
    await settle();
  }

  async pass(ms: number): Promise<void> {
    this.clock.tick(ms);
    await settle();
  }

  get last(): Sent {
    return this.sent.at(-1) as Sent;
  }

  numbers(): unknown[] {
    return this.sent.map(({ message }) => message.n);
  }
}

const each = (count: number): Message[] => Array.from({ length: count }, (_, n) => ({ n }));

describe('retry: engine', () => {
  it('sends at once, and completes the incoming message when it has succeeded', async () => {
    const bench = new Bench();
    await bench.accept({ n: 1, payload: 'x' });
    assert.equal(bench.sent.length, 1);
    assert.deepEqual(bench.last.message, {
      n: 1,
      payload: 'x',
      retry: { id: 'n.1', attempt: 1, attempts: 10, firstAt: '2026-01-01T00:00:00.000Z' },
    });
    assert.deepEqual(bench.done, []);
    bench.last.outcome(SUCCESS);
    await settle();
    assert.deepEqual(bench.done, [1]);
    assert.deepEqual(
      bench.succeeded.map(({ n }) => n),
      [1],
    );
    assert.deepEqual(bench.engine.counts, { waiting: 0, inFlight: 0, dead: 0, breaker: 'closed', paused: false });
    assert.equal((await bench.store.counts('q')).waiting, 0);
  });

  it('tries again with a fresh copy after each failure, until it succeeds', async () => {
    const bench = new Bench();
    await bench.accept({ n: 1, payload: { deep: 'as it arrived' } });
    for (const [index, wait] of [1000, 2000, 4000].entries()) {
      (bench.last.message.payload as { deep: string }).deep = 'changed downstream';
      bench.last.outcome(FAILURE);
      await settle();
      assert.equal(bench.engine.counts.waiting, 1);
      await bench.pass(wait - 1);
      assert.equal(bench.sent.length, index + 1, `not before ${wait} ms`);
      await bench.pass(1);
      assert.equal(bench.sent.length, index + 2, `after ${wait} ms`);
      assert.deepEqual(bench.last.message.payload, { deep: 'as it arrived' });
      assert.deepEqual([bench.last.message.retry.attempt, bench.last.message.retry.lastError], [index + 2, 'boom']);
    }
    bench.last.outcome(SUCCESS);
    await settle();
    assert.deepEqual(bench.done, [1]);
    assert.deepEqual(bench.gaveUp, []);
  });

  it('gives up after the last attempt: dead letter, output 2, and the incoming message is complete', async () => {
    const bench = new Bench({ attempts: 2 });
    await bench.accept({ n: 1 });
    bench.last.outcome(FAILURE);
    await settle();
    await bench.pass(1000);
    bench.last.outcome({ kind: 'failure', error: 'still', statusCode: 503 });
    await settle();
    const info = {
      deadLetterReason: 'attempts-exhausted',
      deliveryAttempts: 2,
      lastDeliveryOutcome: '503 still',
      publishTime: '2026-01-01T00:00:00.000Z',
      lastDeliveryAttemptTime: '2026-01-01T00:00:01.000Z',
    };
    assert.deepEqual(bench.gaveUp, [{ n: 1, deadLetter: info }]);
    assert.deepEqual(bench.done, [1]);
    assert.deepEqual(await bench.engine.deadLetters.list(), [{ id: 'n.1', message: { n: 1 }, ...info }]);
    assert.equal(bench.engine.counts.dead, 1);
  });

  it('a status that is final gives up at once', async () => {
    const bench = new Bench();
    await bench.accept({ n: 1 });
    bench.last.outcome({ kind: 'failure', error: 'gone', statusCode: 410 });
    await settle();
    assert.equal(
      ((bench.gaveUp[0] as Message).deadLetter as { deadLetterReason: string }).deadLetterReason,
      'status-final',
    );
  });

  it('of 1,000 messages that fail twice at the same time each is sent exactly three times', async () => {
    const bench = new Bench({ strategy: 'fixed', baseMs: 100 });
    bench.answer = ({ message }) => (message.retry.attempt <= 2 ? FAILURE : SUCCESS);
    await Promise.all(
      each(1000).map(async (message) => bench.engine.accept(message, () => bench.done.push(message.n))),
    );
    for (let round = 0; round < 200 && bench.done.length < 1000; round += 1) await bench.pass(50);
    const times = new Map<unknown, number>();
    for (const n of bench.numbers()) times.set(n, (times.get(n) ?? 0) + 1);
    assert.deepEqual([times.size, new Set(times.values())], [1000, new Set([3])]);
    assert.equal(new Set(bench.done).size, 1000);
    assert.equal(bench.done.length, 1000);
  });

  it('no more than `concurrency` at once; settling holds no place', async () => {
    const bench = new Bench({ concurrency: 2 });
    await bench.accept(...each(4));
    assert.deepEqual(bench.numbers(), [0, 1]);
    assert.deepEqual([bench.engine.counts.inFlight, bench.engine.counts.waiting], [2, 2]);
    bench.sent[0]?.settling();
    await settle();
    assert.deepEqual(bench.numbers(), [0, 1, 2]);
    bench.sent[0]?.outcome(SUCCESS);
    await settle();
    assert.deepEqual(bench.numbers(), [0, 1, 2], 'its place was given away already');
    bench.sent[1]?.outcome(SUCCESS);
    await settle();
    assert.deepEqual(bench.numbers(), [0, 1, 2, 3]);
  });

  it('a lane waits for its failing event and its settling one; other lanes go on', async () => {
    const bench = new Bench();
    await bench.accept({ n: 'a1', lane: 'a' }, { n: 'a2', lane: 'a' }, { n: 'b1', lane: 'b' }, { n: 'free' });
    assert.deepEqual(bench.numbers(), ['a1', 'b1', 'free']);
    bench.sent[0]?.outcome(FAILURE);
    await settle();
    await bench.accept({ n: 'a3', lane: 'a' }, { n: 'b2', lane: 'b' });
    bench.sent[1]?.settling();
    await settle();
    assert.deepEqual(bench.numbers(), ['a1', 'b1', 'free']);
    bench.sent[1]?.outcome(SUCCESS);
    await settle();
    assert.deepEqual(bench.numbers(), ['a1', 'b1', 'free', 'b2']);
    bench.answer = () => SUCCESS;
    await bench.pass(1000);
    assert.deepEqual(bench.numbers(), ['a1', 'b1', 'free', 'b2', 'a1', 'a2', 'a3']);
  });

  it('a lane goes on when its event is given up', async () => {
    const bench = new Bench({ attempts: 1 });
    await bench.accept({ n: 1, lane: 'a' }, { n: 2, lane: 'a' });
    bench.last.outcome(FAILURE);
    await settle();
    assert.deepEqual(bench.numbers(), [1, 2]);
  });

  it('a late answer of attempt 1 never completes attempt 2', async () => {
    const bench = new Bench({ timeout: 5 });
    await bench.accept({ n: 1 });
    const [first] = bench.sent as [Sent];
    await bench.pass(5000);
    assert.equal(first.cancelled, true);
    assert.equal(bench.engine.answer(first.message.retry, SUCCESS), 'late', 'while it waits');
    await bench.pass(1000);
    assert.equal(bench.sent.length, 2);
    first.outcome(SUCCESS);
    assert.equal(bench.engine.answer(first.message.retry, SUCCESS), 'late', 'while attempt 2 is under way');
    await settle();
    assert.deepEqual([bench.done, bench.engine.counts.inFlight], [[], 1]);
    assert.equal(bench.engine.answer(bench.last.message.retry, SUCCESS), 'settled');
    await settle();
    assert.deepEqual(bench.done, [1]);
    assert.equal(bench.engine.answer(bench.last.message.retry, SUCCESS), 'late', 'after the end');
    assert.equal(bench.engine.answer({ id: 'other.1', attempt: 1 }, SUCCESS), 'foreign');
  });

  it('refuses beyond maxWaiting, and takes in again when there is room', async () => {
    const bench = new Bench({ maxWaiting: 2 });
    await bench.accept(...each(2));
    await assert.rejects(bench.accept({ n: 3 }), /refused: 2 messages are waiting already \(maxWaiting is 2\)/);
    bench.sent[0]?.outcome(SUCCESS);
    await settle();
    await bench.accept({ n: 4 });
    assert.equal(bench.sent.length, 3);
  });

  it('what cannot be stored is refused and holds no place', async () => {
    const bench = new Bench({ concurrency: 1 });
    await assert.rejects(bench.accept({ n: 1, payload: () => 1 }), /msg\.payload cannot be stored: it is a function/);
    await bench.accept({ n: 2 });
    assert.deepEqual(bench.numbers(), [2]);
  });

  it('hands nothing on before the flows run, nor while paused', async () => {
    const bench = new Bench();
    bench.engine.setFlowing(false);
    await bench.accept({ n: 1 });
    assert.equal(bench.sent.length, 0);
    bench.engine.setPaused(true);
    bench.engine.setFlowing(true);
    await settle();
    assert.equal(bench.sent.length, 0);
    bench.engine.setPaused(false);
    await settle();
    assert.deepEqual(bench.numbers(), [1]);
  });

  it('closed in the middle of an attempt and of a wait, nothing more is sent and the next engine goes on', async () => {
    const bench = new Bench();
    await bench.accept({ n: 'fails' });
    bench.last.outcome(FAILURE);
    await settle();
    await bench.accept({ n: 'cut' });
    const cut = bench.last;
    await bench.engine.close();
    cut.outcome(SUCCESS);
    await bench.pass(60_000);
    assert.deepEqual([bench.numbers(), bench.done, bench.problems], [['fails', 'cut'], [], []]);
    await assert.rejects(
      bench.engine.accept({ n: 3 }, () => undefined),
      /closed/,
    );

    const next = new Bench({}, bench);
    await settle();
    assert.deepEqual(new Set(next.numbers()), new Set(['fails', 'cut']));
    const again = next.sent.find(({ message }) => message.n === 'cut') as Sent;
    assert.equal(again.message.retry.attempt, 2);
    assert.equal(again.message.retry.lastError, undefined);
    assert.equal(next.engine.answer(cut.message.retry, SUCCESS), 'late');
    for (const sent of next.sent) sent.outcome(SUCCESS);
    await settle();
    assert.deepEqual(new Set(bench.done), new Set(['fails', 'cut']), 'completed by the engine that came after');
  });

  it('an attempt cut short by closing is no failure', async () => {
    let bench = new Bench({ attempts: 1 });
    await bench.accept({ n: 1 });
    for (let n = 0; n < 3; n += 1) {
      await bench.engine.close();
      bench = new Bench({ attempts: 1 }, bench);
      await settle();
    }
    assert.equal(bench.last.message.retry.attempt, 4);
    bench.last.outcome(SUCCESS);
    await settle();
    assert.deepEqual([bench.gaveUp, (await bench.store.counts('q')).waiting], [[], 0]);
  });

  it('paces attempts, also those of a replay', async () => {
    const bench = new Bench({ attempts: 1, drainRate: 10, concurrency: 100 });
    bench.answer = () => FAILURE;
    await bench.accept(...each(20));
    for (let n = 0; n < 20; n += 1) await bench.pass(100);
    assert.equal(bench.gaveUp.length, 20);
    bench.answer = () => SUCCESS;
    const before = bench.sent.length;
    assert.equal(await bench.engine.replay(), 20);
    const perStep: number[] = [];
    for (let n = 0; n < 25; n += 1) {
      const sent = bench.sent.length;
      await bench.pass(100);
      perStep.push(bench.sent.length - sent);
    }
    assert.equal(bench.sent.length - before, 20);
    assert.ok(Math.max(...perStep) <= 1, String(perStep));
    assert.ok(bench.sent.slice(before).every(({ message }) => message.retry.attempt === 1));
    assert.equal(bench.engine.counts.dead, 0);
  });

  it('replays and purges those named', async () => {
    const bench = new Bench({ attempts: 1 });
    bench.answer = () => FAILURE;
    await bench.accept(...each(3));
    bench.answer = () => SUCCESS;
    const ids = (await bench.engine.deadLetters.list()).map(({ id }) => id);
    assert.equal(await bench.engine.replay([ids[1] as string]), 1);
    await bench.pass(100);
    assert.deepEqual(
      bench.succeeded.map(({ n }) => n),
      [1],
    );
    assert.equal(await bench.engine.purge([ids[0] as string, 'unknown']), 1);
    assert.equal(bench.engine.counts.dead, 1);
    assert.equal(await bench.engine.purge(), 1);
    assert.deepEqual(await bench.engine.deadLetters.list(), []);
  });

  it('finds those named wherever they are among the others', async () => {
    const bench = new Bench({ attempts: 1 });
    bench.answer = () => FAILURE;
    await bench.accept(...each(1001));
    const [last] = await bench.engine.deadLetters.list({
      after: (await bench.engine.deadLetters.list()).at(-1)?.id as string,
    });
    const found = (await obey({ name: 'list', ids: [last?.id as string] }, bench.engine)) as { message: Message }[];
    assert.deepEqual(
      found.map(({ message }) => message.n),
      [1000],
    );
  });

  it('keeps the newest dead letters', async () => {
    const bench = new Bench({ attempts: 1, deadLetterMax: 2 });
    bench.answer = () => FAILURE;
    await bench.accept(...each(5));
    assert.deepEqual(
      (await bench.engine.deadLetters.list()).map(({ message }) => (message as Message).n),
      [3, 4],
    );
    assert.equal(bench.engine.counts.dead, 2);
  });

  it('counts no dead letter that has left because it was too old', async () => {
    const bench = new Bench({ attempts: 1, deadLetterMaxAge: 60 });
    bench.answer = () => FAILURE;
    await bench.accept(...each(3));
    await bench.pass(61_000);
    await bench.accept({ n: 'late' });
    await settle();
    assert.equal((await bench.engine.deadLetters.list()).length, 1);
    assert.equal(bench.engine.counts.dead, 1);
  });

  it('drops dead letters that have become too old although none is added, and looks no more once it is closed', async () => {
    const bench = new Bench({ attempts: 1, deadLetterMaxAge: 7000 });
    bench.answer = () => FAILURE;
    await bench.accept(...each(120));
    await bench.pass(3_600_000);
    await settle();
    assert.equal(bench.engine.counts.dead, 120);
    await bench.accept({ n: 'late' });
    await bench.pass(3_600_000);
    await settle();
    assert.deepEqual([bench.engine.counts.dead, (await bench.engine.deadLetters.list()).length], [1, 1]);
    await bench.engine.close();
    assert.equal(bench.clock.pending, 0);
  });

  it('gives up what has become too old before it was sent', async () => {
    const bench = new Bench({ maxAge: 10 });
    bench.engine.setPaused(true);
    await bench.accept({ n: 1 });
    await bench.pass(11_000);
    bench.engine.setPaused(false);
    await settle();
    assert.equal(bench.sent.length, 0);
    const { deadLetterReason, deliveryAttempts } = (bench.gaveUp[0] as Message).deadLetter as Record<string, unknown>;
    assert.deepEqual([deadLetterReason, deliveryAttempts], ['too-old', 0]);
    assert.deepEqual(bench.done, [1]);
  });

  it('an open breaker sends nothing, then one probe, then everything', async () => {
    const bench = new Bench({
      breaker: true,
      breakerMinimum: 4,
      breakerOpen: 30,
      strategy: 'fixed',
      baseMs: 1000,
      concurrency: 4,
    });
    bench.answer = () => FAILURE;
    await bench.accept(...each(4));
    assert.equal(bench.engine.counts.breaker, 'open');
    await bench.accept({ n: 'new' });
    await bench.pass(29_000);
    assert.equal(bench.sent.length, 4);
    bench.answer = () => undefined;
    await bench.pass(1000);
    assert.deepEqual([bench.sent.length, bench.engine.counts.breaker], [5, 'half-open']);
    bench.answer = () => SUCCESS;
    bench.last.outcome(SUCCESS);
    await settle();
    assert.equal(bench.done.length, 5);
    assert.equal(bench.engine.counts.breaker, 'closed');
  });

  it('a wall clock that is set ahead sends early; one that is set back sends neither late nor twice', async () => {
    const bench = new Bench({ strategy: 'schedule', schedule: '3600' });
    await bench.accept({ n: 1 });
    bench.last.outcome(FAILURE);
    await settle();
    bench.clock.jump(3_600_000);
    await bench.pass(30_000);
    assert.equal(bench.sent.length, 2);
    bench.last.outcome(FAILURE);
    await settle();
    bench.clock.jump(-86_400_000);
    await bench.pass(3_599_000);
    assert.equal(bench.sent.length, 2);
    await bench.pass(1000);
    assert.equal(bench.sent.length, 3);
    bench.last.outcome(SUCCESS);
    await bench.pass(2 * 86_400_000);
    assert.deepEqual([bench.sent.length, bench.done], [3, [1]]);
  });

  it('a store that fails for a while holds the outcome back, and nothing is lost or sent twice', async () => {
    const memory = new Bench();
    await memory.engine.close();
    let broken = true;
    const store: Store = Object.create(memory.store, {
      acknowledge: {
        value: async (queue: string, id: string, token: string) => {
          if (broken) throw new StoreError('full', 'the disk is full');
          return memory.store.acknowledge(queue, id, token);
        },
      },
      ready: { value: Promise.resolve() },
      durable: { value: false },
      counts: { value: (queue: string) => memory.store.counts(queue) },
      lease: { value: (queue: string, limit: number) => memory.store.lease(queue, limit) },
      nextDue: { value: (queue: string) => memory.store.nextDue(queue) },
      enqueue: { value: (queue: string, event: never) => memory.store.enqueue(queue, event) },
      reschedule: { value: (...args: Parameters<Store['reschedule']>) => memory.store.reschedule(...args) },
      releaseLeases: { value: (queue: string) => memory.store.releaseLeases(queue) },
    });
    const bench = new Bench({ concurrency: 1 }, memory, store);
    await bench.accept({ n: 1 }, { n: 2 });
    bench.last.outcome(SUCCESS);
    await bench.pass(2000);
    assert.deepEqual([bench.numbers(), bench.done], [[1], []]);
    broken = false;
    await bench.pass(10_000);
    assert.deepEqual([bench.numbers(), bench.done], [[1, 2], [1]]);
    assert.match(String(bench.problems[0]), /the disk is full/);
  });

  it('what ends the process time and again is given up', async () => {
    const clock = new FakeClock();
    const store = createMemoryStore({ clock });
    await store.enqueue('q', {
      id: 'n.1',
      message: { n: 'poison' },
      note: { firstAt: clock.now(), sent: 0, failed: 0, deliveries: 0 },
    });
    const crash = async (): Promise<void> => {
      const [event] = await store.lease('q', 1);
      if (event) await store.reschedule('q', event.id, event.token, clock.now(), event.note);
    };
    for (let n = 0; n < 10; n += 1) await crash();
    const bench = new Bench({}, undefined, store);
    await settle();
    assert.equal(bench.sent.length, 0);
    assert.equal(
      ((bench.gaveUp[0] as Message).deadLetter as { deadLetterReason: string }).deadLetterReason,
      'interrupted',
    );
  });

  it('keeps req and res with a message in memory', async () => {
    const bench = new Bench();
    const res = { send: () => undefined };
    await bench.accept({ n: 1, res: res as unknown as Message });
    assert.equal(bench.last.message.res, res);
    bench.last.outcome(FAILURE);
    await settle();
    await bench.pass(1000);
    assert.equal(bench.last.message.res, res);
    bench.last.outcome(SUCCESS);
    await settle();
    assert.equal(bench.succeeded[0]?.res, res);
  });
});
