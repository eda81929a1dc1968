import assert from 'node:assert/strict';
import { createAuth } from '../../nodes/webhook-auth/auth';
import { type BadgeInput, badgeOf } from '../../nodes/webhook-auth/badge';
import { newSecret, secretFits, secretForm } from '../../nodes/webhook-auth/new-secret';
import { readDescriptor } from '../../nodes/webhook-auth/read-descriptor';
import { SCHEMES } from '../../nodes/webhook-auth/schemes';
import { clockAt } from './support';

const texts = require('../../../nodes/webhook-auth/locales/en-US/webhook-auth.json')['webhook-auth'];

/** A descriptor with a signed time, whose own tolerance goes before the node's. */
const TIMED = (tolerance?: number): string =>
  JSON.stringify({ sig: { header: 'a' }, ts: { header: 't', tolerance }, content: '{ts}{body}' });

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
    goodFields: true,
    secureEditor: false,
  };
  const table: [input: Partial<BadgeInput>, mood: string, words: RegExp][] = [
    [{}, 'good', /Signed.*old recording is refused/],
    [{ tolerance: '' }, 'good', /old recording/],
    [{ tolerance: '0' }, 'warning', /age is not checked/],
    [{ tolerance: '864000' }, 'good', /tolerance is wide/],
    [{ hasSecret: false }, 'bad', /No secret yet/],
    [{ goodSecret: false }, 'bad', /not in the form/],
    [{ goodFields: false }, 'bad', /field is wrong/],
    [{ scheme: 'basic', goodFields: false, secureEditor: true }, 'bad', /field is wrong/],
    [{ allow: 'banana' }, 'bad', /address list is wrong/],
    [{ scheme: 'none', trustedProxies: '1.2.3' }, 'bad', /address list is wrong/],
    [{ scheme: 'github' }, 'good', /no signed time/],
    [{ scheme: 'grafana' }, 'good', /no signed time/],
    [{ scheme: 'grafana', timestampHeader: 'x-t' }, 'good', /old recording/],
    [{ scheme: 'custom' }, 'bad', /descriptor is wrong/],
    [{ scheme: 'custom', descriptor: '{"sig":{"header":"a"}}' }, 'good', /no signed time/],
    [{ scheme: 'custom', descriptor: TIMED() }, 'good', /old recording/],
    [{ scheme: 'custom', descriptor: TIMED(0) }, 'warning', /age is not checked/],
    [{ scheme: 'custom', descriptor: TIMED(864000) }, 'good', /tolerance is wide/],
    [{ scheme: 'custom', descriptor: TIMED(10), tolerance: '0' }, 'good', /old recording/],
    [{ scheme: 'none' }, 'bad', /Anyone can post/],
    [{ scheme: 'none', allow: '10.0.0.1 0.0.0.0/0' }, 'bad', /Anyone can post/],
    [{ scheme: 'none', allow: '::/0' }, 'bad', /Anyone can post/],
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

  describe('that is typed is judged as the node will judge it', () => {
    const ed25519 = '{"sig":{"header":"a","alg":"ed25519"},"key":{"encoding":"hex"}}';
    const secrets = [
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
    ];
    const keys = ['whpk_AAAA', `whpk_${'A'.repeat(43)}=`, `whsk_${'A'.repeat(43)}`, 'whsk_AAAA', 'whpk_'];
    const texts = [' a', 'a ', 'a\tb', 'gr\u00fc\u00df', '00'.repeat(32), '00'.repeat(31), 'zz'.repeat(32)];
    for (const config of [
      ...Object.keys(SCHEMES).map((scheme) => ({ scheme })),
      ...['header', 'bearer', 'query'].map((tokenFrom) => ({ scheme: 'token', tokenFrom })),
      { scheme: 'basic' },
      { scheme: 'custom', descriptor: custom },
      { scheme: 'custom', descriptor: ed25519 },
    ] as { scheme: string; tokenFrom?: string; descriptor?: string }[]) {
      it(JSON.stringify(config), () => {
        const { scheme, tokenFrom = 'header' } = config;
        const row = SCHEMES[scheme]?.descriptor ?? (config.descriptor && JSON.parse(config.descriptor));
        const descriptor = row && readDescriptor(row);
        for (const secret of [...secrets, ...keys, ...texts]) {
          const { problem } = createAuth(config, { secret }, clockAt(0));
          const fits = secretFits(secret, { scheme, tokenFrom, descriptor });
          assert.equal(fits, problem === undefined, `${JSON.stringify(secret)} ${problem}`);
        }
      });
    }
  });

  it('of a descriptor that is being written is plain', () => {
    assert.match(newSecret(secretForm('custom', '{'), random), /^[0-9a-f]{64}$/);
  });
});
