import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import twilio from 'twilio';
import { systemClock } from '../../nodes/shared/clock';
import { goodAuth, head, verdict } from './support';

/** The providers' own libraries look at the real clock as it stands, so both sides do: the suite runs for longer than any tolerance. */
const clock = systemClock;
const seconds = (): number => Math.floor(clock.now() / 1000);
const URL_ = 'https://example.com/hooks/a?x=1';
const TEXTS = ['{"a":1.0,"b":"x"}', '{"b":"gr\u00fc\u00df \u{1f600}"}', '{}'];
const WHSEC = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;

function both(scheme: string, secret: string) {
  const auth = goodAuth({ scheme }, { secret }, clock);
  return {
    accepts: (headers: Record<string, string>, body: string, url = URL_) =>
      verdict(auth.verifier, head(url, headers), body),
    signs: (body: string, url = URL_, headers: Record<string, string> = {}) =>
      auth.signer.sign({ method: 'POST', url, headers, body: Buffer.from(body), id: 'evt_1' }),
  };
}

describe("the providers' own clients", () => {
  for (const text of TEXTS) {
    it(`standardwebhooks ${text}`, () => {
      const ours = both('standard-webhooks', WHSEC);
      const theirs = new StandardWebhook(WHSEC);
      const headers = {
        'webhook-id': 'evt_1',
        'webhook-timestamp': String(seconds()),
        'webhook-signature': theirs.sign('evt_1', new Date(seconds() * 1000), text),
      };
      assert.equal(ours.accepts(headers, text), 'accept');
      assert.deepEqual(theirs.verify(text, ours.signs(text).headers), JSON.parse(text));
    });

    it(`svix ${text}`, () => {
      const ours = both('svix', WHSEC);
      const theirs = new SvixWebhook(WHSEC);
      const headers = {
        'svix-id': 'evt_1',
        'svix-timestamp': String(seconds()),
        'svix-signature': theirs.sign('evt_1', new Date(seconds() * 1000), text),
      };
      assert.equal(ours.accepts(headers, text), 'accept');
      assert.deepEqual(theirs.verify(text, ours.signs(text).headers), JSON.parse(text));
    });

    it(`@octokit/webhooks-methods ${text}`, async () => {
      const theirs = await import('@octokit/webhooks-methods');
      const ours = both('github', 'a secret');
      const signature = await theirs.sign('a secret', text);
      assert.equal(ours.accepts({ 'x-hub-signature-256': signature }, text), 'accept');
      assert.equal(await theirs.verify('a secret', text, ours.signs(text).headers['x-hub-signature-256']!), true);
    });

    it(`stripe ${text}`, () => {
      const ours = both('stripe', 'whsec_test');
      const { webhooks } = new Stripe('sk_test_x');
      const signature = webhooks.generateTestHeaderString({ payload: text, secret: 'whsec_test' });
      assert.equal(ours.accepts({ 'stripe-signature': signature }, text), 'accept');
      const event = webhooks.constructEvent(text, ours.signs(text).headers['stripe-signature']!, 'whsec_test');
      assert.deepEqual(event, JSON.parse(text));
    });

    it(`twilio, JSON ${text}`, () => {
      const ours = both('twilio', '12345');
      const signed = ours.signs(text, URL_, { 'content-type': 'application/json' });
      assert.equal(
        twilio.validateRequestWithBody('12345', signed.headers['x-twilio-signature']!, signed.url, text),
        true,
      );
      const headers = { 'content-type': 'application/json', 'x-twilio-signature': twilioSignature(signed.url, {}) };
      assert.equal(ours.accepts(headers, text, signed.url), 'accept');
    });
  }

  /** twilio's library verifies only; its own signing rule is exported as getExpectedTwilioSignature from a file of its own. */
  function twilioSignature(url: string, params: Record<string, string | string[]>): string {
    const { getExpectedTwilioSignature } = require('twilio/lib/webhooks/webhooks') as {
      getExpectedTwilioSignature: (token: string, url: string, params: object) => string;
    };
    return getExpectedTwilioSignature('12345', url, params);
  }

  for (const url of ['https://example.com/a', 'https://example.com:8443/a?b=c', 'http://example.com/a']) {
    it(`twilio, a form to ${url}`, () => {
      const params = { To: '+1', Body: 'gr\u00fc\u00df & co', MediaUrl: ['b', 'a', 'b'] };
      const body = 'To=%2B1&Body=gr%C3%BC%C3%9F+%26+co&MediaUrl=b&MediaUrl=a&MediaUrl=b';
      const ours = both('twilio', '12345');
      const type = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
      assert.equal(ours.accepts({ ...type, 'x-twilio-signature': twilioSignature(url, params) }, body, url), 'accept');
      const signed = ours.signs(body, url, type);
      assert.equal(twilio.validateRequest('12345', signed.headers['x-twilio-signature']!, signed.url, params), true);
    });
  }

  it('a secret in a header of more than one kind of sender is told apart', () => {
    const hex = createHmac('sha256', 'a secret').update('{}').digest('hex');
    assert.equal(both('github', 'a secret').accepts({ 'x-netatmo-secret': hex }, '{}'), 'credentials-missing');
    assert.equal(both('netatmo', 'a secret').accepts({ 'x-netatmo-secret': hex }, '{}'), 'accept');
  });
});
