import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createMemoryStore } from '../../nodes/event-store/memory';
import type { Store } from '../../nodes/event-store/store';
import { FakeClock } from '../support/fake-clock';
import { engines, openDisk, scratch } from './kinds';
import { Model } from './model';

const directory = scratch();
const OPTIONS = { leaseMs: 100, windowMs: 500 };

interface World {
  model: Model;
  store: Store;
  clock: FakeClock;
  /** Tokens given out, by what they hold; also those that hold nothing any more. */
  tokens: Map<string, string>;
  reopen?: () => Promise<Store>;
}

type Step = (world: World) => Promise<void>;

const key = fc.constantFrom('a', 'b', 'c', 'd');
const id = fc.constantFrom('1', '2', '3', '4', '5', '6');
const lane = fc.constantFrom(undefined, undefined, 'x', 'y');
const limit = fc.integer({ min: 1, max: 4 });

const claim =
  (k: string, confirmed: boolean): Step =>
  async ({ model, store, tokens }) => {
    const expected = model.state(k);
    const got = await store.claim('s', k, { ...OPTIONS, confirmed });
    assert.equal(got.state, expected);
    if (got.state !== 'first') {
      assert.equal(got.firstSeen, model.claims.get(k)?.firstSeen);
      return;
    }
    model.claim(k, { ...OPTIONS, confirmed }, got.token);
    tokens.set(`claim ${k}`, got.token);
  };

const finish =
  (k: string, how: 'confirm' | 'release' | 'extend'): Step =>
  async ({ model, store, tokens }) => {
    const token = tokens.get(`claim ${k}`) ?? 'none';
    const held = model.leased(k, token);
    const got = how === 'extend' ? store.extend('s', k, token, 200) : store[how]('s', k, token);
    assert.equal(await got, held !== undefined);
    if (!held) return;
    if (how === 'confirm') held.done = true;
    else if (how === 'release') model.claims.delete(k);
    else held.deadline = model.now + 200;
  };

const forget =
  (k: string): Step =>
  async ({ model, store }) => {
    assert.equal(await store.forget('s', k), model.forget(k));
  };

const forgetAll: Step = async ({ model, store }) => {
  const count = model.count();
  assert.equal(await store.forget('s'), count);
  for (const k of model.claims.keys()) model.forget(k);
};

const enqueue =
  (event: string, after: number, l: string | undefined, lease: boolean): Step =>
  async (world) => {
    const { model, store, tokens } = world;
    const dueAt = model.now + after;
    const put = store.enqueue('q', {
      id: event,
      message: event,
      dueAt,
      lease,
      ...(l === undefined ? {} : { lane: l }),
    });
    if (model.taken(event)) {
      await assert.rejects(put, { code: 'exists' });
      return;
    }
    const busy = model.laneBusy(l);
    const { token } = await put;
    assert.equal(token !== undefined, lease && !busy);
    model.enqueue(event, dueAt, l, token);
    if (token) tokens.set(`event ${event}`, token);
  };

const accept =
  (event: string, k: string, l: string | undefined): Step =>
  async ({ model, store, tokens }) => {
    const expected = model.state(k);
    const put = store.accept(
      'q',
      { id: event, message: event, dueAt: model.now, lease: true, ...(l === undefined ? {} : { lane: l }) },
      's',
      k,
      OPTIONS,
    );
    if (expected === 'first' && model.taken(event)) {
      await assert.rejects(put, { code: 'exists' });
      return;
    }
    const got = await put;
    assert.equal(got.state, expected);
    if (got.state !== 'first') return;
    assert.equal(got.token !== undefined, !model.laneBusy(l));
    model.enqueue(event, model.now, l, got.token, k);
    model.claim(k, OPTIONS, undefined, event);
    if (got.token) tokens.set(`event ${event}`, got.token);
  };

const lease =
  (count: number): Step =>
  async ({ model, store, tokens }) => {
    const expected = model.due(count);
    const got = await store.lease('q', count);
    assert.deepEqual(
      got.map((event) => event.id),
      expected,
    );
    for (const event of got) {
      const known = model.events.get(event.id);
      assert.ok(known);
      known.token = event.token;
      known.deliveries += 1;
      assert.deepEqual([event.deliveries, event.message], [known.deliveries, event.id]);
      tokens.set(`event ${event.id}`, event.token);
    }
  };

const settle =
  (event: string, how: 'acknowledge' | 'bury' | 'reschedule', after: number): Step =>
  async (world) => {
    const { model, store, tokens } = world;
    const token = tokens.get(`event ${event}`) ?? 'none';
    const known = model.events.get(event);
    const held = known?.token === token ? known : undefined;
    const dueAt = model.now + after;
    const burial = { reason: 'r', outcome: 'o', keep: { max: 3 } };
    const got =
      how === 'acknowledge'
        ? store.acknowledge('q', event, token)
        : how === 'bury'
          ? store.bury('q', event, token, burial)
          : store.reschedule('q', event, token, dueAt);
    assert.equal(await got, held !== undefined);
    if (!held) return;
    held.token = undefined;
    if (how === 'acknowledge') model.acknowledge(held);
    else if (how === 'bury') model.bury(held, 3);
    else held.dueAt = dueAt;
  };

const releaseLeases: Step = async ({ model, store }) => {
  const leased = [...model.events.values()].filter(({ token }) => token);
  assert.equal(await store.releaseLeases('q'), leased.length);
  for (const event of leased) {
    event.token = undefined;
    event.deliveries -= 1;
  }
};

const fromDead =
  (ids: string[] | undefined, how: 'replay' | 'purge'): Step =>
  async ({ model, store }) => {
    const named = model.dead.map((event) => event.id).filter((event) => !ids || ids.includes(event));
    assert.equal(await store[how]('q', ids), named.length);
    for (const event of named) {
      const letter = model.dead.find(({ id: other }) => other === event);
      if (how === 'replay' && letter) letter.deliveries = 0;
      model[how](event);
    }
  };

const pass =
  (ms: number): Step =>
  async ({ model, clock }) => {
    clock.tick(ms);
    model.now += ms;
  };

const restart: Step = async (world) => {
  if (!world.reopen) return;
  world.store = await world.reopen();
  world.model.restart();
};

const steps: fc.Arbitrary<[string, Step]> = fc.oneof(
  fc.tuple(key, fc.boolean()).map(([k, c]): [string, Step] => [`claim ${k} ${c}`, claim(k, c)]),
  fc
    .tuple(key, fc.constantFrom('confirm' as const, 'release' as const, 'extend' as const))
    .map(([k, how]): [string, Step] => [`${how} ${k}`, finish(k, how)]),
  key.map((k): [string, Step] => [`forget ${k}`, forget(k)]),
  fc.constant<[string, Step]>(['forget all', forgetAll]),
  fc
    .tuple(id, fc.constantFrom(-10, 0, 50), lane, fc.boolean())
    .map(([i, after, l, now]): [string, Step] => [`enqueue ${i} +${after} ${l} ${now}`, enqueue(i, after, l, now)]),
  fc.tuple(id, key, lane).map(([i, k, l]): [string, Step] => [`accept ${i} ${k} ${l}`, accept(i, k, l)]),
  limit.map((count): [string, Step] => [`lease ${count}`, lease(count)]),
  fc
    .tuple(id, fc.constantFrom('acknowledge' as const, 'bury' as const, 'reschedule' as const), fc.constantFrom(0, 50))
    .map(([i, how, after]): [string, Step] => [`${how} ${i} +${after}`, settle(i, how, after)]),
  fc.constant<[string, Step]>(['release leases', releaseLeases]),
  fc
    .tuple(
      fc.option(fc.uniqueArray(id, { maxLength: 3 }), { nil: undefined }),
      fc.constantFrom('replay' as const, 'purge' as const),
    )
    .map(([ids, how]): [string, Step] => [`${how} ${ids?.join() ?? 'all'}`, fromDead(ids, how)]),
  fc.constantFrom(1, 60, 300).map((ms): [string, Step] => [`${ms} ms`, pass(ms)]),
  fc.constant<[string, Step]>(['restart', restart]),
);

async function check({ model, store }: World): Promise<void> {
  const { waiting, leased, dead } = await store.counts('q');
  const held = [...model.events.values()].filter(({ token }) => token).length;
  assert.deepEqual([waiting, leased, dead], [model.events.size - held, held, model.dead.length]);
  assert.equal(await store.nextDue('q'), model.eligible()[0]?.dueAt);
  assert.deepEqual(
    (await store.deadLetters('q', { limit: 100 })).map((letter) => [letter.id, letter.message]),
    model.dead.map((event) => [event.id, event.id]),
  );
  // Keys that expire out of order may be counted a little longer.
  assert.ok((await store.keys('s')).count >= model.count());
}

function behaves(
  name: string,
  runs: number,
  open: (clock: FakeClock) => Promise<Pick<World, 'store' | 'reopen'>>,
): void {
  it(`${name} does what the model does, whatever the order`, async function () {
    this.timeout(120_000);
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 60 }), async (sequence) => {
        const clock = new FakeClock();
        const world: World = { model: new Model(), clock, tokens: new Map(), ...(await open(clock)) };
        world.model.now = clock.now();
        try {
          for (const [, step] of sequence) {
            await step(world);
            await check(world);
          }
        } finally {
          await world.store.close();
        }
      }),
      { numRuns: runs },
    );
  });
}

describe('random operations', () => {
  behaves('the memory store', 1000, async (clock) => ({ store: createMemoryStore({ clock }) }));
  for (const engine of engines) {
    behaves(`the disk store with ${engine}`, 25, async (clock) => {
      const where = directory();
      let store = await openDisk({ directory: where, engine, clock });
      const reopen = async (): Promise<Store> => {
        await store.close();
        store = await openDisk({ directory: where, engine, clock });
        return store;
      };
      return { store, reopen };
    });
  }
});
