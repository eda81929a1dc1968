import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { prefixed } from '../support/flows';
import { type FlowNode, flow, type Message, type RunningNodeRed, startNodeRed } from '../support/node-red';

/** The flow behind the tracker, which is wired to `a`; ids are made unique per case. */
interface Case {
  what: string;
  nodes: FlowNode[];
  /** Default: one message. */
  messages?: Message[];
  options?: Record<string, unknown>;
  /** Expected members of the outcome; strings starting with @ are ids of the case. */
  expect: Record<string, unknown>;
  error?: RegExp;
  wires?: string[];
}

const func = (id: string, code: string, wires: string[] = [], more = {}): FlowNode => ({
  id,
  type: 'function',
  func: code,
  outputs: 1,
  wires: [wires],
  ...more,
});
const probe = (id: string, more = {}): FlowNode => ({ id, type: 'test-probe', wires: [[]], ...more });
const request = (id: string, url: string, wires: string[] = [], more = {}): FlowNode => ({
  id,
  type: 'http request',
  method: 'GET',
  ret: 'txt',
  url,
  senderr: false,
  headers: [],
  wires: [wires],
  ...more,
});
const success = { kind: 'success' };
const failure = { kind: 'failure' };
const atOnce = { ...success, settling: 0 };
const settled = { ...success, settling: 1 };

const cases = (url: string): Case[] => [
  { what: 'function, done', nodes: [func('a', 'return msg;')], expect: atOnce },
  { what: 'function that passes on', nodes: [func('a', 'return msg;', ['b']), probe('b')], expect: atOnce },
  {
    what: 'functions returning new objects',
    nodes: [
      func('a', 'return {payload: 1};', ['b']),
      func('b', 'return {payload: 2};', ['c']),
      probe('c', { fail: 1 }),
    ],
    expect: { ...failure, node: '@c' },
  },
  {
    what: 'functions that go through JSON',
    nodes: [func('a', 'return JSON.parse(JSON.stringify(msg));', ['b']), probe('b', { fail: 1 })],
    expect: { ...failure, node: '@b' },
  },
  {
    what: 'async function with node.send and node.done',
    nodes: [
      func('a', 'setTimeout(() => { node.send(msg); node.done(); }, 30);', ['b']),
      func('b', 'await new Promise((r) => setTimeout(r, 30)); node.send({payload: 1}); node.done();', ['c']),
      probe('c'),
    ],
    expect: atOnce,
  },
  {
    what: 'async function that fails late',
    nodes: [func('a', 'setTimeout(() => { node.error("late", msg); node.done(); }, 30);')],
    expect: { ...failure, error: 'late', node: '@a' },
  },
  {
    what: 'function with setTimeout, complete at once, the flow succeeds',
    nodes: [func('a', 'setTimeout(() => node.send(msg), 40);', ['b']), probe('b')],
    expect: settled,
  },
  {
    what: 'function with setTimeout, complete at once, the flow fails',
    nodes: [func('a', 'setTimeout(() => node.send(msg), 40);', ['b']), probe('b', { fail: 1 })],
    expect: { ...failure, node: '@b' },
  },
  { what: 'function that throws', nodes: [func('a', 'throw new Error("bad");')], expect: failure, error: /bad/ },
  {
    what: 'async function that throws',
    nodes: [func('a', 'await 1; throw new Error("bad");')],
    expect: failure,
    error: /bad/,
  },
  { what: 'node.error with msg', nodes: [func('a', 'node.error("no", msg);')], expect: { ...failure, error: 'no' } },
  { what: 'node.error without msg is invisible', nodes: [func('a', 'node.error("no");')], expect: atOnce },
  { what: 'function that returns null', nodes: [func('a', 'return null;', ['b']), probe('b')], expect: settled },
  {
    what: 'change',
    nodes: [
      {
        id: 'a',
        type: 'change',
        rules: [{ t: 'set', p: 'payload', pt: 'msg', to: 'x', tot: 'str' }],
        wires: [['b']],
      },
      probe('b'),
    ],
    expect: atOnce,
  },
  {
    what: 'template',
    nodes: [
      {
        id: 'a',
        type: 'template',
        field: 'payload',
        fieldType: 'msg',
        syntax: 'mustache',
        template: 'x',
        wires: [['b']],
      },
      probe('b'),
    ],
    expect: atOnce,
  },
  {
    what: 'switch that matches',
    nodes: [
      {
        id: 'a',
        type: 'switch',
        property: 'payload',
        propertyType: 'msg',
        rules: [{ t: 'eq', v: 'x', vt: 'str' }],
        outputs: 1,
        wires: [['b']],
      },
      probe('b', { fail: 1 }),
    ],
    messages: [{ payload: 'x' }],
    expect: { ...failure, node: '@b', silent: ['@a'] },
  },
  {
    what: 'switch with no match: nothing more delivered = done',
    nodes: [
      {
        id: 'a',
        type: 'switch',
        property: 'payload',
        propertyType: 'msg',
        rules: [{ t: 'eq', v: 'x', vt: 'str' }],
        outputs: 1,
        wires: [['b']],
      },
      probe('b'),
    ],
    expect: { ...settled, silent: ['@a'] },
  },
  {
    what: 'filter, which never reports',
    nodes: [{ id: 'a', type: 'rbe', func: 'rbe', property: 'payload', topi: 'topic', wires: [[]] }],
    expect: { ...atOnce, silent: ['@a'] },
  },
  {
    what: 'link out and link in',
    nodes: [
      { id: 'a', type: 'link out', mode: 'link', links: ['b'], wires: [] },
      { id: 'b', type: 'link in', links: ['a'], wires: [['c']] },
      probe('c', { fail: 1 }),
    ],
    expect: { ...failure, node: '@c' },
  },
  {
    what: 'link call that succeeds',
    nodes: [
      { id: 'a', type: 'link call', links: ['b'], timeout: '5', wires: [['d']] },
      { id: 'b', type: 'link in', links: [], wires: [['c']] },
      func('c', 'return {payload: 1, _linkSource: msg._linkSource};', ['e']),
      { id: 'e', type: 'link out', mode: 'return', links: [], wires: [] },
      probe('d'),
    ],
    expect: atOnce,
  },
  {
    what: 'link call whose flow fails',
    nodes: [
      { id: 'a', type: 'link call', links: ['b'], timeout: '5', wires: [['d']] },
      { id: 'b', type: 'link in', links: [], wires: [['c']] },
      probe('c', { fail: 1 }),
      probe('d'),
    ],
    expect: { ...failure, node: '@c' },
  },
  {
    what: 'link call that times out',
    nodes: [
      { id: 'a', type: 'link call', links: ['b'], timeout: '0.1', wires: [['d']] },
      { id: 'b', type: 'link in', links: [], wires: [['c']] },
      probe('c'),
      probe('d'),
    ],
    expect: { ...failure, node: '@a', error: 'timeout' },
  },
  {
    what: 'http request answering 200',
    nodes: [request('a', `${url}/200`, ['b']), probe('b')],
    expect: atOnce,
  },
  {
    what: 'http request answering 500, nothing behind it',
    nodes: [request('a', `${url}/500`)],
    expect: { ...failure, node: '@a', statusCode: 500, retryAfterMs: undefined },
  },
  {
    what: 'http request answering 500, a flow behind it',
    nodes: [request('a', `${url}/500`, ['b']), probe('b')],
    expect: { ...failure, node: '@a', statusCode: 500 },
  },
  {
    what: 'http request answering 429 with Retry-After',
    nodes: [request('a', `${url}/429`)],
    expect: { ...failure, statusCode: 429, retryAfterMs: 7000 },
  },
  {
    what: 'http request answering 500 where that is no failure',
    nodes: [request('a', `${url}/500`, ['b']), probe('b')],
    options: { httpErrors: false },
    expect: atOnce,
  },
  {
    what: 'http request answering 500 that sends errors to catch only',
    nodes: [request('a', `${url}/500`, ['b'], { senderr: true }), probe('b')],
    expect: { ...failure, node: '@a', statusCode: 500 },
  },
  {
    what: 'http request refused',
    nodes: [request('a', 'http://127.0.0.1:9/', ['b']), probe('b')],
    expect: { ...failure, node: '@a', statusCode: undefined },
    error: /ECONNREFUSED/,
  },
  {
    what: 'http request without an answer in time',
    nodes: [request('a', `${url}/hang`, ['b']), probe('b')],
    messages: [{ requestTimeout: 150 }],
    expect: { ...failure, node: '@a' },
    error: /no response/,
  },
  {
    what: 'two branches that succeed',
    nodes: [func('a', 'return msg;', ['c']), func('b', 'setTimeout(() => node.done(), 30);'), probe('c')],
    wires: ['a', 'b'],
    expect: atOnce,
  },
  {
    what: 'two branches, the slow one fails',
    nodes: [func('a', 'return msg;'), func('b', 'setTimeout(() => { node.error("slow", msg); node.done(); }, 30);')],
    wires: ['a', 'b'],
    expect: { ...failure, error: 'slow' },
  },
  {
    what: 'split and join',
    nodes: [
      { id: 'a', type: 'split', splt: '\\n', spltType: 'str', arraySplt: 1, arraySpltType: 'len', wires: [['b']] },
      func('b', 'return msg;', ['c']),
      { id: 'c', type: 'join', mode: 'auto', wires: [['d']] },
      probe('d', { fail: 1 }),
    ],
    messages: [{ payload: [1, 2, 3] }],
    expect: { ...failure, node: '@d' },
  },
  {
    what: 'split, one part fails',
    nodes: [
      { id: 'a', type: 'split', splt: '\\n', spltType: 'str', arraySplt: 1, arraySpltType: 'len', wires: [['b']] },
      func('b', 'if (msg.payload === 2) throw new Error("second"); return msg;'),
    ],
    messages: [{ payload: [1, 2, 3] }],
    expect: failure,
    error: /second/,
  },
  {
    what: 'batch still waiting',
    nodes: [
      { id: 'a', type: 'batch', mode: 'count', count: 2, overlap: 0, interval: 10, topics: [], wires: [['b']] },
      probe('b'),
    ],
    options: { timeoutMs: 400 },
    expect: { kind: 'timeout' },
  },
  {
    what: 'batch whose group closes',
    nodes: [
      { id: 'a', type: 'batch', mode: 'count', count: 2, overlap: 0, interval: 10, topics: [], wires: [['b']] },
      probe('b'),
    ],
    messages: [{ payload: 1 }, { payload: 2 }],
    options: { timeoutMs: 5000 },
    expect: atOnce,
  },
  {
    what: 'delay',
    nodes: [
      {
        id: 'a',
        type: 'delay',
        pauseType: 'delay',
        timeout: '50',
        timeoutUnits: 'milliseconds',
        rate: '1',
        rateUnits: 'second',
        wires: [['b']],
      },
      probe('b', { fail: 1 }),
    ],
    expect: { ...failure, node: '@b' },
  },
  {
    what: 'trigger that sends once',
    nodes: [
      {
        id: 'a',
        type: 'trigger',
        op1: 'x',
        op2: '',
        op1type: 'str',
        op2type: 'nul',
        duration: '50',
        units: 'ms',
        bytopic: 'all',
        outputs: 1,
        wires: [['b']],
      },
      probe('b', { fail: 1 }),
    ],
    expect: { ...failure, node: '@b' },
  },
  {
    what: 'a node that never reports although it could, as mqtt out offline',
    nodes: [func('a', 'if (false) node.done();', ['b']), probe('b')],
    options: { timeoutMs: 300 },
    expect: { kind: 'timeout' },
  },
  {
    what: 'an error that a catch node handles is still a failure, and what follows the catch is not counted',
    nodes: [
      probe('a', { fail: 1 }),
      { id: 'b', type: 'catch', scope: ['a'], wires: [['c']] },
      func('c', 'return {payload: 1};', ['d']),
      probe('d'),
    ],
    expect: { ...failure, node: '@a' },
  },
  {
    what: 'what follows a complete node is not counted',
    nodes: [
      func('a', 'return msg;', ['b']),
      func('b', 'setTimeout(() => node.done(), 100);'),
      { id: 'c', type: 'complete', scope: ['a'], wires: [['d']] },
      func('d', 'return {payload: 1};', ['e']),
      probe('e', { fail: 1 }),
    ],
    expect: atOnce,
  },
  {
    what: 'wired to a disabled node: delivered to nobody',
    nodes: [probe('a', { d: true })],
    expect: { ...failure, node: '@t' },
    error: /no node took/,
  },
  { what: 'wired to nothing', nodes: [], wires: [], expect: atOnce },
  {
    what: 'only the named node decides: others may fail',
    nodes: [func('a', 'throw new Error("x");'), func('b', 'setTimeout(() => node.done(), 60);')],
    wires: ['a', 'b'],
    options: { scope: ['@b'] },
    expect: atOnce,
  },
  {
    what: 'only the named node decides: others may go on',
    nodes: [func('a', 'return msg;', ['b']), func('b', 'if (false) node.done();')],
    options: { scope: ['@a'] },
    expect: atOnce,
  },
  {
    what: 'only the named node decides: it fails',
    nodes: [func('a', 'return msg;', ['b']), probe('b', { fail: 1 })],
    options: { scope: ['@b'] },
    expect: { ...failure, node: '@b' },
  },
  {
    what: 'a status and a wait that an error carries',
    nodes: [func('a', 'const e = new Error("busy"); e.statusCode = 503; e.retryAfter = 9; throw e;')],
    expect: { ...failure, statusCode: 503, retryAfterMs: 9000 },
  },
  {
    what: 'a loop that ends',
    nodes: [
      func('a', 'msg.n = (msg.n || 0) + 1; return msg.n < 50 ? [msg, null] : [null, msg];', ['a'], {
        outputs: 2,
        wires: [['a'], ['b']],
      }),
      probe('b'),
    ],
    expect: atOnce,
  },
  {
    what: 'a tracker behind a tracker: success',
    nodes: [
      func('a', 'return msg;', ['b']),
      { id: 'b', type: 'test-tracker', wires: [['c']] },
      func('c', 'await new Promise((r) => setTimeout(r, 50)); return {payload: 1};', ['d']),
      probe('d'),
    ],
    expect: atOnce,
  },
  {
    what: 'a tracker behind a tracker: failure, reported from the inside out',
    nodes: [
      func('a', 'return msg;', ['b']),
      { id: 'b', type: 'test-tracker', wires: [['c']] },
      func('c', 'return {payload: 1};', ['d']),
      { id: 'd', type: 'test-tracker', wires: [['e']] },
      func('e', 'return {payload: 1};', ['f']),
      probe('f', { fail: 1 }),
    ],
    expect: { ...failure, node: '@f', error: 'test-probe fails on purpose' },
  },
  {
    what: 'a tracker that gives up inside',
    nodes: [
      { id: 'a', type: 'test-tracker', options: { timeoutMs: 100 }, wires: [['b']] },
      func('b', 'if (false) node.done();'),
    ],
    expect: { kind: 'timeout' },
  },
];

describe('outcome tracker in Node-RED', () => {
  let server: Server;
  let red: RunningNodeRed;
  const table = cases('{url}');

  before(async () => {
    server = createServer((req, res) => {
      if (req.url === '/hang') return;
      const status = Number(req.url?.slice(1));
      res.writeHead(status, status === 429 ? { 'retry-after': '7' } : {}).end('x');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const nodes = cases(url).flatMap((one, index) => {
      const ids = new Set(one.nodes.map((node) => node.id));
      const own = prefixed(String(index), one.nodes, ids);
      const wires = one.wires ?? ['a'];
      return [
        {
          id: `${index}t`,
          type: 'test-tracker',
          name: `case ${index}`,
          options: prefixed(String(index), one.options ?? {}, new Set()),
          wires: [wires.map((id) => `${index}${id}`)],
        },
        ...own,
      ];
    });
    red = await startNodeRed({ flows: flow(nodes) });
  });

  after(async () => {
    await red?.stop();
    server?.closeAllConnections();
    server?.close();
  });

  table.forEach((one, index) => {
    it(one.what, async () => {
      const messages = one.messages ?? [{ payload: 1 }];
      for (const msg of messages) await red.inject(`${index}t`, { ...msg, id: index });
      const outcome = await red.message(`case ${index}`, messages.length);
      for (const [key, value] of Object.entries(one.expect))
        assert.deepEqual(
          outcome[key],
          prefixed(String(index), value, new Set()),
          `${key} of ${JSON.stringify(outcome)}`,
        );
      if (one.error) assert.match(outcome.error, one.error);
    });
  });

  it('gives one outcome for each message', async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    table.forEach((one, index) => {
      assert.equal(red.seen(`case ${index}`).length, one.messages?.length ?? 1, one.what);
    });
  });

  it('leaves the runtime as it was when the last user closes', async () => {
    assert.equal((await red.command<string[]>('hooked')).length, 4);
    const wrapped = func('plain', 'return msg;');
    await red.deploy(flow([{ id: 'last', type: 'test-tracker', wires: [['plain']] }, wrapped]), 'full');
    await red.inject('last', { payload: 1 });
    await red.message('last');
    assert.equal(await red.command('own-error', { id: 'plain' }), true);
    await red.deploy(flow([wrapped]), 'nodes');
    assert.deepEqual(await red.command('hooked'), []);
    assert.equal(await red.command('own-error', { id: 'plain' }), false);
  });
});
