import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Verifier } from '../../nodes/webhook-auth/contract';
import { SCHEMES } from '../../nodes/webhook-auth/schemes';
import { goodAuth, head, verdict } from './support';

const WHSEC = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const CUSTOM = JSON.stringify({
  sig: { header: 'x-sig', split: ';', pair: ':', labels: { a: 'ed25519', b: 'hmac-sha256' }, encoding: 'base64' },
  ts: { label: 't' },
  content: '{method}{url}{path}{query}{h:x-a}{ts}{form}{body}',
});
const verifiers: Verifier[] = [
  ...Object.keys(SCHEMES).map((scheme) => goodAuth({ scheme }, { secret: WHSEC }).verifier),
  goodAuth({ scheme: 'custom', descriptor: CUSTOM }, { secret: 's' }).verifier,
  ...['header', 'bearer', 'query'].map(
    (tokenFrom) => goodAuth({ scheme: 'token', tokenFrom }, { secret: 's3cret' }).verifier,
  ),
  goodAuth({ scheme: 'basic', username: 'u' }, { secret: 's3cret' }).verifier,
];

/** What may stand in a header: near misses of the real thing, and anything at all in Latin-1. */
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }).map((text) => Buffer.from(text).toString('latin1')),
  fc.stringMatching(/^(v1|v1a|v0|t|sha256|a|b|:|;|,|=| |\d|[A-Za-z+/]){0,60}$/),
  fc.constantFrom(
    'v1,',
    't=1,v1=',
    'Basic ',
    'Bearer ',
    'Basic Og==',
    '__proto__=1',
    'sha256=',
    `v1,${'A'.repeat(44)}`,
    '1800000000',
  ),
);
const names = [
  ...new Set(verifiers.flatMap((verifier) => verifier.secretHeaders)),
  'webhook-id',
  'webhook-timestamp',
  'svix-id',
  'svix-timestamp',
  'x-slack-request-timestamp',
  'x-a',
  'content-type',
  'host',
];
const headers = fc.dictionary(
  fc.constantFrom(...names),
  fc.oneof({ weight: 5, arbitrary: value }, { weight: 1, arbitrary: fc.array(value, { maxLength: 3 }) }),
);

describe('whatever a stranger sends', () => {
  it('is refused and never throws', () => {
    fc.assert(
      fc.property(
        headers,
        fc.string({ unit: 'binary', maxLength: 50 }),
        fc.uint8Array({ maxLength: 100 }),
        (sent, query, body) => {
          const request = head('https://example.com/h', sent, 'POST');
          request.target = request.nodeTarget = `/h?${Buffer.from(query).toString('latin1')}`;
          for (const verifier of verifiers) {
            const reason = verdict(verifier, request, Buffer.from(body));
            assert.match(reason, /^(credentials-(missing|mismatch)|timestamp-out-of-tolerance)$/, verifier.scheme);
            // The second step is safe on its own too.
            if (verifier.scheme !== 'token' && verifier.scheme !== 'basic')
              assert.ok(verifier.check(request, Buffer.from(body)));
          }
        },
      ),
      { numRuns: 1000, seed: 1 },
    );
  });

  it('as an address or X-Forwarded-For is never taken for an allowed one', () => {
    const { verifier } = goodAuth({ scheme: 'none', allow: '10.0.0.7', trustedProxies: '127.0.0.1' }, {});
    const text = fc.oneof(value, fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f.:%/[\]", ]{0,30}$/));
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 4 }), (remote, forwarded) => {
        for (const from of [remote, '127.0.0.1']) {
          const verdict = verifier.address(from, forwarded);
          assert.equal(verdict.allowed, verdict.address === '10.0.0.7');
        }
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});
