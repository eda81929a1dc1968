import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { startNodeRed, WITHOUT_PACKAGE } from '../support/node-red';
import { load, requestBytes } from './load';
import { median } from './median';
import type { Row } from './row';
import { body, cpuMs, peers, pin, residentMb, type Server, signed, stored, webhookIn, withSchema } from './servers';

const ROUNDS = 7;
const WARM_UP = 4;
/** Requests in a round, for all but the slow. */
const ROUND = 10_000;
const CONNECTIONS = 64;
const MB = 1024 * 1024;

interface Measured {
  perSecond: number;
  p99: number;
  cpuUs: number;
}

const medianOf = (rounds: Measured[], what: keyof Measured): number => median(rounds.map((round) => round[what]));

/** By pairs of neighbouring rounds, so that a machine that gets slower meanwhile does not count. */
const ratioOf = (ours: Measured[], theirs: Measured[], what: keyof Measured): number =>
  median(ours.map((round, at) => round[what] / (theirs[at] as Measured)[what]));

/** Alternating rounds over all servers, so that a noisy machine is noisy for each of them. */
async function race(servers: Server[], count: (server: Server) => number): Promise<Map<string, Measured[]>> {
  const request = requestBytes('/hooks/door', signed, body);
  const rounds = new Map<string, Measured[]>(servers.map(({ name }) => [name, []]));
  // As long as a round for each, or V8 would still be compiling the slower ones while they are measured.
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const server of servers) {
      const n = count(server);
      const before = cpuMs(server.pid);
      const { perSecond, p99, statuses } = await load(server.port, request, n, CONNECTIONS);
      const cpuUs = ((cpuMs(server.pid) - before) * 1000) / n;
      const good = (statuses[202] ?? 0) + (statuses[200] ?? 0);
      if (good !== n) throw new Error(`${server.name}: ${JSON.stringify(statuses)}`);
      if (round >= 0) rounds.get(server.name)?.push({ perSecond, p99, cpuUs });
    }
  }
  return rounds;
}

function drainedOrClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}

/** Posts 100 MB that are refused, and watches what the process holds meanwhile. */
async function attack(server: Server): Promise<number> {
  const idle = residentMb(server.pid);
  let most = idle;
  const watch = setInterval(() => {
    most = Math.max(most, residentMb(server.pid));
  }, 10);
  const socket = createConnection(server.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('data', () => undefined);
  socket.on('error', () => undefined);
  socket.write(
    'POST /hooks/door HTTP/1.1\r\nhost: x\r\nx-hub-signature-256: sha256=00\r\ntransfer-encoding: chunked\r\n\r\n',
  );
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 120), Buffer.from('\r\n')]);
  for (let sent = 0; sent < 100 * MB && !socket.destroyed; sent += 65_536) {
    if (!socket.write(chunk)) await drainedOrClosed(socket);
  }
  socket.destroy();
  clearInterval(watch);
  return most - idle;
}

/** Resident memory of an idle Node-RED, with and without the package in use. */
async function addedByPackage(): Promise<number> {
  const added: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const sizes: number[] = [];
    for (const disabled of [true, false]) {
      const settings = {
        logging: "{ console: { level: 'info' } }",
        ...(disabled && WITHOUT_PACKAGE),
      };
      const red = await startNodeRed({ flows: [], settings, execArgv: ['--expose-gc'] });
      await red.command('memory', { gc: true });
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await red.command('memory', { gc: true });
      sizes.push(residentMb(red.pid));
      await red.stop();
    }
    added.push((sizes[1] as number) - (sizes[0] as number));
  }
  return median(added);
}

/**
 * What a schema leaves of the throughput: the median of three pairs of processes, because V8 makes of one process a tenth more than
 * of the next (0.82 to 1.02 in single pairs on Node.js 24).
 */
async function schemaRatio(): Promise<number> {
  const ratios: number[] = [];
  for (let pair = 0; pair < 3; pair += 1) {
    const servers = [await withSchema(), await webhookIn()];
    try {
      const [schema = [], plain = []] = [...(await race(servers, () => ROUND)).values()];
      ratios.push(ratioOf(schema, plain, 'perSecond'));
    } finally {
      for (const server of servers) await server.stop();
    }
  }
  return median(ratios);
}

/** Throughput, latency and memory of webhook in beside its peers, each on one core with the load on the other. */
export async function run(): Promise<Row[]> {
  await pin(process.pid, '1');
  const node20 = process.versions.node.startsWith('20.');
  const rows: Row[] = [];
  const ratio = (
    scenario: string,
    value: number,
    target: number,
    text: string,
    more: 'at least' | 'at most' = 'at least',
  ): void => {
    rows.push({
      scenario,
      value,
      unit: 'x',
      target: `${more} ${text}`,
      met: more === 'at least' ? value >= target : value <= target,
    });
  };
  const servers = [await webhookIn(), await withSchema(), await stored(), ...(await peers())];
  try {
    const results = await race(servers, ({ name }) =>
      name.startsWith('Debian') ? 300 : name.startsWith('core') ? 5000 : ROUND,
    );
    const [ours = [], , onDisk = [], core = [], , bare = []] = [...results.values()];
    for (const [name, rounds] of results) {
      rows.push({
        scenario: name,
        value: medianOf(rounds, 'perSecond'),
        unit: 'requests/s',
        note: `p99 ${medianOf(rounds, 'p99').toFixed(1)} ms, ${medianOf(rounds, 'cpuUs').toFixed(0)} us CPU a request`,
      });
    }
    ratio(
      'webhook in / core http in without a check',
      ratioOf(ours, core, 'perSecond'),
      node20 ? 4 : 1.6,
      node20 ? '4' : '1.6',
    );
    ratio('webhook in / bare node:http with the same checks', ratioOf(ours, bare, 'perSecond'), 0.5, '0.5');
    ratio('webhook in p99 / core p99', ratioOf(ours, core, 'p99'), 1, '1', 'at most');
    ratio('stored on disk / accepted', ratioOf(onDisk, ours, 'perSecond'), 0.4, '0.4');
    const most = await attack(servers[0] as Server);
    rows.push({
      scenario: 'memory during a 100 MB attack, above idle',
      value: most,
      unit: 'MB',
      target: 'at most 30',
      met: most <= 30,
    });
  } finally {
    for (const server of servers) await server.stop();
  }
  ratio('with schema / without', await schemaRatio(), 0.9, '0.9');
  const added = await addedByPackage();
  rows.push({
    scenario: 'memory added to an idle Node-RED by the package',
    value: added,
    unit: 'MB',
    target: 'at most 15',
    met: added <= 15,
  });
  return rows;
}
