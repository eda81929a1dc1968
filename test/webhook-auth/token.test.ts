import assert from 'node:assert/strict';
import { createAuth } from '../../nodes/webhook-auth/auth';
import { clockAt, goodAuth, head, verdict, verify } from './support';

const URL_ = 'https://example.com/hooks/a?x=1';
/** How Node-RED leaves a credential whose environment variable does not exist. */
const variable = (name: string): string => `$\{${name}}`;
const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

describe('token', () => {
  type Row = [
    config: Record<string, unknown>,
    secret: string,
    url: string,
    headers: Record<string, string | string[]>,
    expected: string,
  ];
  const table: Row[] = [
    [{}, 't0ken', URL_, { 'X-Webhook-Token': 't0ken' }, 'accept'],
    [{}, 't0ken', URL_, {}, 'credentials-missing'],
    [{}, 't0ken', URL_, { 'x-webhook-token': '' }, 'credentials-missing'],
    [{}, 't0ken', URL_, { 'x-webhook-token': 't0keN' }, 'credentials-mismatch'],
    [{}, 't0ken', URL_, { 'x-webhook-token': 't0ken2' }, 'credentials-mismatch'],
    [{}, 't0ken', URL_, { 'x-webhook-token': ['t0ken', 't0ken'] }, 'credentials-mismatch'],
    [{}, 't0ken', URL_, { 'x-webhook-token': ['t0ken', 'other'] }, 'credentials-mismatch'],
    [{}, 'gr\u00fc\u00df', URL_, { 'x-webhook-token': utf8('gr\u00fc\u00df') }, 'accept'],
    [{ tokenName: 'X-Api-Key' }, 't', URL_, { 'x-api-key': 't' }, 'accept'],
    [{ tokenName: 'X-Api-Key' }, 't', URL_, { 'x-webhook-token': 't' }, 'credentials-missing'],
    [{ tokenFrom: 'bearer' }, 't', URL_, { authorization: 'Bearer t' }, 'accept'],
    [{ tokenFrom: 'bearer' }, 't', URL_, { authorization: 'bearer  t' }, 'accept'],
    [{ tokenFrom: 'bearer' }, 't', URL_, { authorization: 'Bearer' }, 'credentials-mismatch'],
    [{ tokenFrom: 'bearer' }, 't', URL_, { authorization: 'Bearert' }, 'credentials-mismatch'],
    [{ tokenFrom: 'bearer' }, 't', URL_, { authorization: 'Basic t' }, 'credentials-mismatch'],
    [{ tokenFrom: 'bearer' }, 't', URL_, { authorization: 't' }, 'credentials-mismatch'],
    [{ tokenFrom: 'bearer' }, 't', URL_, { authorization: ['Bearer t', 'Bearer t'] }, 'credentials-mismatch'],
    [{ tokenFrom: 'bearer' }, 't', URL_, {}, 'credentials-missing'],
    [{ tokenFrom: 'query' }, 't', `${URL_}&token=t`, {}, 'accept'],
    [{ tokenFrom: 'query' }, 't', URL_, {}, 'credentials-missing'],
    [{ tokenFrom: 'query' }, 't', `${URL_}&token=`, {}, 'credentials-missing'],
    [{ tokenFrom: 'query' }, 't', `${URL_}&token=t&token=t`, {}, 'credentials-mismatch'],
    [{ tokenFrom: 'query' }, 't', `${URL_}&token[]=t`, {}, 'credentials-missing'],
    [{ tokenFrom: 'query', tokenName: 'key' }, 'a b&c/\u00e9', `${URL_}&key=a+b%26c%2f%C3%A9`, {}, 'accept'],
    [{ tokenFrom: 'query', tokenName: 'key' }, 't', `${URL_}&token=t`, {}, 'credentials-missing'],
    [{ tokenFrom: 'query', tokenName: 'key' }, 't', `${URL_}&key=%`, {}, 'credentials-mismatch'],
  ];
  for (const [config, secret, url, headers, expected] of table) {
    it(`${expected}: ${JSON.stringify(config)} ${url.slice(30)} ${JSON.stringify(headers)}`, () => {
      const { verifier } = goodAuth({ scheme: 'token', ...config }, { secret });
      assert.equal(verdict(verifier, head(url, headers), '{}'), expected);
    });
  }

  for (const config of [
    {},
    { tokenName: 'x-key' },
    { tokenFrom: 'bearer' },
    { tokenFrom: 'query' },
    { tokenFrom: 'query', tokenName: 'k\u00e9y' },
  ]) {
    it(`what is signed is believed, also after a rotation: ${JSON.stringify(config)}`, () => {
      for (const secret of ['abc', 'gr\u00fc\u00df/+ &x']) {
        const request = {
          method: 'POST',
          url: 'https://example.com/h#part',
          headers: {},
          body: Buffer.from('b'),
          id: 'e',
        };
        const signed = goodAuth({ scheme: 'token', ...config }, { secret }).signer.sign(request);
        const rotated = goodAuth({ scheme: 'token', ...config }, { secret: 'new', previousSecret: secret });
        assert.equal(verdict(rotated.verifier, head(signed.url.replace('#part', ''), signed.headers), 'b'), 'accept');
      }
    });
  }

  it('names what has to be masked', () => {
    const of = (config: Record<string, unknown>) => goodAuth({ scheme: 'token', ...config }, { secret: 't' }).verifier;
    assert.ok(of({ tokenName: 'X-Key' }).secretHeaders.includes('x-key'));
    assert.ok(of({ tokenFrom: 'bearer' }).secretHeaders.includes('authorization'));
    assert.deepEqual(of({ tokenFrom: 'query', tokenName: 'Key' }).secretQuery, ['key']);
    // A sender that puts the token in the wrong place is refused; whoever debugs that must not see it either.
    for (const tokenFrom of ['header', 'bearer', 'query']) {
      assert.ok(of({ tokenFrom }).secretQuery.includes('token'), tokenFrom);
      assert.ok(of({ tokenFrom, tokenName: 'x-key' }).secretHeaders.includes('x-webhook-token'), tokenFrom);
    }
  });

  it('a refusal never says the token', () => {
    const { verifier } = goodAuth({ scheme: 'token' }, { secret: 'hush-hush' });
    for (const value of ['x', 'hush-hus']) {
      assert.doesNotMatch(JSON.stringify(verify(verifier, head(URL_, { 'x-webhook-token': value }))), /hush/);
    }
  });
});

describe('basic', () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
  const { verifier, signer } = goodAuth({ scheme: 'basic', username: 'me' }, { secret: 'p:a:ss', previousSecret: 'p' });
  const table: [authorization: string | string[] | undefined, expected: string][] = [
    [basic('me:p:a:ss'), 'accept'],
    [basic('me:p'), 'accept'],
    [`BASIC   ${basic('me:p').slice(6)}`, 'accept'],
    [basic('me:p').replace(/=+$/, ''), 'accept'],
    // A known node took p:anything for the password p.
    [basic('me:p:anything'), 'credentials-mismatch'],
    [basic('me:'), 'credentials-mismatch'],
    [basic('me'), 'credentials-mismatch'],
    [basic(':p'), 'credentials-mismatch'],
    [basic('you:p'), 'credentials-mismatch'],
    [basic('ME:p'), 'credentials-mismatch'],
    [basic('me:p\0'), 'credentials-mismatch'],
    ['Basic', 'credentials-mismatch'],
    ['Basic ', 'credentials-mismatch'],
    ['Basic !!!!', 'credentials-mismatch'],
    [`Basic ${basic('me:p').slice(6)} x`, 'credentials-mismatch'],
    [`${basic('me:p')}!`, 'credentials-mismatch'],
    ['Bearer abc', 'credentials-mismatch'],
    ['\u00ff', 'credentials-mismatch'],
    [[basic('me:p'), basic('me:p')], 'credentials-mismatch'],
    ['', 'credentials-missing'],
    [undefined, 'credentials-missing'],
  ];
  for (const [authorization, expected] of table) {
    it(`${expected}: ${JSON.stringify(authorization)}`, () => {
      const refusal = verify(verifier, head(URL_, authorization === undefined ? {} : { authorization }));
      assert.equal(refusal?.reason ?? 'accept', expected);
      if (refusal) assert.match(refusal.headers!['WWW-Authenticate']!, /^Basic realm="/);
    });
  }

  it('signs what it believes', () => {
    const signed = signer.sign({ method: 'POST', url: URL_, headers: {}, body: Buffer.alloc(0), id: 'e' });
    assert.deepEqual(signed, { url: URL_, headers: { authorization: basic('me:p:a:ss') } });
    assert.equal(verdict(verifier, head(signed.url, signed.headers)), 'accept');
  });

  it('UTF-8 in name and password', () => {
    const auth = goodAuth({ scheme: 'basic', username: 'J\u00fcrgen' }, { secret: 'gr\u00fc\u00df' });
    assert.equal(verdict(auth.verifier, head(URL_, { authorization: basic('J\u00fcrgen:gr\u00fc\u00df') })), 'accept');
  });
});

describe('what cannot be used refuses everything', () => {
  type Row = [config: Record<string, unknown>, credentials: Record<string, unknown>, problem: RegExp];
  const table: Row[] = [
    [{}, {}, /^secret: is empty/],
    [{}, { secret: '' }, /^secret: is empty/],
    [{}, { secret: '', previousSecret: 'whsec_AAAA' }, /^secret: is empty/],
    [{ scheme: 'github' }, { secret: '   ' }, /^secret: holds nothing but spaces/],
    [{}, { secret: 'whsec_' }, /^secret: nothing follows whsec_/],
    [{}, { secret: 'whsec_!!' }, /^secret: expected base64 after whsec_/],
    [{}, { secret: 'whsec_AAAA', previousSecret: 'whsec_?' }, /^previousSecret: expected base64/],
    [{}, { secret: 'whsec_AAAA\n' }, /^secret: expected base64/],
    [{ scheme: 'github' }, { secret: variable('MISSING') }, /^secret: the environment variable MISSING is not set/],
    [
      { scheme: 'token' },
      { secret: 't', previousSecret: variable('OLD') },
      /^previousSecret: the environment variable OLD/,
    ],
    [{ scheme: 'hmac' }, { secret: 's' }, /^scheme: expected one of standard-webhooks, /],
    [{ scheme: '__proto__' }, { secret: 's' }, /^scheme: /],
    [{ scheme: 'constructor' }, { secret: 's' }, /^scheme: /],
    [{ scheme: ['none'] }, {}, /^scheme: /],
    [{ scheme: 'token' }, {}, /^secret: /],
    [{ scheme: 'token' }, { secret: 't ' }, /^secret: .*space/],
    [{ scheme: 'token', tokenFrom: 'body' }, { secret: 't' }, /^tokenFrom: expected one of header, bearer, query/],
    [{ scheme: 'token', tokenName: 'a b' }, { secret: 't' }, /^tokenName: /],
    [{ scheme: 'basic', username: 'a:b' }, { secret: 't' }, /^username: /],
    [{ scheme: 'basic' }, {}, /^secret: /],
    [{ scheme: 'slack', tolerance: 'soon' }, { secret: 's' }, /^tolerance: expected seconds/],
    [{ scheme: 'slack', tolerance: -1 }, { secret: 's' }, /^tolerance: /],
    [{ scheme: 'twilio', publicUrl: 'example.com' }, { secret: 's' }, /^publicUrl: /],
    [{ scheme: 'twilio', publicUrl: 'https://example.com/?a=1' }, { secret: 's' }, /^publicUrl: /],
    [{ scheme: 'grafana', timestampHeader: 'a b' }, { secret: 's' }, /^timestampHeader: /],
    [{ scheme: 'custom' }, { secret: 's' }, /^descriptor: /],
    [{ scheme: 'github' }, { secret: { a: 1 } }, /^secret: expected a text/],
  ];
  for (const [config, credentials, problem] of table) {
    it(`${JSON.stringify(config)} ${JSON.stringify(credentials)}`, () => {
      const auth = createAuth(config, credentials, clockAt(0));
      assert.match(auth.problem ?? '', problem);
      assert.equal(auth.verifier.checkHead(head(URL_))?.reason, 'misconfigured');
      assert.equal(auth.verifier.check(head(URL_), Buffer.alloc(0))?.reason, 'misconfigured');
      const sign = () => auth.signer.sign({ method: 'POST', url: URL_, headers: {}, body: Buffer.alloc(0), id: 'e' });
      assert.throws(sign, (error: Error) => error.message.includes(auth.problem!));
    });
  }

  it('only a scheme that was chosen lets anyone in', () => {
    assert.equal(verdict(goodAuth({ scheme: 'none' }, {}).verifier, head(URL_)), 'accept');
    for (const scheme of [undefined, null, '', 'None', ' none']) {
      assert.equal(
        verdict(createAuth({ scheme }, {}, clockAt(0)).verifier, head(URL_)),
        'misconfigured',
        String(scheme),
      );
    }
  });
});
