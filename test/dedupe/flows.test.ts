import assert from 'node:assert/strict';
import { type FlowNode, flow, type Message, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { need } from '../support/skip';

const dedupe = (
  id: string,
  config: Record<string, unknown> = {},
  wires = [[`${id}-first`], [`${id}-dup`]],
): FlowNode => ({
  id,
  type: 'surewire-dedupe',
  wires,
  ...config,
});
const probe = (id: string, more = {}): FlowNode => ({ id, type: 'test-probe', wires: [[]], ...more });
/** A dedupe node with a probe at each output. */
const probed = (id: string, config: Record<string, unknown> = {}, more = {}): FlowNode[] => [
  dedupe(id, config),
  probe(`${id}-first`, more),
  probe(`${id}-dup`),
];
const func = (id: string, code: string, wires: string[] = []): FlowNode => ({
  id,
  type: 'function',
  func: code,
  outputs: 1,
  wires: [wires],
});

describe('dedupe in Node-RED', () => {
  let red: RunningNodeRed;

  before(async () => {
    red = await startNodeRed({
      flows: flow([
        ...probed('event'),
        ...probed('prop', { keyType: 'msg', key: 'payload["order id"]' }),
        ...probed('nested', { keyType: 'msg', key: 'payload[msg.topic]' }),
        ...probed('jsonata', { keyType: 'jsonata', key: 'payload.a & "/" & payload.b' }),
        ...probed('content', { keyType: 'content' }),
        ...probed('error', { missing: 'error' }),
        { id: 'catch', type: 'catch', scope: ['error', 'bad', 'gone', 'forget'], wires: [['caught']] },
        probe('caught'),
        ...probed('bad', { keyType: 'msg' }),
        ...probed('worse', { keyType: 'jsonata', key: 'payload.(' }),
        ...probed('range', { window: 'soon' }),
        ...probed('gone', { store: 'nowhere' }),
        ...probed('few', { keyType: 'msg', key: 'payload', maxKeys: 3 }),
        ...probed('short', { keyType: 'msg', key: 'payload', window: 0.3 }),
        ...probed('forget', { keyType: 'msg', key: 'payload', commands: true }),
        ...probed('deafto', { keyType: 'msg', key: 'payload' }),
        ...probed('button', { keyType: 'msg', key: 'payload' }),
        // confirm: success
        ...probed('failing', { keyType: 'msg', key: 'payload', confirm: 'success' }, { fail: 1 }),
        dedupe('slow', { keyType: 'msg', key: 'payload', confirm: 'success', lease: 0.3 }, [
          ['slow-work'],
          ['slow-dup'],
        ]),
        func('slow-work', 'setTimeout(() => { node.send(msg); node.done(); }, 1200);', ['slow-first']),
        probe('slow-first'),
        probe('slow-dup'),
        dedupe('loose', { keyType: 'msg', key: 'payload', confirm: 'success' }, [[], []]),
        // an accepted webhook in front
        {
          id: 'hook',
          type: 'surewire-webhook-in',
          path: '/hook',
          wires: [['hinted'], []],
        },
        dedupe('hinted', { confirm: 'success' }),
        probe('hinted-first'),
        // a tracker in front: the outcome goes from the inside out
        { id: 'outer', type: 'test-tracker', wires: [['inner']] },
        dedupe('inner', { keyType: 'msg', key: 'payload', confirm: 'success' }, [['inner-first'], ['inner-dup']]),
        probe('inner-first', { fail: 1 }),
        probe('inner-dup'),
      ]),
    });
  });

  after(() => red?.stop());

  const feed = async (id: string, messages: Message[]): Promise<void> => {
    for (const msg of messages) await red.inject(id, msg);
  };
  const names = (probeId: string): unknown[] => red.seen(probeId).map((msg) => msg.n);

  it('by event id, by default', async () => {
    await feed('event', [
      { n: 1, event: { id: 'a', source: '/d/1' } },
      { n: 2, event: { id: 'a', source: '/d/2' } },
      { n: 3, event: { id: 'a', source: '/d/1' } },
      { n: 4, event: { id: 'a' } },
      { n: 5, event: {} },
      { n: 6, event: {} },
    ]);
    const duplicate = await red.message('event-dup');
    await red.message('event-first', 5);
    assert.deepEqual(names('event-first'), [1, 2, 4, 5, 6]);
    assert.equal(duplicate.n, 3);
    assert.equal(duplicate.duplicate.key, '/d/1 a');
    assert.equal(duplicate.duplicate.state, 'done');
    assert.equal(typeof duplicate.duplicate.firstSeen, 'number');
    await red.statusWith('event', ({ text }) => text === '3 first, 1 duplicate, 2 without key');
  });

  it('by a message property', async () => {
    await feed('prop', [
      { n: 1, payload: { 'order id': 7 } },
      { n: 2, payload: { 'order id': 7 } },
      { n: 3 },
      { n: 4, payload: null },
    ]);
    await red.message('prop-first', 3);
    assert.deepEqual(names('prop-first'), [1, 3, 4]);
    assert.deepEqual(names('prop-dup'), [2]);
    await feed('nested', [
      { n: 1, topic: 'a', payload: { a: 1, b: 2 } },
      { n: 2, topic: 'b', payload: { a: 1, b: 2 } },
      { n: 3, topic: 'a', payload: { a: 1 } },
      { n: 4, topic: 'a' },
    ]);
    await red.message('nested-first', 3);
    await red.message('nested-dup');
    assert.deepEqual([names('nested-first'), names('nested-dup')], [[1, 2, 4], [3]]);
  });

  it('by a JSONata expression, in the order in which they came', async () => {
    await Promise.all([
      red.inject('jsonata', { n: 1, payload: { a: 1, b: 2 } }),
      red.inject('jsonata', { n: 2, payload: { a: 1, b: 2 } }),
      red.inject('jsonata', { n: 3, payload: { a: 1, b: 3 } }),
    ]);
    await red.message('jsonata-first', 2);
    await red.message('jsonata-dup');
    assert.deepEqual([names('jsonata-first'), names('jsonata-dup')], [[1, 3], [2]]);
  });

  it('by content, whatever the order of keys', async () => {
    await feed('content', [
      { n: 1, payload: { a: 1, b: [Buffer.from('x'), new Date(1)] } },
      { n: 2, payload: { b: [Buffer.from('x'), new Date(1)], a: 1 } },
      { n: 3, payload: { a: 1, b: [Buffer.from('y'), new Date(1)] } },
      { n: 4 },
    ]);
    await red.message('content-first', 3);
    await red.message('content-dup');
    assert.deepEqual([names('content-first'), names('content-dup')], [[1, 3, 4], [2]]);
  });

  it('without a key: an error that can be caught, where that is asked for', async () => {
    await red.inject('error', { n: 1 });
    const caught = await red.message('caught');
    assert.equal(caught.error.source.id, 'error');
    assert.match(caught.error.message, /msg\.event\.id/);
    assert.deepEqual(names('error-first'), []);
  });

  it('bad configuration: a red status, an error that names the field, and no message gets by', async () => {
    for (const id of ['bad', 'worse', 'range'])
      await red.statusWith(id, ({ fill, text }) => fill === 'red' && text === 'misconfigured');
    await red.inject('bad', { n: 1, payload: 1 });
    const caught = await red.message('caught', 2);
    assert.match(caught.error.message, /key: expected a message property/);
    assert.match(red.log, /window: expected a number from 0\.001 up/);
    assert.match(red.log, /key: not a JSONata expression|key: expected a JSONata/);
    assert.deepEqual(names('bad-first'), []);
  });

  it('a missing store: red, and no message gets by', async () => {
    await red.statusWith('gone', ({ fill }) => fill === 'red');
    await red.inject('gone', { event: { id: 'x' } });
    const caught = await red.message('caught', 3);
    assert.match(caught.error.message, /event store/);
    assert.deepEqual(names('gone-first'), []);
  });

  it('maxKeys: the oldest leave, and the status says so', async () => {
    await feed(
      'few',
      ['a', 'b', 'c', 'd', 'a', 'd'].map((payload, index) => ({ n: index, payload })),
    );
    await red.message('few-first', 5);
    await red.message('few-dup');
    assert.deepEqual([names('few-first'), names('few-dup')], [[0, 1, 2, 3, 4], [5]]);
    await red.statusWith('few', ({ fill, text }) => fill === 'yellow' && Boolean(text?.includes('2 keys evicted')));
  });

  it('the window passes', async () => {
    await feed('short', [{ payload: 'a' }, { payload: 'a' }]);
    await new Promise((resolve) => setTimeout(resolve, 350));
    await feed('short', [{ payload: 'a' }]);
    await red.message('short-first', 2);
    assert.equal(red.seen('short-dup').length, 1);
  });

  it('forgets by command, one key or all, only where that is allowed', async () => {
    await feed('forget', [
      { n: 1, payload: 'a' },
      { n: 2, payload: 5 },
      { n: 3, command: 'forget', key: 5 },
      { n: 4, payload: 'a' },
      { n: 5, payload: 5 },
      { n: 6, command: 'forget', key: '' },
      { n: 7, command: 'forget' },
      { n: 8, payload: 'a' },
      { n: 9, payload: 'b', command: 'pause' },
    ]);
    await red.message('forget-first', 5);
    await red.message('forget-dup');
    assert.deepEqual([names('forget-first'), names('forget-dup')], [[1, 2, 5, 8, 9], [4]]);
    assert.match((await red.message('caught', 4)).error.message, /msg\.key: expected a key/);
    await feed('deafto', [
      { n: 1, payload: 'a' },
      { n: 2, command: 'forget', payload: 'a' },
    ]);
    await red.message('deafto-dup');
    assert.deepEqual(names('deafto-dup'), [2]);
  });

  it('forgets all by the button of the dialog', async () => {
    await feed('button', [{ payload: 'a' }, { payload: 'b' }]);
    const post = (id: string): Promise<Response> =>
      fetch(`${red.url}/surewire/dedupe/${id}/forget`, { method: 'POST' });
    const answer = await post('button');
    assert.deepEqual([answer.status, await answer.json()], [200, { forgotten: 2 }]);
    await feed('button', [{ payload: 'a' }]);
    await red.message('button-first', 3);
    assert.equal((await post('nobody')).status, 404);
    assert.equal((await post('catch')).status, 404);
  });

  it('success: a failed flow frees the key, a finished one keeps it', async () => {
    await feed('failing', [{ n: 1, payload: 'a' }]);
    await red.statusWith('failing', ({ text }) => text === '1 first, 0 duplicates');
    await feed('failing', [{ n: 2, payload: 'a' }]);
    await red.message('failing-first', 2);
    await red.statusWith('failing', ({ text }) => text === '2 first, 0 duplicates');
    await feed('failing', [{ n: 3, payload: 'a' }]);
    const duplicate = await red.message('failing-dup');
    assert.equal(duplicate.duplicate.state, 'done');
  });

  it('success: a flow that takes longer than the lease keeps its key', async () => {
    await red.inject('slow', { n: 1, payload: 'a' });
    await new Promise((resolve) => setTimeout(resolve, 700));
    await red.inject('slow', { n: 2, payload: 'a' });
    assert.equal((await red.message('slow-dup')).duplicate.state, 'pending');
    await red.message('slow-first');
    await red.statusWith('slow', ({ text }) => text === '1 first, 1 duplicate');
    await red.inject('slow', { n: 3, payload: 'a' });
    assert.equal((await red.message('slow-dup', 2)).duplicate.state, 'done');
  });

  it('success: with nothing wired to output 1 a message is done at once', async () => {
    await feed('loose', [{ payload: 'a' }, { payload: 'a' }]);
    await red.statusWith('loose', ({ text }) => text === '1 first, 1 duplicate');
  });

  it('success: whoever tracks further up hears the failure after the key is free, once', async () => {
    await red.inject('outer', { n: 1, payload: 'a', id: 1 });
    const outcome = await red.message('outer');
    assert.deepEqual([outcome.kind, outcome.node], ['failure', 'inner-first']);
    await red.inject('outer', { n: 2, payload: 'a', id: 2 });
    assert.deepEqual((await red.message('outer', 2)).kind, 'success');
    assert.deepEqual([names('inner-first'), names('inner-dup')], [[1, 2], []]);
  });

  it('success behind a webhook in that answers at once: the status says that nobody sends again', async () => {
    const status = await red.statusWith('hinted', ({ fill }) => fill === 'yellow');
    assert.match(String(status.text), /the sender will not send again/);
  });

  it('a deploy of other nodes keeps the keys; nodes with a namespace and a store share them', async function () {
    const store: FlowNode = { id: 'store', type: 'surewire-event-store', kind: 'memory', x: null as never };
    const pair = [
      store,
      ...probed('one', { keyType: 'msg', key: 'payload', namespace: 'orders', store: 'store' }),
      ...probed('two', { keyType: 'msg', key: 'payload', namespace: 'orders', store: 'store' }),
      ...probed('alone', { keyType: 'msg', key: 'payload', store: 'store' }),
      ...probed('private', { keyType: 'msg', key: 'payload' }),
    ];
    need(this, 'the event store node', await hasType(red, 'surewire-event-store'));
    await red.deploy(flow(pair));
    for (const id of ['one', 'two', 'alone', 'private']) await red.inject(id, { n: 1, payload: 'k' });
    await red.message('two-dup');
    await red.message('private-first');
    assert.deepEqual(
      ['one', 'two', 'alone', 'private'].map((id) => red.seen(`${id}-first`).length),
      [1, 0, 1, 1],
    );
    await red.deploy(flow([...pair, probe('new')]), 'nodes');
    await red.inject('private', { n: 2, payload: 'k' });
    await red.message('private-dup');
  });
});

async function hasType(red: RunningNodeRed, type: string): Promise<boolean> {
  const answer = await fetch(`${red.url}/nodes`, { headers: { accept: 'application/json' } });
  const sets = (await answer.json()) as { types: string[] }[];
  return sets.some((set) => set.types.includes(type));
}
