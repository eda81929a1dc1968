import assert from 'node:assert/strict';
import { send } from '../support/http';
import { type FlowNode, flow, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { type Vector, vectors } from './vectors';

/** Lets a test set the wall clock of Node-RED, before any node has taken hold of it. */
const CLOCK = `
const realNow = Date.now;
let offset = 0;
Date.now = () => realNow() + offset;
process.on('message', (message) => {
  if (message && message.setTime !== undefined) {
    offset = message.setTime === null ? 0 : message.setTime - realNow();
    process.send({ kind: 'status', id: 'clock', status: { text: String(message.setTime) } });
  }
});`;

async function setTime(red: RunningNodeRed, ms: number | null): Promise<void> {
  const seen = red.statuses.length;
  red.child.send({ setTime: ms });
  await red.until('the clock', () => red.statuses.slice(seen).some(({ id }) => id === 'clock'));
}

function nodes(vector: Vector, id: string, path: string): FlowNode[] {
  const { timestampHeader, ...options } = vector.options ?? {};
  const origin = new URL(options.publicUrl ?? vector.url);
  const userinfo = origin.username ? `${origin.username}:${origin.password}@` : '';
  return [
    {
      id: `auth-${id}`,
      type: 'surewire-webhook-auth',
      scheme: vector.scheme,
      ...options,
      ...(timestampHeader ? { timestampHeader } : {}),
      publicUrl: `${origin.protocol}//${userinfo}${origin.host}`,
      credentials: { secret: vector.secret },
    },
    // The verdict is about the signature, whatever the body is.
    { id, type: 'surewire-webhook-in', path, auth: `auth-${id}`, parse: 'buffer', wires: [[]] },
  ];
}

/** Header names as in the vector, values as the bytes of UTF-8. */
const request = (vector: Vector, path: string) => ({
  method: vector.method,
  path,
  headers: vector.headers,
  body: Buffer.from(vector.body, vector.bodyEncoding),
});

describe('published vectors over HTTP', () => {
  let red: RunningNodeRed;
  const plain = vectors.filter(({ scheme }) => scheme !== 'twilio');
  const signedUrl = vectors.filter(({ scheme }) => scheme === 'twilio');

  before(async () => {
    red = await startNodeRed({ preamble: CLOCK });
    await red.deploy(flow(plain.flatMap((vector, index) => nodes(vector, `v${index}`, `/v/${index}`))));
  });
  after(() => red.stop());

  async function judge(vector: Vector, path: string): Promise<void> {
    if (vector.now !== null) await setTime(red, vector.now * 1000);
    const answer = await send(red.port, request(vector, path));
    if (vector.now !== null) await setTime(red, null);
    if (vector.expect === 'accept')
      assert.ok(answer.status >= 200 && answer.status < 300, `${answer.status} ${answer.body}`);
    else assert.equal(answer.status, vector.secret === '' ? 503 : 401, answer.body);
  }

  for (const [index, vector] of plain.entries()) {
    it(`${vector.expect} ${vector.id}`, () => judge(vector, `/v/${index}`));
  }

  for (const vector of signedUrl) {
    it(`${vector.expect} ${vector.id}`, async () => {
      const { pathname, search } = new URL(vector.url);
      await red.deploy(flow(nodes(vector, 'v', pathname)));
      await judge(vector, pathname + search);
    });
  }
});
