import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Report } from '../../nodes/device-simulator/ledger';
import { type FlowNode, flow, type RunningNodeRed, startNodeRed } from '../support/node-red';
import type { Row } from './row';

const SECONDS = 10;
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** Answers the command `loop` with how long Node-RED's event loop was held since the last time. */
const LOOP = `
const { monitorEventLoopDelay } = require('node:perf_hooks');
const loop = monitorEventLoopDelay({ resolution: 1 });
loop.enable();
process.on('message', (request) => {
  if (request?.command !== 'loop') return;
  const value = { max: loop.max / 1e6, p999: loop.percentile(99.9) / 1e6 };
  loop.reset();
  process.send({ kind: 'reply', seq: request.seq, value });
});
`;

interface Loop {
  max: number;
  p999: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function measured(
  red: RunningNodeRed,
  nodes: FlowNode[],
): Promise<{ before: Report; after: Report; seconds: number; loop: Loop }> {
  const report = async (): Promise<Report> => {
    const answer = await fetch(`${red.url}/surewire-device-simulator/sim`);
    return ((await answer.json()) as { report: Report }).report;
  };
  await red.deploy(flow(nodes));
  await red.inject('sim', { payload: 'start' });
  // Let the just-in-time compiler and the heap settle.
  await pause(4000);
  await red.command<Loop>('loop');
  const before = await report();
  const begun = performance.now();
  await pause(SECONDS * 1000);
  const after = await report();
  const seconds = (performance.now() - begun) / 1000;
  const loop = await red.command<Loop>('loop');
  await red.deploy(flow([]));
  return { before, after, seconds, loop };
}

async function messages(red: RunningNodeRed): Promise<Row[]> {
  const nodes: FlowNode[] = [
    {
      id: 'sim',
      type: 'surewire-device-simulator',
      devices: 10_000,
      intervalMs: 400,
      maxRate: 1_000_000,
      profile: 'mixed',
      wires: [['sim'], []],
    },
  ];
  // What the machine does to an idle process at the same time is none of the simulator's doing.
  await red.command<Loop>('loop');
  await pause(SECONDS * 1000);
  const idle = await red.command<Loop>('loop');
  const { before, after, seconds, loop } = await measured(red, nodes);
  const rate = (after.processed - before.processed) / seconds;
  return [
    {
      scenario: 'simulator: messages from 10,000 devices, back to the ledger',
      value: Math.round(rate),
      unit: 'events/s',
      target: 20_000,
      met: rate >= 20_000,
      note: '25,000/s asked for',
    },
    {
      scenario: 'simulator: longest hold of the event loop meanwhile',
      value: Math.round(loop.max * 10) / 10,
      unit: 'ms',
      target: 20,
      met: loop.max <= 20,
      note: `p99.9 ${loop.p999.toFixed(1)} ms; the same Node-RED idle: longest ${idle.max.toFixed(1)} ms`,
    },
  ];
}

async function http(red: RunningNodeRed): Promise<Row> {
  const sink = fork(path.join(__dirname, 'simulator-sink.js'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [port] = (await once(sink, 'message')) as [number];
  try {
    const nodes: FlowNode[] = [
      { id: 'auth', type: 'surewire-webhook-auth', name: 'bench secret', credentials: { secret: SECRET } },
      {
        id: 'sim',
        type: 'surewire-device-simulator',
        devices: 1000,
        intervalMs: 50,
        maxRate: 1_000_000,
        target: 'http',
        url: `http://127.0.0.1:${port}/hooks`,
        auth: 'auth',
        wires: [[], []],
      },
    ];
    const { before, after, seconds } = await measured(red, nodes);
    const rate = (after.delivered - before.delivered) / seconds;
    return {
      scenario: 'simulator: signed requests over HTTP, answered 2xx',
      value: Math.round(rate),
      unit: 'requests/s',
      target: 3000,
      met: rate >= 3000,
      note: 'one core for Node-RED, the receiver has another',
    };
  } finally {
    sink.kill();
  }
}

function million(): Row[] {
  const output = execFileSync(process.execPath, [path.join(__dirname, 'simulator-million.js')], { encoding: 'utf8' });
  const { ok, peak, seconds } = JSON.parse(output) as { ok: boolean; peak: number; seconds: number };
  const megabytes = peak / 1e6;
  return [
    {
      scenario: 'simulator: whole process with the ledger over 1,000,000 events',
      value: Math.round(megabytes),
      unit: 'MB',
      target: 200,
      met: ok && megabytes < 200,
      note: `ledger ${ok ? 'ok' : 'NOT ok'}, ${seconds.toFixed(0)} s`,
    },
  ];
}

/** The device simulator against its targets. */
export async function run(): Promise<Row[]> {
  const red = await startNodeRed({ flows: flow([]), preamble: LOOP });
  try {
    return [...(await messages(red)), await http(red), ...million()];
  } finally {
    await red.stop();
  }
}
