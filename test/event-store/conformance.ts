import assert from 'node:assert/strict';
import { type Claim, type Store, StoreError } from '../../nodes/event-store/store';
import { FakeClock } from '../support/fake-clock';

/** One kind of store under test. */
export interface Kind {
  name: string;
  open(clock: FakeClock): Promise<Store>;
}

const MINUTE = 60_000;
const options = { leaseMs: MINUTE, windowMs: 60 * MINUTE };
const seen = { ...options, confirmed: true };

function token(claim: Claim): string {
  assert.equal(claim.state, 'first');
  return (claim as { token: string }).token;
}

/** What every store has to do, in the order of the contract (store.ts). */
export function conformance(kind: Kind): void {
  describe(`the store contract: ${kind.name}`, () => {
    let clock: FakeClock;
    let store: Store;

    beforeEach(async () => {
      clock = new FakeClock();
      store = await kind.open(clock);
    });

    afterEach(async () => {
      await store.close();
    });

    const isFirst = async (key: string, scope = 's'): Promise<boolean> =>
      (await store.claim(scope, key, options)).state === 'first';

    describe('claims', () => {
      it('answers first once, then pending with the time of the first', async () => {
        const firstSeen = clock.now();
        token(await store.claim('s', 'k', options));
        clock.tick(1000);
        assert.deepEqual(await store.claim('s', 'k', options), { state: 'pending', firstSeen });
      });

      it('keeps scopes and keys apart', async () => {
        for (const [scope, key] of [
          ['a', 'bc'],
          ['ab', 'c'],
          ['', 'abc'],
          ['a', 'b'],
        ] as const)
          assert.equal(await isFirst(key, scope), true, `${scope}/${key}`);
      });

      it('takes any text as a key', async () => {
        for (const key of ['', '\0', '"', '💧', '__proto__', 'x'.repeat(100_000)]) {
          assert.equal(await isFirst(key), true);
          assert.equal(await isFirst(key), false);
        }
      });

      it('keeps keys apart that are no whole text', async () => {
        for (const key of ['\ud83d', '\ud83c', '\ufffd', '\u0001"\\ud83d"'])
          assert.equal(await isFirst(key), true, key);
        assert.equal(await isFirst('\ud83c'), false);
      });

      it('is done after confirm, for the window counted from the claim', async () => {
        const claim = token(await store.claim('s', 'k', options));
        clock.tick(MINUTE / 2);
        assert.equal(await store.confirm('s', 'k', claim), true);
        assert.equal((await store.claim('s', 'k', options)).state, 'done');
        clock.tick(59 * MINUTE);
        assert.equal((await store.claim('s', 'k', options)).state, 'done');
        clock.tick(MINUTE);
        assert.equal(await isFirst('k'), true);
      });

      it('confirms in the same step', async () => {
        await store.claim('s', 'k', seen);
        assert.equal((await store.claim('s', 'k', options)).state, 'done');
      });

      it('is free after release', async () => {
        const claim = token(await store.claim('s', 'k', options));
        assert.equal(await store.release('s', 'k', claim), true);
        assert.equal(await isFirst('k'), true);
      });

      it('is free once the lease has run out, and the old token holds nothing', async () => {
        const old = token(await store.claim('s', 'k', options));
        clock.tick(MINUTE - 1);
        assert.equal(await isFirst('k'), false);
        clock.tick(1);
        assert.equal(await store.confirm('s', 'k', old), false);
        const fresh = token(await store.claim('s', 'k', options));
        assert.equal(await store.release('s', 'k', old), false);
        assert.equal(await store.extend('s', 'k', old, MINUTE), false);
        assert.equal(await store.confirm('s', 'k', fresh), true);
      });

      it('holds a lease that outlasts the window', async () => {
        await store.claim('s', 'k', { leaseMs: 10 * MINUTE, windowMs: MINUTE });
        clock.tick(5 * MINUTE);
        assert.equal((await store.claim('s', 'k', options)).state, 'pending');
      });

      it('extends a lease from now', async () => {
        const claim = token(await store.claim('s', 'k', options));
        clock.tick(MINUTE / 2);
        assert.equal(await store.extend('s', 'k', claim, MINUTE), true);
        clock.tick(MINUTE - 1);
        assert.equal(await isFirst('k'), false);
        clock.tick(1);
        assert.equal(await isFirst('k'), true);
      });

      it('needs the token: a wrong one does nothing, nor does one used before', async () => {
        const claim = token(await store.claim('s', 'k', options));
        assert.equal(await store.confirm('s', 'k', 'other'), false);
        assert.equal(await store.confirm('other', 'k', claim), false);
        assert.equal(await store.confirm('s', 'k', claim), true);
        assert.equal(await store.confirm('s', 'k', claim), false);
        assert.equal(await store.release('s', 'k', claim), false);
        assert.equal((await store.claim('s', 'k', options)).state, 'done');
      });

      it('forgets one key, or a whole scope, and says how many', async () => {
        for (const key of ['a', 'b', 'c']) await store.claim('s', key, key === 'b' ? options : seen);
        await store.claim('other', 'a', seen);
        assert.equal(await store.forget('s', 'a'), 1);
        assert.equal(await store.forget('s', 'a'), 0);
        assert.equal(await isFirst('a'), true);
        assert.equal(await store.forget('s'), 3);
        assert.equal(await store.forget('s'), 0);
        for (const key of ['a', 'b', 'c']) assert.equal(await isFirst(key), true);
        assert.equal(await isFirst('a', 'other'), false);
      });

      it('lets the oldest key leave beyond maxKeys, and counts', async () => {
        for (let at = 0; at < 10; at += 1) await store.claim('s', `k${at}`, { ...seen, maxKeys: 4 });
        assert.deepEqual(await store.keys('s'), { count: 4, evicted: 6 });
        for (const at of [6, 7, 8, 9]) assert.equal((await store.claim('s', `k${at}`, options)).state, 'done');
        assert.equal(await isFirst('k5'), true);
      });

      it('lets keys at work leave only when no other is left', async () => {
        const work = token(await store.claim('s', 'work', { ...options, maxKeys: 2 }));
        for (let at = 0; at < 5; at += 1) await store.claim('s', `k${at}`, { ...seen, maxKeys: 2 });
        assert.equal(await store.confirm('s', 'work', work), true);
        for (let at = 0; at < 5; at += 1) await store.claim('t', `k${at}`, { ...options, maxKeys: 2 });
        assert.equal((await store.keys('t')).count, 2);
      });

      it('counts live keys', async () => {
        assert.deepEqual(await store.keys('s'), { count: 0, evicted: 0 });
        await store.claim('s', 'a', seen);
        await store.claim('s', 'b', options);
        assert.equal((await store.keys('s')).count, 2);
        clock.tick(MINUTE);
        assert.equal((await store.keys('s')).count, 1);
        clock.tick(60 * MINUTE);
        assert.equal((await store.keys('s')).count, 0);
      });

      it('neither loses nor doubles a claim when the wall clock jumps', async () => {
        const day = 86_400_000;
        await store.claim('s', 'done', seen);
        const leased = token(await store.claim('s', 'leased', options));
        for (const jump of [5 * day, -20 * day, 15 * day, 40 * 365 * day, -40 * 365 * day]) {
          clock.jump(jump);
          assert.equal((await store.claim('s', 'done', options)).state, 'done', `after ${jump}`);
          assert.equal((await store.claim('s', 'leased', options)).state, 'pending', `after ${jump}`);
        }
        assert.equal(await store.confirm('s', 'leased', leased), true);
        clock.tick(60 * MINUTE);
        assert.equal(await isFirst('done'), true);
      });

      it('gives one of two racing claims the key, 10,000 times', async function () {
        this.timeout(60_000);
        const keys = Array.from({ length: 10_000 }, (_, at) => `k${at}`);
        const race = async (key: string): Promise<void> => {
          const both = await Promise.all([store.claim('s', key, options), store.claim('s', key, options)]);
          assert.deepEqual(both.map((claim) => claim.state).sort(), ['first', 'pending']);
        };
        await Promise.all(keys.map(race));
        assert.equal((await store.keys('s')).count, 10_000);
      });
    });

    describe('queues', () => {
      const put = (id: string, more: object = {}): Promise<unknown> =>
        store.enqueue('q', { id, message: { id }, ...more });
      const ids = async (limit = 100): Promise<string[]> => (await store.lease('q', limit)).map((event) => event.id);

      it('hands out in due order, what is not due not at all', async () => {
        const now = clock.now();
        await put('late', { dueAt: now + 1000 });
        await put('b');
        await put('a', { dueAt: now - 1 });
        await put('c');
        assert.equal(await store.nextDue('q'), now - 1);
        assert.deepEqual(await ids(2), ['a', 'b']);
        assert.deepEqual(await ids(), ['c']);
        assert.equal(await store.nextDue('q'), now + 1000);
        assert.deepEqual(await ids(), []);
        clock.tick(1000);
        assert.deepEqual(await ids(), ['late']);
        assert.equal(await store.nextDue('q'), undefined);
      });

      it('keeps what the event is', async () => {
        const enqueuedAt = clock.now();
        const { id } = await store.enqueue('q', {
          message: { payload: Buffer.from([1, 2]) },
          lane: 'l',
          note: { n: 1 },
        });
        assert.match(id, /^[0-9a-f-]{36}$/);
        const [event] = await store.lease('q', 1);
        assert.ok(event);
        const { token: held, ...rest } = event;
        assert.equal(typeof held, 'string');
        assert.deepEqual(rest, {
          id,
          message: { payload: Buffer.from([1, 2]) },
          lane: 'l',
          note: { n: 1 },
          deliveries: 1,
          enqueuedAt,
          dueAt: enqueuedAt,
        });
      });

      it('does not see what happens to a message afterwards, and gives each a copy of its own', async () => {
        const message = { payload: { list: [1] } };
        await store.enqueue('q', { message });
        message.payload.list.push(2);
        const [event] = await store.lease('q', 1);
        assert.deepEqual(event?.message, { payload: { list: [1] } });
      });

      it('leases to the caller at once, counted', async () => {
        const { id, token: held } = await store.enqueue('q', { message: 1, lease: true });
        assert.ok(held);
        assert.deepEqual(await ids(), []);
        assert.equal(await store.reschedule('q', id, held, clock.now()), true);
        assert.equal((await store.lease('q', 1))[0]?.deliveries, 2);
      });

      it('acknowledges with the token only', async () => {
        await put('a');
        const [event] = await store.lease('q', 1);
        assert.ok(event);
        assert.equal(await store.acknowledge('q', 'a', 'other'), false);
        assert.equal(await store.acknowledge('other', 'a', event.token), false);
        assert.equal(await store.acknowledge('q', 'a', event.token), true);
        assert.equal(await store.acknowledge('q', 'a', event.token), false);
        assert.deepEqual(await store.counts('q'), { waiting: 0, leased: 0, dead: 0 });
      });

      it('reschedules with a note, under a new token', async () => {
        await put('a', { note: 'old' });
        const [first] = await store.lease('q', 1);
        assert.ok(first);
        assert.equal(await store.reschedule('q', 'a', first.token, clock.now() + 500, { error: 'no' }), true);
        assert.equal(await store.acknowledge('q', 'a', first.token), false);
        assert.equal(await store.nextDue('q'), clock.now() + 500);
        clock.tick(500);
        const [second] = await store.lease('q', 1);
        assert.deepEqual(
          [second?.deliveries, second?.note, second?.dueAt, second?.message],
          [2, { error: 'no' }, clock.now(), { id: 'a' }],
        );
      });

      it('keeps the order of a lane and makes it wait for its head', async () => {
        await put('a1', { lane: 'a', dueAt: clock.now() + 100 });
        await put('a2', { lane: 'a' });
        await put('b1', { lane: 'b' });
        await put('b2', { lane: 'b' });
        await put('free');
        assert.deepEqual(await ids(), ['b1', 'free']);
        assert.equal(await store.nextDue('q'), clock.now() + 100);
        clock.tick(100);
        const [head] = await store.lease('q', 10);
        assert.equal(head?.id, 'a1');
        await store.reschedule('q', 'a1', head?.token ?? '', clock.now() + 1000);
        assert.deepEqual(await ids(), []);
        clock.tick(1000);
        const [again] = await store.lease('q', 10);
        await store.acknowledge('q', 'a1', again?.token ?? '');
        assert.deepEqual(await ids(), ['a2']);
      });

      it('lets an event wait that was to be leased at once behind others of its lane', async () => {
        await put('a1', { lane: 'a' });
        assert.deepEqual(await put('a2', { lane: 'a', lease: true }), { id: 'a2' });
        assert.deepEqual(await ids(), ['a1']);
        assert.ok('token' in ((await put('b1', { lane: 'b', lease: true })) as object));
      });

      it('gives leases back uncounted', async () => {
        await put('a');
        await put('b', { lane: 'l' });
        await put('c', { dueAt: clock.now() + 9999 });
        const leased = await store.lease('q', 10);
        assert.equal(await store.releaseLeases('q'), 2);
        assert.equal(await store.releaseLeases('q'), 0);
        assert.equal(await store.acknowledge('q', 'a', leased[0]?.token ?? ''), false);
        assert.deepEqual(
          (await store.lease('q', 10)).map((event) => [event.id, event.deliveries]),
          [
            ['a', 1],
            ['b', 1],
          ],
        );
      });

      it('counts', async () => {
        const oldest = clock.now();
        await put('a');
        clock.tick(10);
        await put('b');
        await put('c');
        await store.lease('q', 2);
        assert.deepEqual(await store.counts('q'), { waiting: 1, leased: 2, dead: 0, oldest });
        assert.deepEqual(await store.counts('other'), { waiting: 0, leased: 0, dead: 0 });
      });

      it('refuses an id that is in the queue or among its dead letters', async () => {
        await put('a');
        await assert.rejects(put('a'), { name: 'StoreError', code: 'exists' });
        const [event] = await store.lease('q', 1);
        await store.bury('q', 'a', event?.token ?? '', { reason: 'r', outcome: 'o' });
        await assert.rejects(put('a'), { code: 'exists' });
        await assert.rejects(store.accept('q', { id: 'a', message: 1 }, 's', 'k', options), { code: 'exists' });
        assert.equal(await isFirst('k'), true, 'nothing is claimed then');
        await store.enqueue('other', { id: 'a', message: 1 });
      });

      it('rejects what it cannot store, names the path, and goes on', async () => {
        const message = { payload: { callback: () => 1 } };
        await assert.rejects(store.enqueue('q', { message }), (error) => {
          assert.ok(error instanceof StoreError);
          assert.equal(error.code, 'unstorable');
          assert.match(error.message, /msg\.payload\.callback/);
          return true;
        });
        await store.enqueue('q', { message: { req: () => 1, res: () => 1, payload: 1 } });
        assert.deepEqual((await store.lease('q', 1))[0]?.message, { payload: 1 });
      });

      it('carries an event of a megabyte', async () => {
        const payload = 'x'.repeat(1_048_576);
        await store.enqueue('q', { message: { payload } });
        const [event] = await store.lease('q', 1);
        assert.ok(event);
        assert.equal((event.message as { payload: string }).payload === payload, true);
      });
    });

    describe('dead letters', () => {
      const bury = async (id: string, more: object = {}): Promise<boolean> => {
        const { token: held } = await store.enqueue('q', { id, message: { id }, lease: true, lane: 'l' });
        return store.bury('q', id, held ?? '', { reason: 'gave-up', outcome: '500', ...more });
      };
      const ids = async (page: { after?: string; limit: number } = { limit: 100 }): Promise<string[]> =>
        (await store.deadLetters('q', page)).map((letter) => letter.id);

      it('keeps the record', async () => {
        const publishTime = new Date(clock.now()).toISOString();
        await store.enqueue('q', { id: 'a', message: { id: 'a' } });
        clock.tick(1000);
        const [event] = await store.lease('q', 1);
        const lastDeliveryAttemptTime = new Date(clock.now()).toISOString();
        clock.tick(1000);
        assert.equal(await store.bury('q', 'a', 'other', { reason: 'x', outcome: 'x' }), false);
        assert.equal(await store.bury('q', 'a', event?.token ?? '', { reason: 'gave-up', outcome: '500' }), true);
        assert.deepEqual(await store.deadLetters('q', { limit: 10 }), [
          {
            id: 'a',
            message: { id: 'a' },
            deadLetterReason: 'gave-up',
            deliveryAttempts: 1,
            lastDeliveryOutcome: '500',
            publishTime,
            lastDeliveryAttemptTime,
          },
        ]);
        assert.deepEqual(await store.counts('q'), { waiting: 0, leased: 0, dead: 1 });
      });

      it('takes the attempts its holder counted', async () => {
        await bury('a', { attempts: 7 });
        assert.equal((await store.deadLetters('q', { limit: 1 }))[0]?.deliveryAttempts, 7);
      });

      it('pages, oldest first', async () => {
        for (const id of ['a', 'b', 'c', 'd', 'e']) await bury(id);
        assert.deepEqual(await ids({ limit: 2 }), ['a', 'b']);
        assert.deepEqual(await ids({ after: 'b', limit: 2 }), ['c', 'd']);
        assert.deepEqual(await ids({ after: 'e', limit: 2 }), []);
        assert.deepEqual(await ids({ after: 'gone', limit: 2 }), []);
      });

      it('replays all or those named, spread, from the start', async () => {
        for (const id of ['a', 'b', 'c']) await bury(id);
        assert.equal(await store.replay('q', ['c', 'a', 'a', 'unknown'], 100), 2);
        assert.deepEqual(await ids(), ['b']);
        const [event] = await store.lease('q', 10);
        assert.deepEqual([event?.id, event?.deliveries, event?.note, event?.lane], ['a', 1, undefined, 'l']);
        await store.acknowledge('q', 'a', event?.token ?? '');
        assert.equal(await store.nextDue('q'), clock.now() + 100);
        assert.equal(await store.replay('q'), 1);
        assert.deepEqual(await store.counts('q').then(({ waiting, dead }) => [waiting, dead]), [2, 0]);
      });

      it('purges all or those named', async () => {
        for (const id of ['a', 'b', 'c']) await bury(id);
        assert.equal(await store.purge('q', ['b', 'unknown']), 1);
        assert.deepEqual(await ids(), ['a', 'c']);
        assert.equal(await store.purge('q'), 2);
        assert.equal(await store.purge('q'), 0);
      });

      it('lets the oldest leave beyond the bounds of number and age', async () => {
        for (const id of ['a', 'b', 'c']) await bury(id, { keep: { max: 2 } });
        assert.deepEqual(await ids(), ['b', 'c']);
        clock.tick(1000);
        await bury('d', { keep: { max: 10, maxAgeMs: 999 } });
        assert.deepEqual(await ids(), ['d']);
      });
    });

    describe('accept', () => {
      const accept = (id: string, key: string, more: object = {}): ReturnType<Store['accept']> =>
        store.accept('q', { id, message: { id }, lease: true, ...more }, 's', key, options);
      const state = async (key: string): Promise<string> => (await store.claim('s', key, options)).state;

      it('claims and enqueues in one step; a duplicate enqueues nothing', async () => {
        const firstSeen = clock.now();
        const first = await accept('a', 'k');
        assert.equal(first.state, 'first');
        assert.deepEqual(await accept('b', 'k'), { state: 'pending', firstSeen });
        assert.deepEqual(await store.counts('q').then(({ waiting, leased }) => [waiting, leased]), [0, 1]);
      });

      it('holds the claim as long as the event is there, whatever the lease and the window', async () => {
        const first = await accept('a', 'k');
        assert.ok(first.state === 'first' && first.token);
        clock.tick(2 * 60 * MINUTE);
        assert.equal(await state('k'), 'pending');
        await store.bury('q', 'a', first.token, { reason: 'r', outcome: 'o' });
        assert.equal(await state('k'), 'pending');
        await store.replay('q');
        assert.equal(await state('k'), 'pending');
      });

      it('is done when the event is acknowledged, for the rest of the window', async () => {
        const first = await accept('a', 'k');
        assert.ok(first.state === 'first' && first.token);
        clock.tick(30 * MINUTE);
        await store.acknowledge('q', 'a', first.token);
        assert.equal(await state('k'), 'done');
        clock.tick(30 * MINUTE);
        assert.equal(await state('k'), 'first');
      });

      it('is free when the event is purged from the dead letters', async () => {
        const first = await accept('a', 'k');
        assert.ok(first.state === 'first' && first.token);
        await store.bury('q', 'a', first.token, { reason: 'r', outcome: 'o' });
        await store.purge('q');
        assert.equal(await state('k'), 'first');
      });

      it('survives that its key is forgotten', async () => {
        const first = await accept('a', 'k');
        assert.ok(first.state === 'first' && first.token);
        await store.forget('s', 'k');
        assert.equal((await accept('b', 'k')).state, 'first');
        assert.equal(await store.acknowledge('q', 'a', first.token), true);
        assert.equal(await state('k'), 'pending', 'the second holds it');
      });

      it('can count as seen at once', async () => {
        await store.accept('q', { id: 'a', message: 1 }, 's', 'k', seen);
        assert.equal(await state('k'), 'done');
      });
    });

    it('rejects every operation once it is closed, and closes twice', async () => {
      await store.close();
      await store.close();
      const closed = { name: 'StoreError', code: 'closed' };
      await assert.rejects(store.claim('s', 'k', options), closed);
      await assert.rejects(store.enqueue('q', { message: 1 }), closed);
      await assert.rejects(store.counts('q'), closed);
    });
  });
}
