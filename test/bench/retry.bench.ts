import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type FlowNode, flow, startNodeRed } from '../support/node-red';
import { median } from './median';
import { NOT_THROUGH, rate } from './pump';
import type { Row } from './row';

const MESSAGES = 1000;
const ROUNDS = 9;
const PARKED = 100_000;
const PEERS = ['@colinl/node-red-guaranteed-delivery', 'node-red-contrib-queue-gate'];
const MB = 1_048_576;

const node = (id: string, type: string, more: object = {}): FlowNode => ({ id, type, wires: [[]], ...more });
const fn = (id: string, func: string, wires: string[][]): FlowNode =>
  node(id, 'function', { func, outputs: wires.length, wires });
const pump = (name: string, ...to: string[]): FlowNode => node(`${name}-pump`, 'test-pump', { wires: [to] });
const drain = (name: string): FlowNode => node(`${name}-drain`, 'test-drain', { wires: [] });

const retry = (id: string, to: string, more: object = {}): FlowNode =>
  node(id, 'surewire-retry', { strategy: 'fixed', baseMs: 1, jitter: 0, wires: [[to], [], []], ...more });
/** Fails every message the first time. */
const flaky = (id: string, to: string, failed = ''): FlowNode =>
  fn(
    id,
    `if (!(msg.retry ? msg.retry.attempt > 1 : msg.again)) { ${failed} throw new Error('first time'); } return msg;`,
    [[to]],
  );

function coreOnly(name: string, middle: FlowNode): FlowNode[] {
  return [
    pump(name, middle.id),
    middle,
    node(`${name}-catch`, 'catch', { scope: [middle.id], wires: [[`${name}-delay`]] }),
    node(`${name}-delay`, 'delay', {
      pauseType: 'delay',
      timeout: '1',
      timeoutUnits: 'milliseconds',
      wires: [[`${name}-again`]],
    }),
    fn(`${name}-again`, 'msg.again = true; return msg;', [[middle.id]]),
    drain(name),
  ];
}

/** Installs the peers into a user directory of their own. @returns why not, or undefined */
function installPeers(userDir: string): string | undefined {
  const run = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', userDir, ...PEERS], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  return run.status === 0 ? undefined : (run.stderr || String(run.error)).split('\n')[0];
}

/** A queue gate that keeps what arrives. */
const GATE = {
  controlTopic: 'control',
  defaultState: 'queueing',
  maxQueueLength: 0,
  keepNewest: false,
  persist: false,
  storeName: 'memory',
  ...Object.fromEntries(
    ['open', 'close', 'toggle', 'queue', 'trigger', 'flush', 'reset', 'peek', 'drop', 'status', 'default'].map(
      (command) => [`${command}Cmd`, command],
    ),
  ),
};

const completed = (name: string, to: string): FlowNode =>
  node(`${name}-complete`, 'complete', { scope: [`${name}-drain`], wires: [[to]] });

/**
 * The peers, each with its sending node behind it and wired as its own examples are: OK back to guaranteed delivery when the message
 * has been sent ("guaranteed-email"), and for the gate peek, then drop and peek the next ("q-gate-retain"). What arrives at an empty
 * gate has to start it again, so the flow counts what waits.
 */
function peers(): FlowNode[] {
  return [
    pump('delivery', 'delivery'),
    // A subflow that reads every one of its fields when it starts, and starts only if they are all there.
    node('delivery', 'guaranteed-delivery', {
      controlProperty: 'control',
      OKValue: 'OK',
      FAILValue: 'FAIL',
      retrySecs: 60,
      timeout: 120,
      maxQueue: 0,
      contextStore: 'default',
      wires: [['delivery-drain']],
    }),
    drain('delivery'),
    completed('delivery', 'delivery-ok'),
    node('delivery-ok', 'change', {
      rules: [{ t: 'set', p: 'control', pt: 'msg', to: 'OK', tot: 'str' }],
      wires: [['delivery']],
    }),
    pump('gate', 'gate', 'gate-start'),
    fn(
      'gate-start',
      `const waiting = (flow.get('waiting') ?? 0) + 1;
      flow.set('waiting', waiting);
      return waiting === 1 ? { topic: 'control', payload: 'peek' } : null;`,
      [['gate']],
    ),
    node('gate', 'q-gate', { ...GATE, wires: [['gate-drain']] }),
    drain('gate'),
    completed('gate', 'gate-next'),
    fn(
      'gate-next',
      `const waiting = flow.get('waiting') - 1;
      flow.set('waiting', waiting);
      node.send({ topic: 'control', payload: 'drop' });
      return waiting > 0 ? { topic: 'control', payload: 'peek' } : null;`,
      [['gate']],
    ),
  ];
}

/** Messages a second, each way in turn, so that a busy moment of the machine falls on all of them. */
async function speeds(names: string[], nodes: FlowNode[], userDir?: string): Promise<Map<string, number>> {
  const red = await startNodeRed({ flows: flow(nodes), ...(userDir ? { userDir } : {}) });
  try {
    const rates = new Map<string, number[]>(names.map((name) => [name, []]));
    // The first rounds warm up; what does not get through is not asked again.
    const moving: string[] = [];
    for (const name of names) if ((await rate(red, name, MESSAGES)) > 0) moving.push(name);
    for (const name of moving) await rate(red, name, MESSAGES);
    for (let round = 0; round < ROUNDS; round += 1)
      for (const name of moving) rates.get(name)?.push(await rate(red, name, MESSAGES));
    return new Map([...rates].map(([name, values]) => [name, median(values)]));
  } finally {
    await red.stop(userDir ? { keep: true } : {});
  }
}

/** What 100,000 messages that wait in a disk store add to the memory of Node-RED, in MB. */
async function parked(): Promise<{ rss: number; heap: number; perSecond: number }> {
  const red = await startNodeRed({
    execArgv: ['--expose-gc'],
    flows: flow([
      node('store', 'surewire-event-store', { kind: 'disk' }),
      pump('park', 'park'),
      retry('park', 'park-next', { store: 'store', commands: true, maxWaiting: 2 * PARKED }),
      node('park-complete', 'complete', { scope: ['park'], wires: [['park-drain']] }),
      node('park-next', 'test-drain', { wires: [] }),
      drain('park'),
    ]),
  });
  try {
    // As many that do not wait first: V8 lets its young generation grow with traffic, by 64 MB in Node.js 24, whatever the flow does.
    await red.command('pump', { pump: 'park-pump', drain: 'park-next', count: PARKED, patienceMs: 300_000 });
    await red.inject('park', { command: 'pause' });
    const settled = async (): Promise<NodeJS.MemoryUsage> => {
      await red.command('memory', { gc: true });
      return red.command<NodeJS.MemoryUsage>('memory', { gc: true });
    };
    const before = await settled();
    const perSecond = await rate(red, 'park', PARKED, { patienceMs: 300_000 });
    const after = await settled();
    return { rss: (after.rss - before.rss) / MB, heap: (after.heapUsed - before.heapUsed) / MB, perSecond };
  } finally {
    await red.stop();
  }
}

/** Speed of retry beside what people use for it now, and what waiting messages cost. */
export async function run(): Promise<Row[]> {
  const own = await speeds(
    ['wire', 'retry', 'disk', 'retry-fails', 'core', 'core-fails'],
    [
      pump('wire', 'wire-drain'),
      drain('wire'),
      pump('retry', 'retry'),
      retry('retry', 'retry-drain'),
      drain('retry'),
      node('store', 'surewire-event-store', { kind: 'disk' }),
      pump('disk', 'disk'),
      retry('disk', 'disk-drain', { store: 'store' }),
      drain('disk'),
      pump('retry-fails', 'retry-fails'),
      retry('retry-fails', 'retry-flaky', { concurrency: 100 }),
      flaky('retry-flaky', 'retry-fails-drain'),
      drain('retry-fails'),
      ...coreOnly('core', fn('core-works', 'return msg;', [['core-drain']])),
      ...coreOnly('core-fails', flaky('core-flaky', 'core-fails-drain')),
    ],
  );
  const userDir = mkdtempSync(path.join(tmpdir(), 'surewire-peers-'));
  const rows: Row[] = [];
  const row = (scenario: string, value: number, note?: string): Row => ({
    scenario: `retry: ${scenario}`,
    unit: 'messages/s',
    ...(value > 0 ? { value, ...(note && { note }) } : { note: NOT_THROUGH }),
  });
  const of = (name: string): number => own.get(name) ?? 0;
  const target = 10_000;
  rows.push(
    row('a bare wire, nothing between', of('wire')),
    { ...row('1,000 messages, memory, downstream succeeds', of('retry')), target, met: of('retry') >= target },
    row('the same with a disk store', of('disk'), 'each durable before it is sent'),
    row('memory, every message fails the first time', of('retry-fails')),
    row('peer: core catch + delay, downstream succeeds', of('core'), 'keeps nothing while it succeeds'),
    row(
      'peer: core catch + delay, every message fails the first time',
      of('core-fails'),
      'tries for ever, keeps nothing',
    ),
  );
  try {
    const missing = installPeers(userDir);
    if (missing)
      rows.push(
        ...PEERS.map((name) => ({
          scenario: `retry: peer: ${name}`,
          unit: 'messages/s',
          note: `not installed: ${missing}`,
        })),
      );
    else {
      const speed = await speeds(['delivery', 'gate'], peers(), userDir);
      rows.push(
        row(
          `peer: ${PEERS[0]}, downstream succeeds`,
          speed.get('delivery') ?? 0,
          'one message at a time, OK wired back; waits in the context store',
        ),
        row(
          `peer: ${PEERS[1]}, downstream succeeds`,
          speed.get('gate') ?? 0,
          'one message at a time, peek and drop by the flow; waits in the context store',
        ),
      );
    }
  } finally {
    rmSync(userDir, { recursive: true, force: true });
  }
  const { rss, heap, perSecond } = await parked();
  rows.push(
    {
      scenario: `retry: ${PARKED} messages parked, disk: memory added`,
      value: Math.round(rss),
      unit: 'MB',
      target: 'below 100',
      met: rss < 100,
      note: `${Math.round(heap)} MB of it in the main heap`,
    },
    row(`${PARKED} messages taken into a disk store`, perSecond),
  );
  return rows;
}
