import assert from 'node:assert/strict';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import twilio from 'twilio';
import { type FlowNode, flow, type Message, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { type Received, type Receiver, receiver } from '../support/receiver';

const WHSEC = `whsec_${Buffer.from('a secret of thirty-two bytes, ok!').toString('base64')}`;
const TEXT = 'a plain secret';

interface Scheme {
  scheme: string;
  secret: string;
  fields?: Record<string, unknown>;
  /** Node fields of the webhook out. */
  out?: Record<string, unknown>;
  payload: unknown;
  /** Where the event's id travels. */
  idHeader: string;
  /** The provider's own check; throws or is false where the request is not believed. */
  verify(request: Received, url: string): unknown;
}

const header = (request: Received, name: string): string => {
  const value = request.headers[name];
  assert.equal(typeof value, 'string', `${name} is missing`);
  return value as string;
};

const schemes: Scheme[] = [
  {
    scheme: 'standard-webhooks',
    secret: WHSEC,
    payload: { type: 'reading', data: { t: 21.5, place: 'Zürich' } },
    idHeader: 'webhook-id',
    verify: (request) =>
      new StandardWebhook(WHSEC).verify(request.body.toString(), request.headers as Record<string, string>),
  },
  {
    scheme: 'svix',
    secret: WHSEC,
    payload: { a: 1 },
    idHeader: 'svix-id',
    verify: (request) =>
      new SvixWebhook(WHSEC).verify(request.body.toString(), request.headers as Record<string, string>),
  },
  {
    scheme: 'github',
    secret: TEXT,
    payload: { action: 'opened', emoji: '🦆' },
    idHeader: 'x-github-delivery',
    verify: async (request) => {
      const { verify } = await import('@octokit/webhooks-methods');
      return verify(TEXT, request.body.toString(), header(request, 'x-hub-signature-256'));
    },
  },
  {
    scheme: 'stripe',
    secret: WHSEC,
    payload: { id: 'evt_1', object: 'event' },
    idHeader: 'webhook-id',
    verify: (request) =>
      new Stripe('sk_test_none').webhooks.constructEvent(request.body, header(request, 'stripe-signature'), WHSEC),
  },
  {
    scheme: 'twilio',
    secret: TEXT,
    out: { headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    payload: { MessageSid: 'SM1', Body: 'hello you', From: '+41' },
    idHeader: 'i-twilio-idempotency-token',
    verify: (request, url) =>
      twilio.validateRequest(
        TEXT,
        header(request, 'x-twilio-signature'),
        `${url}${request.target}`,
        Object.fromEntries(new URLSearchParams(request.body.toString())),
      ),
  },
  {
    scheme: 'twilio',
    secret: TEXT,
    fields: { name: 'with JSON' },
    payload: { a: [1, 2] },
    idHeader: 'i-twilio-idempotency-token',
    verify: (request, url) =>
      twilio.validateRequestWithBody(
        TEXT,
        header(request, 'x-twilio-signature'),
        `${url}${request.target}`,
        request.body.toString(),
      ),
  },
];

/** No client library checks these; webhook in does. */
const others: Omit<Scheme, 'verify'>[] = [
  { scheme: 'shopify', secret: TEXT, payload: { a: 1 }, idHeader: 'x-shopify-event-id' },
  { scheme: 'slack', secret: TEXT, payload: { type: 'event_callback' }, idHeader: 'webhook-id' },
  { scheme: 'netatmo', secret: TEXT, payload: { a: 1 }, idHeader: 'webhook-id' },
  { scheme: 'grafana', secret: TEXT, payload: { a: 1 }, idHeader: 'webhook-id' },
  {
    scheme: 'grafana',
    secret: TEXT,
    fields: { name: 'with a time', timestampHeader: 'x-grafana-time' },
    payload: { a: 1 },
    idHeader: 'webhook-id',
  },
  {
    scheme: 'custom',
    secret: TEXT,
    fields: {
      descriptor: '{"sig":{"header":"x-own","alg":"hmac-sha256","encoding":"hex"},"content":"{method}.{body}"}',
    },
    payload: 'text',
    idHeader: 'webhook-id',
  },
  { scheme: 'token', secret: TEXT, payload: { a: 1 }, idHeader: 'webhook-id' },
  { scheme: 'token', secret: TEXT, fields: { tokenFrom: 'bearer' }, payload: { a: 1 }, idHeader: 'webhook-id' },
  {
    scheme: 'token',
    secret: TEXT,
    fields: { tokenFrom: 'query', tokenName: 'key' },
    payload: { a: 1 },
    idHeader: 'webhook-id',
  },
  { scheme: 'basic', secret: TEXT, fields: { username: 'me' }, payload: { a: 1 }, idHeader: 'webhook-id' },
  { scheme: 'none', secret: '', payload: { a: 1 }, idHeader: 'webhook-id' },
];

describe('webhook out: signed', () => {
  let red: RunningNodeRed;
  let server: Receiver;
  const all: (Omit<Scheme, 'verify'> & { verify?: Scheme['verify'] })[] = [...schemes, ...others];
  const title = (row: Omit<Scheme, 'verify'>): string =>
    [row.scheme, row.fields?.name ?? row.fields?.tokenFrom].filter(Boolean).join(' ');

  /** Each scheme sends to the receiver of the test and, by a second webhook out, to a webhook in with the same secret. */
  const nodes = (port: number): FlowNode[] =>
    flow([
      ...all.flatMap((row, index): FlowNode[] => [
        {
          id: `auth${index}`,
          type: 'surewire-webhook-auth',
          scheme: row.scheme,
          ...row.fields,
          credentials: { secret: row.secret },
        },
        {
          id: `out${index}`,
          type: 'surewire-webhook-out',
          auth: `auth${index}`,
          url: `${server.url}/hook/${index}?x=%20y`,
          ...row.out,
          wires: [['answered']],
        },
        {
          id: `self${index}`,
          type: 'surewire-webhook-out',
          auth: `auth${index}`,
          url: `http://127.0.0.1:${port}/in/${index}`,
          ...row.out,
          wires: [['answered']],
        },
        {
          id: `in${index}`,
          type: 'surewire-webhook-in',
          path: `/in/${index}`,
          auth: `auth${index}`,
          eventId: `{h:${row.idHeader}}`,
          wires: [['accepted'], ['refused']],
        },
      ]),
      { id: 'catch', type: 'catch', scope: null, wires: [['caught']] },
      ...['answered', 'caught', 'accepted', 'refused'].map((id) => ({ id, type: 'test-probe' })),
    ]);

  before(async () => {
    server = await receiver();
    red = await startNodeRed({ flows: flow([]) });
    await red.deploy(nodes(red.port));
  });
  after(async () => {
    await red.stop();
    await server.close();
  });

  const end = (mark: string): Promise<{ probe: string; msg: Message }> =>
    red.until(mark, () => red.messages.find((entry) => entry.msg.mark === mark));

  all.forEach((row, index) => {
    const { verify } = row;
    if (verify) {
      it(`${title(row)}: the provider's own library believes it`, async () => {
        const mark = `to the receiver ${index}`;
        await red.inject(`out${index}`, { mark, payload: row.payload, event: { id: `evt-${index}` } });
        const { probe, msg } = await end(mark);
        assert.equal(probe, 'answered', JSON.stringify(msg.error));
        const request = server.requests.at(-1) as Received;
        assert.equal(request.headers[row.idHeader], `evt-${index}`);
        assert.notEqual(await verify(request, server.url), false);
        const forged = { ...request, body: Buffer.from(request.body.toString().replace(/[a-z](?=[^a-z]*$)/i, 'q')) };
        await assert.rejects(async () => {
          if ((await verify(forged, server.url)) === false) throw new Error('not believed');
        });
      });
    }

    it(`${title(row)}: webhook in believes it and reads the same id`, async () => {
      const mark = `to webhook in ${index}`;
      await red.inject(`self${index}`, { mark, payload: row.payload, event: { id: `own-${index}` } });
      const { probe, msg } = await end(mark);
      assert.equal(probe, 'answered', JSON.stringify(msg.error));
      const event = await red.until('the event', () =>
        red.seen('accepted').find((seen) => seen.event?.id === `own-${index}`),
      );
      assert.deepEqual(event.payload, row.payload);
    });

    it(`${title(row)}: webhook in believes it and reads an id beyond Latin-1`, async () => {
      const id = `Küche-東京-${index}`;
      await red.inject(`self${index}`, { mark: id, payload: row.payload, event: { id } });
      const { probe, msg } = await end(id);
      assert.equal(probe, 'answered', JSON.stringify(msg.error));
      await red.until('the event', () => red.seen('accepted').find((seen) => seen.event?.id === id));
    });
  });

  it('sends the same id and a new signature when the message is sent again', async () => {
    const first = server.requests.length;
    for (const mark of ['again 1', 'again 2']) {
      await red.inject('out0', { mark, payload: { a: 1 }, event: { id: 'same' } });
      await end(mark);
    }
    const ids = server.requests.slice(first).map((request) => request.headers['webhook-id']);
    assert.deepEqual(ids, ['same', 'same']);
  });

  it('says what is wrong with its auth, in red and for every message, and sends nothing', async () => {
    const before = server.requests.length;
    const auth = (secret: string): FlowNode => ({
      id: 'wrong',
      type: 'surewire-webhook-auth',
      scheme: 'standard-webhooks',
      credentials: { secret },
    });
    const wrong = (secret: string): FlowNode[] =>
      flow([
        auth(secret),
        { id: 'out', type: 'surewire-webhook-out', auth: 'wrong', url: server.url, wires: [[]] },
        { id: 'catch', type: 'catch', scope: null, wires: [['caught']] },
        { id: 'caught', type: 'test-probe' },
      ]);
    for (const secret of ['', 'whsec_%%%never-in-a-log']) {
      await red.deploy(wrong(secret));
      await red.statusWith('out', (status) => status.fill === 'red' && /secret/.test(status.text ?? ''));
      const mark = `wrong ${secret}`;
      await red.inject('out', { mark, payload: 1 });
      assert.equal((await end(mark)).msg.error.code, 'MISCONFIGURED');
    }
    assert.equal(server.requests.length, before);
    assert.ok(!red.log.includes('never-in-a-log'));
    assert.ok(!JSON.stringify(red.statuses).includes('never-in-a-log'));
  });
});
