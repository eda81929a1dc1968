import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FlowNode } from '../support/node-red';
import { median } from './median';
import { NOT_THROUGH, rate } from './pump';
import type { Row } from './row';
import { cpuMs, pin, pinnedNodeRed } from './servers';

const DELIVERIES = 3000;
const ROUNDS = 5;
/** As retry sends by default. */
const AT_ONCE = 16;
const KEY = Buffer.from('a secret of the bench, 32 bytes.');

/** What the headers of a request have to say of its body, in Standard Webhooks. */
function signature(headers: IncomingHttpHeaders, body: string): string {
  const [id, time] = [String(headers['webhook-id']), String(headers['webhook-timestamp'])];
  return `v1,${createHmac('sha256', KEY).update(`${id}.${time}.${body}`).digest('base64')}`;
}

/** Takes events at /plain as they are and at /signed only with a good Standard Webhooks signature; the load of the other core. */
async function receiver(): Promise<Server> {
  const good = ({ url, headers }: IncomingMessage, body: string): boolean =>
    url === '/plain' || headers['webhook-signature'] === signature(headers, body);
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const status = good(req, Buffer.concat(chunks).toString()) ? 200 : 401;
      res.writeHead(status, { 'content-type': 'application/json', 'content-length': 2 }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const SIGN = `const id = msg._msgid, time = Math.floor(Date.now() / 1000), body = JSON.stringify(msg.payload);
const hmac = crypto.createHmac('sha256', Buffer.from('${KEY.toString('base64')}', 'base64'));
msg.headers = {
  'content-type': 'application/json',
  'webhook-id': id,
  'webhook-timestamp': time,
  'webhook-signature': 'v1,' + hmac.update(id + '.' + time + '.' + body).digest('base64'),
};
msg.payload = body;
return msg;`;

/** The ways to deliver, each from a pump to a drain. */
function ways(origin: string): FlowNode[] {
  const ends = (name: string, first: string): FlowNode[] => [
    { id: `${name}-pump`, type: 'test-pump', wires: [[first]] },
    // What a 4xx leaves behind goes no further.
    {
      id: `${name}-ok`,
      type: 'switch',
      property: 'statusCode',
      rules: [{ t: 'eq', v: '200', vt: 'num' }],
      checkall: 'true',
      outputs: 1,
      wires: [[`${name}-drain`]],
    },
    { id: `${name}-drain`, type: 'test-drain', wires: [] },
  ];
  const httpRequest = (name: string, path: string): FlowNode => ({
    id: `${name}-request`,
    type: 'http request',
    method: 'POST',
    ret: 'obj',
    url: origin + path,
    persist: true,
    wires: [[`${name}-ok`]],
  });
  return [
    { id: 'key', type: 'surewire-webhook-auth', credentials: { secret: `whsec_${KEY.toString('base64')}` } },
    { id: 'out', type: 'surewire-webhook-out', url: `${origin}/signed`, auth: 'key', wires: [['out-ok']] },
    { id: 'unsigned', type: 'surewire-webhook-out', url: `${origin}/plain`, wires: [['unsigned-ok']] },
    ...ends('out', 'out'),
    ...ends('unsigned', 'unsigned'),
    httpRequest('core', '/plain'),
    ...ends('core', 'core-request'),
    {
      id: 'hmac-sign',
      type: 'function',
      func: SIGN,
      outputs: 1,
      libs: [{ var: 'crypto', module: 'crypto' }],
      wires: [['hmac-request']],
    },
    httpRequest('hmac', '/signed'),
    ...ends('hmac', 'hmac-sign'),
  ];
}

const WAYS = {
  out: 'webhook out, signed',
  unsigned: 'webhook out, no signature',
  core: 'core http request, no signature',
  hmac: 'HMAC in a function, core http request',
};
type Way = keyof typeof WAYS;

/** Deliveries a second to a receiver on the other core, over kept connections, beside core's http request; alternating. */
export async function run(): Promise<Row[]> {
  await pin(process.pid, '1');
  const server = await receiver();
  const red = await pinnedNodeRed(ways(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  try {
    const names = Object.keys(WAYS) as Way[];
    const rates = new Map<Way, number[]>(names.map((name) => [name, []]));
    const cpu = new Map<Way, number[]>(names.map((name) => [name, []]));
    // The first round warms up; what does not get through is not asked again.
    const moving = new Set(names);
    for (let round = -1; round < ROUNDS; round += 1) {
      for (const name of moving) {
        const before = cpuMs(red.pid);
        const perSecond = await rate(red, name, DELIVERIES, { ahead: AT_ONCE });
        if (perSecond === 0) moving.delete(name);
        if (round < 0) continue;
        rates.get(name)?.push(perSecond);
        cpu.get(name)?.push(((cpuMs(red.pid) - before) * 1000) / DELIVERIES);
      }
    }
    const of = (name: Way): number => median(rates.get(name) ?? []);
    const ratio = (name: Way, other: Way): Row => {
      const row = { scenario: `${WAYS[name]} / ${WAYS[other]}`, unit: 'x', target: 'at least 1' };
      if (of(name) === 0 || of(other) === 0) return { ...row, note: NOT_THROUGH };
      const value = of(name) / of(other);
      return { ...row, value, met: value >= 1 };
    };
    return [
      ...names.map((name) => ({
        scenario: `${WAYS[name]}, ${AT_ONCE} at once`,
        unit: 'deliveries/s',
        ...(of(name) > 0
          ? { value: of(name), note: `${median(cpu.get(name) ?? []).toFixed(0)} us CPU a delivery` }
          : { note: NOT_THROUGH }),
      })),
      ratio('out', 'core'),
      ratio('out', 'hmac'),
    ];
  } finally {
    await red.stop();
    server.closeAllConnections();
    server.close();
  }
}
