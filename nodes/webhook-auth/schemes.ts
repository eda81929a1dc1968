/** Every signing sender as a row of data; a new one is a new row. No node imports: the editor reads this file too. */

import type { IdentityDefaults } from './contract';
import type { DescriptorInput } from './descriptor';

/** How a new secret of a scheme is written: random bytes in an encoding behind a prefix. */
export interface SecretForm {
  prefix: string;
  bytes: number;
  encoding: 'hex' | 'base64';
}

/** What has to be answered to a signed body whose member at `pointer` equals `equals`: one of its members, as JSON. */
export interface Handshake {
  member: string;
  equals: string;
  echo: string;
}

export interface Scheme {
  descriptor: DescriptorInput;
  /** Where the senders put an event's id and type; the first complete template wins. */
  identity: IdentityDefaults;
  /** The form of its secrets. */
  newSecret: SecretForm;
  /** True where the provider hands the secret out, so that one made up here serves only against our own sender. */
  issued?: true;
  handshake?: Handshake;
  /** The signed bytes when the node names a timestamp header. */
  timedContent?: string;
}

/** Seconds that a signed time may be off where the node's field is blank. */
export const DEFAULT_TOLERANCE = 300;

const HEX_SECRET: SecretForm = { prefix: '', bytes: 32, encoding: 'hex' };
const WHSEC_SECRET: SecretForm = { prefix: 'whsec_', bytes: 32, encoding: 'base64' };

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
const STANDARD_WEBHOOKS = {
  labels: { v1: 'hmac-sha256', v1a: 'ed25519' },
  key: { prefixes: { whsec_: 'secret', whpk_: 'public', whsk_: 'private' }, encoding: 'base64' },
} as const;

export const SCHEMES: Readonly<Record<string, Scheme>> = {
  'standard-webhooks': {
    descriptor: {
      sig: {
        header: 'webhook-signature',
        split: ' ',
        pair: ',',
        labels: STANDARD_WEBHOOKS.labels,
        encoding: 'base64',
      },
      key: STANDARD_WEBHOOKS.key,
      ts: { header: 'webhook-timestamp' },
      content: '{h:webhook-id}.{ts}.{body}',
      idHeader: 'webhook-id',
    },
    identity: { eventId: ['{h:webhook-id}'], eventType: ['{/type}'] },
    newSecret: WHSEC_SECRET,
  },
  // Svix's own verifiers also take the unbranded headers.
  svix: {
    descriptor: {
      sig: {
        header: ['svix-signature', 'webhook-signature'],
        split: ' ',
        pair: ',',
        labels: STANDARD_WEBHOOKS.labels,
        encoding: 'base64',
      },
      key: STANDARD_WEBHOOKS.key,
      ts: { header: ['svix-timestamp', 'webhook-timestamp'] },
      content: '{h:svix-id|webhook-id}.{ts}.{body}',
      idHeader: 'svix-id',
    },
    identity: { eventId: ['{h:svix-id}', '{h:webhook-id}'], eventType: ['{/type}', '{/eventType}'] },
    newSecret: WHSEC_SECRET,
  },
  // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
  github: {
    descriptor: {
      sig: { header: 'x-hub-signature-256', pair: '=', labels: { sha256: 'hmac-sha256' } },
      idHeader: 'x-github-delivery',
    },
    identity: { eventId: ['{h:x-github-delivery}'], eventType: ['{h:x-github-event}'] },
    newSecret: HEX_SECRET,
  },
  // The secret is used as it is written, with its whsec_; Stripe's libraries accept any time to come.
  stripe: {
    descriptor: {
      sig: { header: 'stripe-signature', split: ',', pair: '=', labels: { v1: 'hmac-sha256' } },
      ts: { label: 't', future: false },
      content: '{ts}.{body}',
    },
    identity: { eventId: ['{/id}'], eventType: ['{/type}'] },
    newSecret: { prefix: 'whsec_', bytes: 32, encoding: 'hex' },
    issued: true,
  },
  // Shopify's newer events carry the headers without x-; they win where both are there.
  shopify: {
    descriptor: {
      sig: {
        header: ['shopify-hmac-sha256', 'x-shopify-hmac-sha256'],
        send: 'x-shopify-hmac-sha256',
        alg: 'hmac-sha256',
        encoding: 'base64',
      },
      idHeader: 'x-shopify-event-id',
    },
    identity: {
      eventId: ['{h:shopify-event-id}', '{h:x-shopify-event-id}', '{h:shopify-webhook-id}', '{h:x-shopify-webhook-id}'],
      eventType: ['{h:shopify-topic}', '{h:x-shopify-topic}'],
    },
    newSecret: HEX_SECRET,
    issued: true,
  },
  // https://api.slack.com/authentication/verifying-requests-from-slack
  slack: {
    descriptor: {
      sig: { header: 'x-slack-signature', pair: '=', labels: { v0: 'hmac-sha256' } },
      ts: { header: 'x-slack-request-timestamp' },
      content: 'v0:{ts}:{body}',
    },
    identity: { eventId: ['{/event_id}'], eventType: ['{/event/type}', '{/type}', '{f:command}'] },
    handshake: { member: 'type', equals: 'url_verification', echo: 'challenge' },
    newSecret: { prefix: '', bytes: 16, encoding: 'hex' },
    issued: true,
  },
  // https://www.twilio.com/docs/usage/webhooks/webhooks-security
  twilio: {
    descriptor: {
      sig: { header: 'x-twilio-signature', alg: 'hmac-sha1', encoding: 'base64' },
      content: '{url}{form}',
      urlVariants: true,
      bodyDigest: { query: 'bodySHA256' },
      idHeader: 'i-twilio-idempotency-token',
    },
    // A status callback repeats the message's id for each new status, so the status belongs to the event's id.
    identity: {
      eventId: [
        '{h:i-twilio-idempotency-token}',
        '{f:MessageSid}:{f:MessageStatus}',
        '{f:MessageSid}',
        '{f:CallSid}:{f:SequenceNumber}',
        '{f:CallSid}:{f:CallStatus}',
        '{f:CallSid}',
      ],
      eventType: ['{f:EventType}', '{f:MessageStatus}', '{f:CallStatus}'],
    },
    newSecret: { prefix: '', bytes: 16, encoding: 'hex' },
    issued: true,
  },
  netatmo: {
    descriptor: { sig: { header: 'x-netatmo-secret', alg: 'hmac-sha256' } },
    identity: { eventId: ['{/event_id}'], eventType: ['{/event_type}'], device: ['{/device_id}'] },
    newSecret: HEX_SECRET,
    issued: true,
  },
  // https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
  grafana: {
    descriptor: { sig: { header: 'x-grafana-alerting-signature', alg: 'hmac-sha256' } },
    identity: { eventId: ['{/fingerprint}:{/startsAt}:{/status}'], eventType: ['{/status}'] },
    newSecret: HEX_SECRET,
    timedContent: '{ts}:{body}',
  },
};

/** The form of a new secret where the scheme does not say: token, basic, custom with a text key. */
export const PLAIN_SECRET = HEX_SECRET;
