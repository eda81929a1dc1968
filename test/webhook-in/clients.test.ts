import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import { send } from '../support/http';
import { flow, type RunningNodeRed, startNodeRed } from '../support/node-red';

const SECRET = 'a secret of a provider';
const WHSEC = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;
const PUBLIC_URL = 'https://hooks.example.com';
const JSON_TYPE = { 'content-type': 'application/json' };
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };

/** twilio's library verifies only; its signing rule is exported from a file of its own. */
const { getExpectedTwilioSignature } = require('twilio/lib/webhooks/webhooks') as {
  getExpectedTwilioSignature: (token: string, url: string, params: object) => string;
};

interface Delivery {
  headers: Record<string, string>;
  query?: string;
  body: string;
  eventId?: string;
  payload: unknown;
}

interface Client {
  scheme: string;
  library: string;
  secret: string;
  sign(path: string): Delivery | Promise<Delivery>;
}

const EVENT = { id: 'evt_7', type: 'thing.changed', amount: 1.0, text: 'gr\u00fc\u00df \u{1f600}' };
// White space and 1.0 would not survive being read and written again.
const BODY = JSON.stringify(EVENT, null, 2).replace('"amount": 1', '"amount": 1.0');

const CLIENTS: Client[] = [
  {
    scheme: 'standard-webhooks',
    library: 'standardwebhooks',
    secret: WHSEC,
    sign() {
      const at = new Date();
      const headers = {
        ...JSON_TYPE,
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new StandardWebhook(WHSEC).sign('msg_1', at, BODY),
      };
      return { headers, body: BODY, eventId: 'msg_1', payload: EVENT };
    },
  },
  {
    scheme: 'svix',
    library: 'svix',
    secret: WHSEC,
    sign() {
      const at = new Date();
      const headers = {
        ...JSON_TYPE,
        'svix-id': 'msg_2',
        'svix-timestamp': String(Math.floor(at.getTime() / 1000)),
        'svix-signature': new SvixWebhook(WHSEC).sign('msg_2', at, BODY),
      };
      return { headers, body: BODY, eventId: 'msg_2', payload: EVENT };
    },
  },
  {
    scheme: 'github',
    library: '@octokit/webhooks-methods',
    secret: SECRET,
    async sign() {
      const { sign } = await import('@octokit/webhooks-methods');
      const headers = {
        ...JSON_TYPE,
        'x-hub-signature-256': await sign(SECRET, BODY),
        'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
        'x-github-event': 'push',
      };
      return { headers, body: BODY, eventId: headers['x-github-delivery'], payload: EVENT };
    },
  },
  {
    scheme: 'stripe',
    library: 'stripe',
    secret: SECRET,
    sign() {
      const { webhooks } = new Stripe('sk_test_x');
      const signature = webhooks.generateTestHeaderString({ payload: BODY, secret: SECRET });
      return { headers: { ...JSON_TYPE, 'stripe-signature': signature }, body: BODY, eventId: 'evt_7', payload: EVENT };
    },
  },
  {
    scheme: 'twilio',
    library: 'twilio, a form',
    secret: SECRET,
    sign(path) {
      const fields = { MessageSid: 'SM1', MessageStatus: 'sent', Body: 'gr\u00fc\u00df & co', MediaUrl: ['b', 'a'] };
      const body = 'MessageSid=SM1&MessageStatus=sent&Body=gr%C3%BC%C3%9F+%26+co&MediaUrl=b&MediaUrl=a';
      const signature = getExpectedTwilioSignature(SECRET, `${PUBLIC_URL}${path}`, fields);
      return { headers: { ...FORM_TYPE, 'x-twilio-signature': signature }, body, eventId: 'SM1:sent', payload: fields };
    },
  },
  {
    scheme: 'twilio',
    library: 'twilio, JSON',
    secret: SECRET,
    sign(path) {
      const query = `?bodySHA256=${createHash('sha256').update(BODY).digest('hex')}`;
      const signature = getExpectedTwilioSignature(SECRET, `${PUBLIC_URL}${path}${query}`, {});
      return { headers: { ...JSON_TYPE, 'x-twilio-signature': signature }, query, body: BODY, payload: EVENT };
    },
  },
];

describe('the clients of providers send to a running Node-RED', () => {
  let red: RunningNodeRed;

  before(async () => {
    red = await startNodeRed();
    await red.deploy(
      flow(
        CLIENTS.flatMap(({ scheme, secret }, index) => [
          {
            id: `auth-${index}`,
            type: 'surewire-webhook-auth',
            scheme,
            publicUrl: PUBLIC_URL,
            credentials: { secret },
          },
          {
            id: `c${index}`,
            type: 'surewire-webhook-in',
            path: `/c/${index}`,
            auth: `auth-${index}`,
            wires: [[`p${index}`]],
          },
          { id: `p${index}`, type: 'test-probe', name: `p${index}` },
        ]),
      ),
    );
  });
  after(() => red.stop());

  for (const [index, client] of CLIENTS.entries()) {
    const path = `/c/${index}`;

    it(`${client.library}: accepted, with its id and its exact payload`, async () => {
      const { headers, query = '', body, eventId, payload } = await client.sign(path);
      const answer = await send(red.port, { path: path + query, headers, body });
      assert.equal(answer.status, 202, answer.body);
      const msg = await red.message(`p${index}`);
      assert.deepEqual(msg.payload, payload);
      assert.equal(msg.event.id, eventId);
    });

    it(`${client.library}: one byte changed, anywhere: 401`, async () => {
      const { headers, query = '', body } = await client.sign(path);
      const bytes = Buffer.from(body);
      for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] as number) ^ 1;
        const answer = await send(red.port, { path: path + query, headers, body: changed });
        assert.equal(answer.status, 401, `byte ${at}: ${answer.body}`);
      }
      for (const more of [Buffer.concat([bytes, Buffer.from(' ')]), bytes.subarray(0, -1), Buffer.alloc(0)]) {
        assert.equal((await send(red.port, { path: path + query, headers, body: more })).status, 401);
      }
      assert.equal(red.seen(`p${index}`).length, 1);
    });
  }
});
