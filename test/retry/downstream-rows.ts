import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FlowNode, Message, RunningNodeRed } from '../support/node-red';
import { fn, httpRequest, probe } from './support';
import { type Surroundings, startBroker } from './surroundings';

/** A row at work. */
export interface At {
  red: RunningNodeRed;
  key: string;
  /** The id that a node of the row has in Node-RED. */
  id: (name: string) => string;
  seen: (name: string) => Message[];
  /** Resolves when an attempt is under way, and it has not ended a while later. */
  open: (attempt: number) => Promise<void>;
}

/** One kind of flow behind output 1 of a retry node, and how it has to end. */
export interface Row {
  what: string;
  /** Output 1 is wired to `next`. */
  nodes: FlowNode[];
  /** Where output 1 is wired to more than `next`. */
  wires?: string[];
  retry?: Record<string, unknown>;
  message?: Message;
  ready?(at: At): Promise<unknown>;
  /** How many attempts reach each node that output 1 is wired to. */
  attempts: number | 'until it works';
  /** Without it the last attempt is a success. */
  gaveUp?: 'attempts-exhausted' | 'status-final';
  /** What the last failure says. */
  error?: RegExp;
  /** The node that is named to people because it does not report. */
  silent?: string;
  meanwhile?(at: At): Promise<unknown>;
  also?(at: At): unknown;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const FAILS_ON_PURPOSE = /test-probe fails on purpose/;
const NO_OUTCOME = /^no outcome within [\d.]+ s$/;
/** A last node that fails the first messages it gets. */
const tail = (fail: number): FlowNode => probe('tail', { fail });
const onward = [['tail']];
const change = { type: 'change', rules: [{ t: 'set', p: 'topic', pt: 'msg', to: 'x', tot: 'str' }] };
const inSubflow = (func: string): FlowNode => ({ ...fn('inner', func), z: 'sub', x: 100, y: 40 });
const subflow = (func: string): FlowNode[] => [
  {
    id: 'sub',
    type: 'subflow',
    name: 'steps',
    in: [{ x: 20, y: 40, wires: [{ id: 'inner' }] }],
    out: [{ x: 200, y: 40, wires: [{ id: 'inner', port: 0 }] }],
  },
  inSubflow(func),
  { id: 'next', type: 'subflow:sub', z: 'tab', x: 200, y: 40, wires: onward },
];
const linkCall = (func: string): FlowNode[] => [
  { id: 'next', type: 'link call', links: ['start'], timeout: '5', wires: onward },
  { id: 'start', type: 'link in', links: [], wires: [['inner']] },
  fn('inner', func, [['back']]),
  { id: 'back', type: 'link out', mode: 'return', links: [] },
];
const trigger = (more: Record<string, unknown>): FlowNode => ({
  id: 'next',
  type: 'trigger',
  op1: 'x',
  op1type: 'str',
  op2: '',
  op2type: 'nul',
  units: 'ms',
  bytopic: 'all',
  outputs: 1,
  wires: onward,
  ...more,
});
const file = (filename: string, more: Record<string, unknown> = {}): FlowNode => ({
  id: 'next',
  type: 'file',
  filename,
  filenameType: 'str',
  appendNewline: true,
  createDir: false,
  overwriteFile: 'false',
  encoding: 'none',
  ...more,
});
const mqttOut = (port: number, topic: string, qos = '1'): FlowNode[] => [
  { id: 'next', type: 'mqtt out', topic, qos, retain: 'false', broker: 'broker' },
  {
    id: 'broker',
    type: 'mqtt-broker',
    broker: '127.0.0.1',
    port: String(port),
    clientid: '',
    autoConnect: true,
    usetls: false,
    protocolVersion: '4',
    keepalive: '60',
    cleansession: true,
  },
];
const tcpOut = (port: number): FlowNode => ({
  id: 'next',
  type: 'tcp out',
  host: '127.0.0.1',
  port: String(port),
  beserver: 'client',
  base64: false,
  end: false,
});
const exec = (command: string, more: Record<string, unknown> = {}): FlowNode => ({
  id: 'next',
  type: 'exec',
  command,
  addpay: '',
  append: '',
  useSpawn: 'false',
  timer: '',
  oldrc: false,
  wires: [[], [], []],
  ...more,
});
const batch = (count: number): FlowNode => ({
  id: 'next',
  type: 'batch',
  mode: 'count',
  count,
  overlap: 0,
  interval: 10,
  topics: [],
  wires: onward,
});
const join = (more: Record<string, unknown> = {}): FlowNode => ({
  id: 'next',
  type: 'join',
  mode: 'custom',
  build: 'array',
  property: 'payload',
  propertyType: 'msg',
  key: 'topic',
  joiner: '\\n',
  joinerType: 'str',
  accumulate: false,
  timeout: '',
  count: '2',
  wires: onward,
  ...more,
});
const whichever: FlowNode = {
  id: 'next',
  type: 'switch',
  name: 'next',
  property: 'payload',
  propertyType: 'msg',
  rules: [{ t: 'else' }],
  outputs: 1,
  wires: onward,
};
const filter: FlowNode = {
  id: 'next',
  type: 'rbe',
  name: 'next',
  func: 'rbe',
  property: 'payload',
  topi: 'topic',
  wires: onward,
};

const dedupe: FlowNode = { id: 'next', type: 'surewire-dedupe', confirm: 'arrival', wires: [['tail'], []] };
const webhookOut = (url: string): FlowNode => ({ id: 'next', type: 'surewire-webhook-out', url, wires: onward });

const connected = ({ red, id }: At): Promise<unknown> =>
  red.statusWith(id('next'), ({ text }) => text?.endsWith('.connected') ?? false);
/** Another message comes to a node that gathers a group, which is complete with it. */
const closeGroup = async ({ red, id, open }: At, gathers = 'next'): Promise<void> => {
  await open(1);
  await red.inject(id(gathers), { payload: 'another' });
};

/**
 * The kinds of flow that people put behind a retry node.
 * @param key tells copies of a row apart in the surroundings
 */
export const rows = (around: Surroundings, key: string): Row[] => [
  ...[
    ['function', [fn('next', 'return msg;', onward)]] as const,
    ['change', [{ id: 'next', ...change, wires: onward }]] as const,
    [
      'template',
      [
        {
          id: 'next',
          type: 'template',
          field: 'payload',
          fieldType: 'msg',
          syntax: 'mustache',
          template: 'y',
          wires: onward,
        },
      ],
    ] as const,
    ['subflow', subflow('return msg;')] as const,
    ['link call', linkCall('return msg;')] as const,
  ].map(
    ([what, nodes]): Row => ({
      what: `${what}: what fails behind it is seen`,
      nodes: [...nodes, tail(2)],
      attempts: 3,
      error: FAILS_ON_PURPOSE,
    }),
  ),
  ...[
    ['function that throws', 'throw new Error("broken");'],
    ['asynchronous function that throws', 'await 1; throw new Error("broken");'],
    ['function with node.error(error, msg)', 'node.error(new Error("broken"), msg); return;'],
  ].map(
    ([what, code]): Row => ({
      what: String(what),
      nodes: [fn('next', `if (msg.retry.attempt < 3) { ${code} } return msg;`, onward), tail(0)],
      attempts: 3,
      error: /broken/,
    }),
  ),
  { what: 'node that calls done(error)', nodes: [probe('next', { fail: 2 })], attempts: 3, error: FAILS_ON_PURPOSE },
  {
    what: 'subflow that fails within',
    nodes: [...subflow('if (msg.retry.attempt < 3) throw new Error("broken"); return msg;'), tail(0)],
    attempts: 3,
    error: /broken/,
  },
  {
    what: 'link call that fails within',
    nodes: [...linkCall('if (msg.retry.attempt < 3) throw new Error("broken"); return msg;'), tail(0)],
    attempts: 3,
    error: /broken/,
  },
  {
    what: 'node.error(error) without msg: invisible, so a success',
    nodes: [fn('next', 'node.error("broken"); return;')],
    attempts: 1,
  },

  {
    what: 'http request, refused',
    nodes: [httpRequest('next', `http://127.0.0.1:${around.closedPort}/`)],
    retry: { attempts: 2 },
    attempts: 2,
    gaveUp: 'attempts-exhausted',
    error: /ECONNREFUSED/,
  },
  {
    what: 'http request, no answer in time',
    nodes: [httpRequest('next', `${around.http}hang,hang,200/${key}`)],
    message: { requestTimeout: 200 },
    attempts: 3,
    error: /no response/,
  },
  ...[500, 429, 404].map(
    (status): Row => ({
      what: `http request, answered ${status}`,
      nodes: [httpRequest('next', `${around.http}${status},${status},200/${key}`, onward), tail(0)],
      attempts: 3,
      error: new RegExp(`answered ${status}`),
      also: ({ seen }) => {
        assert.equal(seen('tail').at(-1)?.statusCode, 200);
        assert.equal(around.hits.get(`/${status},${status},200/${key}`), 3);
      },
    }),
  ),
  {
    what: 'http request, answered 404 where that is final',
    nodes: [httpRequest('next', `${around.http}404,200/${key}`)],
    retry: { giveUpOn: '404' },
    attempts: 1,
    gaveUp: 'status-final',
    error: /404/,
  },

  ...[500, 429].map(
    (status): Row => ({
      what: `webhook out, answered ${status}`,
      nodes: [webhookOut(`${around.http}${status},${status},200/${key}`), tail(0)],
      attempts: 3,
      error: new RegExp(`answered ${status}`),
      also: ({ seen }) => assert.equal(seen('tail').length, 1),
    }),
  ),
  {
    what: 'webhook out, answered 410: final',
    nodes: [webhookOut(`${around.http}410,200/${key}`), tail(0)],
    attempts: 1,
    gaveUp: 'status-final',
    error: /410/,
  },
  {
    what: 'webhook out, refused',
    nodes: [webhookOut(`http://127.0.0.1:${around.closedPort}/`), tail(0)],
    retry: { attempts: 2 },
    attempts: 2,
    gaveUp: 'attempts-exhausted',
    error: /ECONNREFUSED/,
  },

  {
    what: 'function that sends later',
    nodes: [fn('next', 'setTimeout(() => node.send(msg), 40);', onward), tail(1)],
    attempts: 2,
    error: FAILS_ON_PURPOSE,
  },
  {
    what: 'function that sends later than the settle time: a success, whatever comes of it',
    nodes: [fn('next', 'setTimeout(() => node.send(msg), 400);', onward), tail(1)],
    retry: { settleMs: 20 },
    attempts: 1,
    also: ({ red, id }) => red.message(id('tail')),
  },
  {
    what: 'trigger that sends at once',
    nodes: [trigger({ duration: '10' }), tail(1)],
    // The trigger takes no message while it is triggered.
    retry: { baseMs: 200 },
    attempts: 2,
    error: FAILS_ON_PURPOSE,
  },
  {
    what: 'trigger that sends later',
    nodes: [trigger({ op1type: 'nul', op2: 'x', op2type: 'str', duration: '40' }), tail(1)],
    attempts: 2,
    error: FAILS_ON_PURPOSE,
  },

  {
    what: 'file, append',
    nodes: [file(path.join(around.directory, key)), tail(0)],
    attempts: 1,
    also: () => assert.equal(readFileSync(path.join(around.directory, key), 'utf8'), 'x\n'),
  },
  {
    what: 'file, append to a bad path',
    nodes: [file(path.join(around.directory, 'missing', key))],
    retry: { attempts: 3 },
    attempts: 3,
    gaveUp: 'attempts-exhausted',
    // Core says so itself only once.
    error: /cannot write until it is deployed anew: .*ENOENT/,
  },
  {
    what: 'file, append to a bad path, a flow behind it',
    nodes: [file(path.join(around.directory, 'missing', key), { wires: onward }), tail(0)],
    retry: { attempts: 3 },
    attempts: 3,
    gaveUp: 'attempts-exhausted',
    error: /ENOENT/,
  },
  {
    what: 'file, append to a bad path that the message names',
    nodes: [file('filename', { filenameType: 'msg', wires: onward }), tail(0)],
    message: { filename: path.join(around.directory, 'missing', key) },
    retry: { attempts: 3 },
    attempts: 3,
    gaveUp: 'attempts-exhausted',
    error: /ENOENT/,
  },
  {
    what: 'file, overwrite at a bad path',
    nodes: [file(path.join(around.directory, 'missing', key), { overwriteFile: 'true', wires: onward }), tail(0)],
    retry: { attempts: 3 },
    attempts: 3,
    gaveUp: 'attempts-exhausted',
    error: /ENOENT/,
  },

  ...['0', '1', '2'].map(
    (qos): Row => ({
      what: `mqtt out, QoS ${qos}`,
      nodes: mqttOut(around.broker, key, qos),
      ready: connected,
      attempts: 1,
      also: ({ red }) => red.until('the message at the broker', () => around.published.get(key)?.join() === 'x'),
    }),
  ),
  {
    what: 'mqtt out, offline: only the timeout tells',
    nodes: mqttOut(around.closedPort, key),
    retry: { attempts: 2, timeout: 0.3 },
    attempts: 2,
    gaveUp: 'attempts-exhausted',
    error: NO_OUTCOME,
  },
  {
    what: 'mqtt out, bad topic: only the timeout tells',
    nodes: mqttOut(around.broker, 'doors/#'),
    ready: connected,
    retry: { attempts: 2, timeout: 0.3 },
    attempts: 2,
    gaveUp: 'attempts-exhausted',
    error: NO_OUTCOME,
    also: () => assert.equal(around.published.has('doors/#'), false),
  },

  {
    what: 'tcp out, taken',
    nodes: [tcpOut(around.tcp)],
    message: { payload: `<${key}>` },
    ready: connected,
    attempts: 1,
    also: ({ red }) => red.until('the bytes', () => around.tcpText.includes(`<${key}>`)),
  },
  { what: 'tcp out, nobody there: cannot be known, so a success', nodes: [tcpOut(around.closedPort)], attempts: 1 },
  {
    what: 'udp out, nobody there: cannot be known, so a success',
    nodes: [
      {
        id: 'next',
        type: 'udp out',
        addr: '127.0.0.1',
        port: String(around.closedPort),
        ipv: 'udp4',
        multicast: 'false',
        outport: '',
      },
    ],
    // It takes nothing in the first moment after it was started.
    ready: () => pause(200),
    attempts: 1,
  },
  { what: 'exec, exit code 3: cannot be known, so a success', nodes: [exec('exit 3')], attempts: 1 },
  {
    what: 'exec as spawn, exit code: cannot be known, so a success',
    nodes: [exec('false', { useSpawn: 'true' })],
    attempts: 1,
  },
  {
    what: 'exec as spawn, no such command: cannot be known, so a success',
    nodes: [exec('no-such-command', { useSpawn: 'true' })],
    attempts: 1,
  },
  {
    what: 'exec with a function behind output 3 that throws',
    nodes: [
      exec('exit 3', { wires: [[], [], ['code']] }),
      fn('code', 'if (msg.payload.code !== 0) throw new Error("exit code " + msg.payload.code);'),
    ],
    retry: { attempts: 2 },
    attempts: 2,
    gaveUp: 'attempts-exhausted',
    error: /exit code 3/,
  },

  {
    what: 'two branches: a success after both',
    wires: ['next', 'slow'],
    nodes: [probe('next'), { ...batch(2), id: 'slow' }, tail(0)],
    attempts: 1,
    meanwhile: (at) => closeGroup(at, 'slow'),
  },
  {
    what: 'two branches: a failure at the first, and both get it again',
    wires: ['next', 'other'],
    // The other branch never ends with attempt 1.
    nodes: [probe('next', { fail: 1 }), fn('other', 'if (msg.retry.attempt > 1) node.done();')],
    attempts: 2,
    error: FAILS_ON_PURPOSE,
  },

  {
    what: 'a node chosen to decide: no other does',
    wires: ['next', 'other'],
    nodes: [fn('next', 'return msg;', onward), tail(1), fn('other', 'throw new Error("does not matter");')],
    retry: { scope: ['tail'] },
    attempts: 2,
    error: FAILS_ON_PURPOSE,
  },
  {
    what: 'a node chosen to decide that the message does not reach: only the timeout tells',
    nodes: [fn('next', 'return null;', onward), tail(0)],
    retry: { scope: ['tail'], attempts: 2, timeout: 0.3 },
    attempts: 2,
    gaveUp: 'attempts-exhausted',
    error: NO_OUTCOME,
  },

  {
    what: 'batch: not done until the group closes',
    nodes: [batch(2), tail(0)],
    attempts: 1,
    meanwhile: (at) => closeGroup(at),
  },
  {
    what: 'join: not done until the group closes',
    nodes: [join(), tail(0)],
    attempts: 1,
    meanwhile: (at) => closeGroup(at),
  },
  {
    what: 'batch that does not close in time: a failure, and its closing later changes nothing',
    nodes: [batch(3), tail(0)],
    retry: { attempts: 2, timeout: 0.3 },
    attempts: 2,
    gaveUp: 'attempts-exhausted',
    error: NO_OUTCOME,
    also: async ({ red, id }) => {
      await red.inject(id('next'), { payload: 'another' });
      await red.message(id('tail'), 3);
    },
  },
  {
    what: 'join: the late completion of attempt 1 does not complete attempt 2',
    nodes: [
      // Attempt 2 closes the group of attempt 1; when that is done with, its own group is closed.
      fn(
        'next',
        `const { attempt } = msg.retry;
         msg.parts = { id: 'group ' + attempt, type: 'array', count: 2, index: 0 };
         return [msg, attempt === 2 ? { payload: 'closing', parts: { ...msg.parts, id: 'group 1', index: 1 } } : null];`,
        [['group'], ['group']],
      ),
      { ...join({ mode: 'auto' }), id: 'group', wires: [[]] },
      { id: 'done', type: 'complete', scope: ['group'], wires: [['once']] },
      fn(
        'once',
        `if (context.get('closed')) return;
         context.set('closed', true);
         return { payload: 'closing', parts: { id: 'group 2', type: 'array', count: 2, index: 1 } };`,
        [['closing']],
      ),
      probe('closing', { wires: [['group']] }),
    ],
    retry: { timeout: 1 },
    attempts: 2,
    error: NO_OUTCOME,
    also: ({ red, id }) => {
      const order = red.messages.map((entry) => entry.probe);
      assert.ok(order.indexOf(id('closing')) < order.indexOf(id('succeeded')));
    },
  },

  {
    what: 'switch: named to people; what fails behind it is seen',
    nodes: [whichever, tail(1)],
    attempts: 2,
    error: FAILS_ON_PURPOSE,
    silent: 'switch',
  },
  {
    what: 'switch without a match: handled when it got there',
    nodes: [{ ...whichever, rules: [{ t: 'eq', v: 'other', vt: 'str' }] }, tail(1)],
    attempts: 1,
    silent: 'switch',
  },
  {
    what: 'filter: named to people; it lets no repeat through, so attempt 2 is a success without effect',
    nodes: [filter, tail(1)],
    attempts: 2,
    error: FAILS_ON_PURPOSE,
    silent: 'rbe',
    also: ({ seen }) => assert.equal(seen('tail').length, 1),
  },
  {
    what: 'dedupe that waits for success: it lets the repeat through',
    nodes: [{ ...dedupe, confirm: 'success' }, tail(1)],
    message: { event: { id: 'x' } },
    attempts: 2,
    error: FAILS_ON_PURPOSE,
    also: ({ seen }) => assert.equal(seen('tail').length, 2),
  },
  {
    what: 'dedupe on arrival: it lets no repeat through, so attempt 2 is a success without effect',
    nodes: [dedupe, tail(1)],
    message: { event: { id: 'x' } },
    attempts: 2,
    error: FAILS_ON_PURPOSE,
    also: ({ seen }) => assert.equal(seen('tail').length, 1),
  },

  {
    what: 'mqtt out, offline until the broker comes',
    nodes: mqttOut(around.lateBroker, key),
    retry: { timeout: 0.3, attempts: 1000 },
    attempts: 'until it works',
    error: NO_OUTCOME,
    async meanwhile({ red, id, seen }) {
      await red.message(`at ${id('next')}`, 2);
      const late = await startBroker(around.published, around.lateBroker);
      try {
        await red.until('the end', () => seen('succeeded').length > 0);
      } finally {
        await late.close();
      }
      assert.deepEqual(around.published.get(key), ['x']);
    },
  },
];
