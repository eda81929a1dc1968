import assert from 'node:assert/strict';
import { createAuth } from '../../nodes/webhook-auth/auth';
import { type BadgeInput, badgeOf } from '../../nodes/webhook-auth/badge';
import { newSecret, secretFits, secretForm } from '../../nodes/webhook-auth/new-secret';
import { readDescriptor } from '../../nodes/webhook-auth/read-descriptor';
import { SCHEMES } from '../../nodes/webhook-auth/schemes';
import { clockAt } from './support';

const texts = require('../../../nodes/webhook-auth/locales/en-US/webhook-auth.json')['webhook-auth'];

describe('security badge', () => {
  const base: BadgeInput = {
    scheme: 'standard-webhooks',
    descriptor: '',
    tokenFrom: 'header',
    timestampHeader: '',
    tolerance: '300',
    allow: '',
    publicUrl: '',
    trustedProxies: '',
    hasSecret: true,
    goodSecret: true,
    secureEditor: false,
  };
  const table: [input: Partial<BadgeInput>, mood: string, words: RegExp][] = [
    [{}, 'good', /Signed.*old recording is refused/],
    [{ tolerance: '' }, 'good', /old recording/],
    [{ tolerance: '0' }, 'warning', /age is not checked/],
    [{ tolerance: '864000' }, 'good', /tolerance is wide/],
    [{ hasSecret: false }, 'bad', /No secret yet/],
    [{ goodSecret: false }, 'bad', /not in the form/],
    [{ allow: 'banana' }, 'bad', /address list is wrong/],
    [{ scheme: 'none', trustedProxies: '1.2.3' }, 'bad', /address list is wrong/],
    [{ scheme: 'github' }, 'good', /no signed time/],
    [{ scheme: 'grafana' }, 'good', /no signed time/],
    [{ scheme: 'grafana', timestampHeader: 'x-t' }, 'good', /old recording/],
    [{ scheme: 'custom' }, 'bad', /descriptor is wrong/],
    [{ scheme: 'custom', descriptor: '{"sig":{"header":"a"}}' }, 'good', /no signed time/],
    [{ scheme: 'none' }, 'bad', /Anyone can post/],
    [{ scheme: 'none', allow: '10.0.0.1' }, 'warning', /listed addresses/],
    [{ scheme: 'token' }, 'warning', /Token over plain HTTP/],
    [{ scheme: 'token', allow: '10.0.0.1' }, 'warning', /Only the listed addresses/],
    [{ scheme: 'token', secureEditor: true }, 'good', /Token over HTTPS/],
    [{ scheme: 'token', publicUrl: 'https://e.com' }, 'good', /Token over HTTPS/],
    [{ scheme: 'token', secureEditor: true, tokenFrom: 'query' }, 'warning', /in the URL/],
    [{ scheme: 'token', hasSecret: false }, 'bad', /No secret yet/],
    [{ scheme: 'basic' }, 'warning', /Password over plain HTTP/],
    [{ scheme: 'basic', secureEditor: true }, 'good', /Password over HTTPS/],
  ];
  for (const [input, mood, words] of table) {
    it(`${JSON.stringify(input)}: ${mood}`, () => {
      const badge = badgeOf({ ...base, ...input });
      assert.equal(badge.mood, mood);
      assert.match(badge.keys.map((key) => texts.badge[key] ?? `no text for ${key}`).join(' '), words);
    });
  }

  it('every scheme has a name and a hint', () => {
    for (const scheme of [...Object.keys(SCHEMES), 'custom', 'token', 'basic', 'none']) {
      assert.ok(texts.scheme[scheme], scheme);
      assert.ok(texts.schemeHint[scheme], scheme);
    }
  });
});

describe('a new secret', () => {
  const random = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_value, index) => index * 7 + 251);

  it('of Standard Webhooks is whsec_ and 32 bytes in base64', () => {
    const secret = newSecret(secretForm('standard-webhooks', ''), random);
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.deepEqual(Buffer.from(secret.slice(6), 'base64'), Buffer.from(random(32)));
  });

  const custom = '{"sig":{"header":"a"},"key":{"encoding":"base64","prefixes":["sk_"]}}';
  for (const [scheme, config] of [
    ...[...Object.keys(SCHEMES), 'token', 'basic'].map((name) => [name, {}] as const),
    ['custom', { descriptor: custom }] as const,
    ['custom', { descriptor: '{"sig":{"header":"a"},"key":{"encoding":"hex"}}' }] as const,
  ]) {
    it(`of ${scheme} ${JSON.stringify(config)} is one that the node takes`, () => {
      const descriptor = 'descriptor' in config ? config.descriptor : '';
      const secret = newSecret(secretForm(scheme, descriptor), random);
      assert.equal(createAuth({ scheme, ...config }, { secret }, clockAt(0)).problem, undefined);
    });
  }

  it('a typed one is judged as the node will judge it', () => {
    for (const scheme of Object.keys(SCHEMES)) {
      const { key } = readDescriptor(SCHEMES[scheme]!.descriptor);
      for (const secret of [
        'a',
        'whsec_',
        'whsec_AAAA',
        'whsec_AAAAA',
        'whsec_A=',
        'AAA',
        'whsec_AA==',
        'a b',
        ' ',
        'whsec_!',
      ]) {
        const problem = createAuth({ scheme }, { secret }, clockAt(0)).problem;
        assert.equal(secretFits(secret, key), problem === undefined, `${scheme} ${JSON.stringify(secret)} ${problem}`);
      }
    }
  });

  it('of a descriptor that is being written is plain', () => {
    assert.match(newSecret(secretForm('custom', '{'), random), /^[0-9a-f]{64}$/);
  });
});
