import assert from 'node:assert/strict';
import type { NodeAPI } from 'node-red';
import { acquireTracker } from '../../nodes/shared/outcome';
import type { Outcome } from '../../nodes/shared/outcome/contract';
import { raised } from '../../nodes/shared/outcome/failure';
import type { Hooks, RuntimeNode } from '../../nodes/shared/outcome/runtime';
import { Tracker } from '../../nodes/shared/outcome/tracker';
import { FakeClock } from '../support/fake-clock';

const micro = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function fakeNode(id: string, more: Partial<RuntimeNode> = {}): RuntimeNode {
  return {
    id,
    type: 'function',
    wires: [],
    _expectedDoneCount: 1,
    _inputCallback: () => undefined,
    error: () => undefined,
    ...more,
  };
}

class FakeHooks implements Hooks {
  readonly added = new Map<string, (event: never) => void>();
  add(id: string, handler: (event: never) => void): void {
    if (this.added.has(id)) throw new Error(`Hook ${id} already registered`);
    this.added.set(id, handler);
  }
  remove(pattern: string): void {
    const label = pattern.slice(1);
    for (const id of this.added.keys()) if (id.endsWith(label)) this.added.delete(id);
  }
}

function fakeRed(hooks: Hooks | undefined) {
  const log: string[] = [];
  const red = {
    ...(hooks && { hooks }),
    log: { warn: (text: string) => log.push(`warn ${text}`), error: (text: string) => log.push(`error ${text}`) },
    nodes: { getNode: () => undefined },
    util: { generateId: () => 'made' },
  };
  return { red: red as unknown as NodeAPI, log };
}

describe('outcome tracker: what it is told', () => {
  const sender = fakeNode('sender');

  function followed(options = {}, node = fakeNode('a')) {
    const clock = new FakeClock();
    const outcomes: Outcome[] = [];
    const complaints: unknown[] = [];
    const tracker = new Tracker(
      clock,
      (error) => complaints.push(error),
      () => 'id',
    );
    const msg: Record<string, unknown> = {};
    const cancel = tracker.track(msg, 'sender', true, { onOutcome: (outcome) => outcomes.push(outcome), ...options });
    tracker.sending({ msg, source: { node: sender }, destination: { node } });
    tracker.receiving({ msg, destination: { node } });
    tracker.received({ msg, destination: { node } });
    return { clock, tracker, msg, cancel, outcomes, complaints, node };
  }

  it('gives one outcome, however often a node says it is done', async () => {
    const { tracker, msg, node, outcomes } = followed();
    tracker.completed({ msg, node: { node } });
    tracker.completed({ msg, node: { node } });
    tracker.completed({ msg, error: new Error('late'), node: { node } });
    await micro();
    assert.deepEqual(outcomes, [{ kind: 'success' }]);
    assert.equal(tracker.tracked, 0);
  });

  it('says nothing after it was cancelled, even between the end and the news of it', async () => {
    const early = followed();
    early.cancel();
    early.tracker.completed({ msg: early.msg, node: { node: early.node } });
    const late = followed();
    late.tracker.completed({ msg: late.msg, node: { node: late.node } });
    late.cancel();
    await micro();
    assert.deepEqual([early.outcomes, late.outcomes], [[], []]);
    assert.equal(early.clock.pending, 0);
  });

  it('an error that a node raises just after it was done counts', async () => {
    const { tracker, msg, node, outcomes } = followed();
    tracker.completed({ msg, node: { node } });
    (node.error as (error: unknown, msg: unknown) => void)(new Error('after all'), msg);
    await micro();
    assert.deepEqual(outcomes, [{ kind: 'failure', error: 'after all', node: 'a' }]);
  });

  for (const [what, errored, kinds] of [
    ['has broken', new Error('ENOENT'), ['failure']],
    ['is whole', null, ['success']],
  ] as const)
    it(`a core file node whose stream ${what}`, async () => {
      const { tracker, msg, node, outcomes } = followed({}, fakeNode('a', { type: 'file', wstream: { errored } }));
      tracker.completed({ msg, node: { node } });
      await micro();
      assert.deepEqual(
        outcomes.map(({ kind }) => kind),
        kinds,
      );
    });

  it('a node that is closed takes nothing: failure', async () => {
    const { outcomes } = followed({}, fakeNode('a', { _inputCallback: null }));
    await micro();
    assert.equal(outcomes[0]?.kind, 'failure');
  });

  it('waits to settle only where a node wired onward has sent nothing, and tells so once', async () => {
    let settling = 0;
    const node = fakeNode('a', { wires: [['b']] });
    const { clock, tracker, msg, outcomes } = followed({ settleMs: 100, onSettling: () => (settling += 1) }, node);
    tracker.completed({ msg, node: { node } });
    clock.tick(99);
    await micro();
    assert.deepEqual([outcomes, settling], [[], 1]);
    // It was at work behind our back after all.
    const late = fakeNode('b');
    tracker.sending({ msg, source: { node }, destination: { node: late } });
    clock.tick(1000);
    await micro();
    assert.deepEqual(outcomes, []);
    tracker.receiving({ msg, destination: { node: late } });
    tracker.completed({ msg, node: { node: late } });
    await micro();
    assert.deepEqual([outcomes, settling], [[{ kind: 'success' }], 1]);
    assert.equal(clock.pending, 0);
  });

  it('nothing delivered where wires exist: failure after the settle time', async () => {
    const clock = new FakeClock();
    const outcomes: Outcome[] = [];
    const tracker = new Tracker(
      clock,
      () => undefined,
      () => 'id',
    );
    tracker.track({}, 'n', true, { onOutcome: (outcome) => outcomes.push(outcome) });
    await micro();
    assert.deepEqual(outcomes, []);
    clock.tick(150);
    await micro();
    assert.deepEqual(
      outcomes.map(({ kind }) => kind),
      ['failure'],
    );
  });

  it('a listener that throws is complained about and harms nobody', async () => {
    const { tracker, msg, node, complaints } = followed({
      onOutcome: () => {
        throw new Error('mine');
      },
    });
    tracker.completed({ msg, node: { node } });
    await micro();
    assert.match(String(complaints[0]), /mine/);
  });

  it('survives messages it cannot mark', async () => {
    const { tracker, node } = followed();
    for (const msg of [Object.freeze({ _msgid: 'id' }), undefined, null, 'text', 5] as never[]) {
      tracker.sending({ msg, source: { node }, destination: { node: fakeNode('b') } });
      tracker.receiving({ msg, destination: { node } });
      tracker.received({ msg, destination: { node } });
      tracker.completed({ msg, node: { node } });
    }
  });

  it('keeps nothing of what has ended', async () => {
    const clock = new FakeClock();
    const tracker = new Tracker(
      clock,
      () => undefined,
      () => 'id',
    );
    const node = fakeNode('a');
    for (let n = 0; n < 1000; n += 1) {
      const msg = {};
      tracker.track(msg, 'sender', true, { timeoutMs: 1000, onOutcome: () => undefined });
      tracker.sending({ msg, source: { node: sender }, destination: { node } });
      tracker.receiving({ msg, destination: { node } });
      tracker.completed({ msg, node: { node } });
    }
    await micro();
    assert.deepEqual([tracker.tracked, clock.pending], [0, 0]);
  });
});

describe('outcome tracker: its place in the runtime', () => {
  it('is one for all, hooked in with the first user and out with the last', () => {
    const hooks = new FakeHooks();
    const clock = new FakeClock();
    const first = acquireTracker(fakeRed(hooks).red, clock);
    const second = acquireTracker(fakeRed(hooks).red, clock);
    assert.equal(first.tracker, second.tracker);
    assert.equal(hooks.added.size, 4);
    first.release();
    first.release();
    assert.equal(hooks.added.size, 4);
    second.release();
    assert.equal(hooks.added.size, 0);
    const third = acquireTracker(fakeRed(hooks).red, clock);
    assert.notEqual(third.tracker, first.tracker);
    third.release();
  });

  it('gets along with a second copy of the package', () => {
    const hooks = new FakeHooks();
    for (const id of ['preDeliver', 'onReceive', 'postReceive', 'onComplete'])
      hooks.add(`${id}.surewire-outcome`, () => undefined);
    const { release } = acquireTracker(fakeRed(hooks).red, new FakeClock());
    assert.equal(hooks.added.size, 8);
    release();
    assert.equal(hooks.added.size, 4);
  });

  it('never throws inside a hook', () => {
    const hooks = new FakeHooks();
    const { red, log } = fakeRed(hooks);
    const { tracker, release } = acquireTracker(red, new FakeClock());
    tracker.track({}, 'n', true, { onOutcome: () => undefined });
    for (const handler of hooks.added.values()) assert.equal(handler({ msg: {} } as never), undefined);
    assert.ok(log.every((line) => line.includes('outcome tracker failed')));
    release();
  });

  it('without hooks: a warning once, and timeouts only', async () => {
    const { red, log } = fakeRed(undefined);
    const clock = new FakeClock();
    const { tracker } = acquireTracker(red, clock);
    acquireTracker(red, clock).release();
    assert.equal(tracker.available, false);
    assert.equal(log.length, 1);
    const outcomes: string[] = [];
    const onOutcome = ({ kind }: Outcome): void => {
      outcomes.push(kind);
    };
    tracker.track({}, 'n', true, { timeoutMs: 50, onOutcome });
    tracker.track({}, 'n', true, { timeoutMs: 50, onOutcome })();
    tracker.track({}, 'n', true, { onOutcome });
    tracker.track({}, 'n', false, { onOutcome });
    clock.tick(50);
    assert.deepEqual(outcomes, ['success', 'timeout']);
  });
});

describe('outcome tracker: failures in words and numbers', () => {
  it('passes an error on as it was raised', () => {
    const node = fakeNode('a', { _alias: 'in-the-flow-file' });
    const say = (error: unknown, msg = {}): unknown => raised(error, node, msg, 0);
    const base = { kind: 'failure', node: 'in-the-flow-file' };
    assert.deepEqual(say(new Error('x')), { ...base, error: 'x' });
    assert.deepEqual(say('x'), { ...base, error: 'x' });
    assert.deepEqual(say(true), { ...base, error: 'true' });
    assert.deepEqual(say(''), { ...base, error: 'it failed without saying why' });
    assert.deepEqual(say({ code: 5 }), { ...base, error: '{ code: 5 }' });
    const busy = Object.assign(new Error('busy'), { statusCode: 503, retryAfter: 2 });
    assert.deepEqual(say(busy), { ...base, error: 'busy', statusCode: 503, retryAfterMs: 2000 });
    assert.deepEqual(
      say(new Error('x'), { statusCode: 500 }),
      { ...base, error: 'x' },
      'an older status on the message',
    );
  });
});
