import assert from 'node:assert/strict';
import { send } from '../support/http';
import { type FlowNode, flow, type Message, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { type Vector as Signed, vectors as signed } from '../webhook-auth/vectors';
import { type Vector, vectors } from './request';

/** Lets a test set the wall clock of Node-RED, before any node has taken hold of it. */
const CLOCK = `
const realNow = Date.now;
let offset = 0;
Date.now = () => realNow() + offset;
process.on('message', (message) => {
  if (message && message.setTime !== undefined) {
    offset = message.setTime === null ? 0 : message.setTime - realNow();
    process.send({ kind: 'status', id: 'clock', status: {} });
  }
});`;

type WithId = Signed & { expectEventId?: string };
const named: WithId[] = (signed as WithId[]).filter(({ expectEventId }) => expectEventId);
/** A greeting is answered however the node is told to read its events. */
const greetings = signed
  .filter(({ expectResponse }) => expectResponse)
  .flatMap((vector) => ['auto', 'text', 'buffer'].map((parse) => ({ ...vector, parse })));
const formats: Vector[] = vectors('format-vectors.json');

function hook(id: string, auth: FlowNode, fields: object = {}): FlowNode[] {
  return [
    auth,
    { id, type: 'surewire-webhook-in', path: `/${id}`, auth: auth.id, ...fields, wires: [[`p-${id}`], ['no']] },
    { id: `p-${id}`, type: 'test-probe', name: `p-${id}` },
  ];
}

const authOf = (id: string, { scheme, secret }: Signed): FlowNode => ({
  id: `auth-${id}`,
  type: 'surewire-webhook-auth',
  scheme,
  credentials: { secret },
});

describe('published vectors: what a running Node-RED makes of them', () => {
  let red: RunningNodeRed;

  before(async () => {
    red = await startNodeRed({ preamble: CLOCK });
    await red.deploy(
      flow([
        ...named.flatMap((vector, n) => hook(`n${n}`, authOf(`n${n}`, vector))),
        ...greetings.flatMap((vector, n) => hook(`g${n}`, authOf(`g${n}`, vector), { parse: vector.parse })),
        ...formats.flatMap((vector, n) =>
          hook(`f${n}`, { id: `auth-f${n}`, type: 'surewire-webhook-auth', scheme: 'none' }, vector.options),
        ),
        { id: 'no', type: 'test-probe', name: 'no' },
      ]),
    );
  });
  after(() => red.stop());

  async function post(vector: Signed, path: string) {
    const at = async (ms: number | null): Promise<void> => {
      const seen = red.statuses.length;
      red.child.send({ setTime: ms });
      await red.until('the clock', () => red.statuses.slice(seen).some(({ id }) => id === 'clock'));
    };
    if (vector.now !== null) await at(vector.now * 1000);
    const body = Buffer.from(vector.body, vector.bodyEncoding);
    const answer = await send(red.port, { method: vector.method, path, headers: vector.headers, body });
    if (vector.now !== null) await at(null);
    return answer;
  }

  for (const [n, vector] of named.entries()) {
    it(`${vector.id}: the event's id is ${vector.expectEventId}`, async () => {
      assert.equal((await post(vector, `/n${n}`)).status, 202);
      assert.equal((await red.message(`p-n${n}`)).event.id, vector.expectEventId);
    });
  }

  for (const [n, vector] of greetings.entries()) {
    it(`${vector.id}, read as ${vector.parse}: is answered by the scheme, and no event comes of it`, async () => {
      const answer = await post(vector, `/g${n}`);
      assert.ok(vector.expectResponse?.status.includes(answer.status), answer.body);
      assert.deepEqual(answer.json, vector.expectResponse?.json);
      const forged = await post({ ...vector, body: vector.body.replace('challenge', 'challengf') }, `/g${n}`);
      assert.equal(forged.status, 401);
      assert.equal(red.seen(`p-g${n}`).length, 0);
    });
  }

  for (const [n, vector] of formats.entries()) {
    it(`${vector.id}: its events and their ids`, async () => {
      const answer = await send(red.port, { path: `/f${n}`, headers: vector.headers, body: vector.body });
      assert.equal(answer.status, 202, answer.body);
      const ids = vector.expectEventIds ?? [vector.expectEventId];
      await red.message(`p-f${n}`, ids.length);
      assert.deepEqual(
        red.seen(`p-f${n}`).map((msg: Message) => msg.event.id),
        ids,
      );
    });
  }

  it('there are vectors of each kind', () => {
    assert.ok(named.length > 0 && greetings.length > 0 && formats.length > 0);
  });
});
