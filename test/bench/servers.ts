import { type ChildProcess, fork, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openAuth } from '../support/flows';
import { type FlowNode, flow, freePort, type RunningNodeRed, root, startNodeRed } from '../support/node-red';

/** A server under measurement, pinned to one core where the machine has two. */
export interface Server {
  name: string;
  port: number;
  pid: number;
  stop(): Promise<void>;
}

const TASKSET = '/usr/bin/taskset';
const SERVER_CORE = '0';
export const SECRET = 's3cret';

/** The request of the bench: 300 bytes of JSON, signed as GitHub does. */
export const body = JSON.stringify({ device: 'door-1', seq: 1, note: 'x'.repeat(262) });
export const signed = {
  'content-type': 'application/json',
  'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
};

/** Binds a process and its threads to the server's core, and this process (the load) to the other. */
export async function pin(pid: number, core: string): Promise<void> {
  if (!existsSync(TASKSET)) return;
  const run = spawn(TASKSET, ['-acp', core, String(pid)], { stdio: 'ignore' });
  await once(run, 'exit');
}

/** Milliseconds of CPU a process has used so far, all threads; 0 where /proc is missing. */
export function cpuMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
}

/** Bytes resident, from /proc. */
export function residentMb(pid: number): number {
  const line = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) / 1024;
}

const auth: FlowNode = { ...openAuth, scheme: 'github', credentials: { secret: SECRET } };
const sink: FlowNode = { id: 'sink', type: 'bench-sink', wires: [] };
const fn = (id: string, func: string, wires: string[][]): FlowNode => ({
  id,
  type: 'function',
  func,
  outputs: 1,
  libs: [{ var: 'crypto', module: 'crypto' }],
  wires,
});

/** Node-RED with a flow, pinned. Credentials have to be deployed: a flow file holds none. */
export async function pinnedNodeRed(nodes: FlowNode[]): Promise<RunningNodeRed> {
  const red = await startNodeRed({ flows: [] });
  await red.deploy(flow(nodes));
  await pin(red.pid, SERVER_CORE);
  return red;
}

async function nodeRed(name: string, nodes: FlowNode[]): Promise<Server> {
  const red = await pinnedNodeRed(nodes);
  return { name, port: red.port, pid: red.pid, stop: () => red.stop() };
}

async function forked(name: string, kind: string): Promise<Server> {
  const port = await freePort();
  const child: ChildProcess = fork(path.join(root, 'test', 'bench', 'peers.js'), [kind, String(port)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  await pin(child.pid as number, SERVER_CORE);
  return {
    name,
    port,
    pid: child.pid as number,
    stop: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}

/** Debian's `webhook` (adnanh/webhook) with the same HMAC rule, starting `true` for each event; undefined where it is not installed. */
async function debianWebhook(): Promise<Server | undefined> {
  if (!existsSync('/usr/bin/webhook')) return undefined;
  const port = await freePort();
  const hooks = path.join(mkdtempSync(path.join(tmpdir(), 'surewire-bench-')), 'hooks.json');
  const match = {
    type: 'payload-hmac-sha256',
    secret: SECRET,
    parameter: { source: 'header', name: 'X-Hub-Signature-256' },
  };
  writeFileSync(hooks, JSON.stringify([{ id: 'door', 'execute-command': '/bin/true', 'trigger-rule': { match } }]));
  const child = spawn(
    '/usr/bin/webhook',
    ['-ip', '127.0.0.1', '-port', String(port), '-hooks', hooks, '-urlprefix', 'hooks'],
    { stdio: 'ignore' },
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  await pin(child.pid as number, SERVER_CORE);
  return {
    name: "Debian's webhook, same HMAC",
    port,
    pid: child.pid as number,
    stop: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}

const hook = (more: Record<string, unknown> = {}): FlowNode[] => [
  auth,
  { id: 'hook', type: 'surewire-webhook-in', path: '/hooks/door', auth: 'open', wires: [['sink'], []], ...more },
  sink,
];

const schema = JSON.stringify({
  type: 'object',
  required: ['device', 'seq'],
  properties: { device: { type: 'string' }, seq: { type: 'integer' }, note: { type: 'string', maxLength: 1000 } },
});

export const webhookIn = (): Promise<Server> => nodeRed('webhook in, HMAC', hook());
export const withSchema = (): Promise<Server> => nodeRed('webhook in, HMAC and schema', hook({ schema }));
export const stored = (): Promise<Server> =>
  nodeRed('webhook in, HMAC, stored on disk', [
    ...hook({ answer: 'stored', store: 'store' }),
    { id: 'store', type: 'surewire-event-store', kind: 'disk', directory: 'bench' },
  ]);

/** Who webhook in is measured beside, all doing the same job as far as they can. */
export async function peers(): Promise<Server[]> {
  const answered = (id: string): FlowNode => ({ id, type: 'http response', statusCode: '202', wires: [] });
  const core = await nodeRed('core http in, no check', [
    { id: 'in', type: 'http in', url: '/hooks/door', method: 'post', wires: [['out']] },
    answered('out'),
  ]);
  const verify = `const given = Buffer.from((msg.req.headers['x-hub-signature-256'] ?? '').slice(7), 'hex');
    const wanted = crypto.createHmac('sha256', '${SECRET}').update(msg.payload).digest();
    msg.statusCode = given.length === 32 && crypto.timingSafeEqual(given, wanted) ? 202 : 401;
    msg.payload = JSON.parse(msg.payload.toString()); return msg;`;
  const raw = await nodeRed('core http in, raw body, HMAC in a function', [
    { id: 'in', type: 'http in', url: '/hooks/door', method: 'post', skipBodyParsing: true, wires: [['check']] },
    fn('check', verify, [['out']]),
    { id: 'out', type: 'http response', wires: [] },
  ]);
  const others = [await forked('bare node:http, same checks', 'bare'), await forked('Express, same checks', 'express')];
  const debian = await debianWebhook();
  return [core, raw, ...others, ...(debian ? [debian] : [])];
}
