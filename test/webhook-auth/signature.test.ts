import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { createAuth } from '../../nodes/webhook-auth/auth';
import { clockAt, goodAuth, head, verdict, verify } from './support';

const NOW = 1_800_000_000;
const WHSEC = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
const WHSK = `whsk_${Buffer.concat([seed, point]).toString('base64')}`;
const WHPK = `whpk_${point.toString('base64')}`;

const CUSTOM = JSON.stringify({
  sig: { header: 'X-Sig', split: ';', pair: ':', labels: { a: 'hmac-sha512', b: 'hmac-sha384' }, encoding: 'base64' },
  key: { encoding: 'hex', prefixes: ['key-'] },
  ts: { header: 'X-Time', format: 'unix-ms' },
  content: '{method} {path}?{query} {h:x-event} {ts} {body}',
  idHeader: 'X-Event',
});

const CASES: [name: string, config: Record<string, unknown>, secret: string, other: string][] = [
  ['standard-webhooks', {}, WHSEC, `whsec_${Buffer.alloc(32, 8).toString('base64')}`],
  ['svix', {}, WHSEC, `whsec_${Buffer.alloc(32, 8).toString('base64')}`],
  ['github', {}, 'a secret', 'another'],
  ['stripe', {}, 'whsec_abc', 'whsec_abd'],
  ['shopify', {}, 'a secret', 'another'],
  ['slack', {}, 'a secret', 'another'],
  ['twilio', {}, 'a secret', 'another'],
  ['netatmo', {}, 'a secret', 'another'],
  ['grafana', {}, 'a secret', 'another'],
  ['grafana', { timestampHeader: 'X-Grafana-Time' }, 'a secret', 'another'],
  ['custom', { descriptor: CUSTOM }, 'key-00ff00ff', 'key-00ff00fe'],
];

const BODIES: [name: string, type: string, body: Buffer][] = [
  ['JSON', 'application/json', Buffer.from('{"a":1.0,"b":"gr\u00fc\u00df"}')],
  ['a form', 'application/x-www-form-urlencoded', Buffer.from('b=2&a=1&b=2&b=%C3%BC&c=')],
  ['bytes', 'application/octet-stream', Buffer.from([0, 255, 254, 13, 10, 128])],
  ['nothing', '', Buffer.alloc(0)],
];

describe('what is signed is believed', () => {
  for (const [scheme, config, secret, other] of CASES) {
    for (const [kind, type, body] of BODIES) {
      it(`${scheme} ${JSON.stringify(config).slice(0, 30)} over ${kind}`, () => {
        const auth = goodAuth({ scheme, ...config }, { secret });
        const request = { method: 'POST', url: 'https://example.com/hooks/a?x=1', headers: { 'content-type': type } };
        const signed = auth.signer.sign({ ...request, body, id: 'evt_1' });
        const arrived = head(signed.url, { ...request.headers, ...signed.headers });
        assert.equal(verdict(auth.verifier, arrived, body), 'accept');
        assert.equal(verdict(auth.verifier, arrived, Buffer.concat([body, Buffer.from('x')])), 'credentials-mismatch');

        const stranger = goodAuth({ scheme, ...config }, { secret: other });
        assert.equal(verdict(stranger.verifier, arrived, body), 'credentials-mismatch');
        const rotated = goodAuth({ scheme, ...config }, { secret: other, previousSecret: secret });
        assert.equal(verdict(rotated.verifier, arrived, body), 'accept');
      });
    }

    it(`${scheme} ${JSON.stringify(config).slice(0, 30)} refuses doubled headers and says missing where there are none`, () => {
      const auth = goodAuth({ scheme, ...config }, { secret });
      const type = { 'content-type': 'application/json' };
      const signed = auth.signer.sign({
        method: 'POST',
        url: 'https://example.com/h',
        headers: type,
        body: Buffer.from('{}'),
        id: 'e',
      });
      const signature = Object.keys(signed.headers).find((name) => /sig|sha256|netatmo/.test(name))!;
      const doubled = {
        ...type,
        ...signed.headers,
        [signature]: [signed.headers[signature]!, signed.headers[signature]!],
      };
      assert.equal(verdict(auth.verifier, head(signed.url, doubled), '{}'), 'credentials-mismatch');
      assert.equal(verdict(auth.verifier, head(signed.url, type), '{}'), 'credentials-missing');
    });
  }

  it('an id and a path in any script survive', () => {
    const auth = goodAuth({ scheme: 'standard-webhooks' }, { secret: WHSEC });
    const signed = auth.signer.sign({
      method: 'POST',
      url: 'https://example.com/h',
      headers: {},
      body: Buffer.from('x'),
      id: 'T\u00fcr-\u6238',
    });
    assert.equal(Buffer.from(signed.headers['webhook-id']!, 'latin1').toString(), 'T\u00fcr-\u6238');
    assert.equal(verdict(auth.verifier, head(signed.url, signed.headers), 'x'), 'accept');
  });

  it('an id that cannot stand in a header is an error that names it', () => {
    const auth = goodAuth({ scheme: 'standard-webhooks' }, { secret: WHSEC });
    for (const id of ['', 'a\r\nb', ' a']) {
      assert.throws(
        () =>
          auth.signer.sign({ method: 'POST', url: 'https://example.com/h', headers: {}, body: Buffer.alloc(0), id }),
        /event id/,
      );
    }
  });
});

describe('ed25519 (v1a)', () => {
  const request = { method: 'POST', url: 'https://example.com/h', headers: {}, body: Buffer.from('{"a":1}'), id: 'e1' };

  it('a private key signs what its public key believes, and believes it itself', () => {
    const signer = goodAuth({ scheme: 'standard-webhooks' }, { secret: WHSK });
    const signed = signer.signer.sign(request);
    assert.match(signed.headers['webhook-signature']!, /^v1a,/);
    for (const secret of [WHPK, WHSK, `whsk_${seed.toString('base64')}`]) {
      const auth = goodAuth({ scheme: 'standard-webhooks' }, { secret });
      assert.equal(verdict(auth.verifier, head(request.url, signed.headers), request.body), 'accept');
    }
  });

  it('a public key signs nothing and says so', () => {
    const auth = goodAuth({ scheme: 'standard-webhooks' }, { secret: WHPK });
    assert.throws(() => auth.signer.sign(request), /secret: a public key can only verify/);
  });

  it('a public key is never taken for an hmac key', () => {
    const auth = goodAuth({ scheme: 'standard-webhooks' }, { secret: WHPK });
    for (const key of [point, Buffer.from(WHPK), Buffer.from(point.toString('base64'))]) {
      const hmac = createHmac('sha256', key).update(`e1.${NOW}.{"a":1}`).digest('base64');
      const headers = { 'webhook-id': 'e1', 'webhook-timestamp': String(NOW), 'webhook-signature': `v1,${hmac}` };
      assert.equal(verdict(auth.verifier, head(request.url, headers), request.body), 'credentials-mismatch');
    }
  });

  it('both kinds of key verify during a change from one to the other', () => {
    const auth = goodAuth({ scheme: 'standard-webhooks' }, { secret: WHSEC, previousSecret: WHPK });
    for (const secret of [WHSEC, WHSK]) {
      const signed = goodAuth({ scheme: 'standard-webhooks' }, { secret }).signer.sign(request);
      assert.equal(verdict(auth.verifier, head(request.url, signed.headers), request.body), 'accept');
    }
  });

  it('refuses halves that do not belong together, and wrong lengths', () => {
    for (const secret of [
      `whsk_${Buffer.concat([seed, Buffer.alloc(32, 1)]).toString('base64')}`,
      'whpk_AAAA',
      'whsk_AAAA',
      'whpk_',
    ]) {
      assert.match(createAuth({}, { secret }, clockAt(NOW)).problem!, /^secret: /);
    }
  });
});

describe('signature header', () => {
  const auth = goodAuth({ scheme: 'standard-webhooks' }, { secret: WHSEC }, clockAt(NOW));
  const good = createHmac('sha256', Buffer.alloc(32, 7)).update(`e1.${NOW}.body`).digest('base64');
  const at = (signature: string, time = String(NOW)) =>
    verdict(
      auth.verifier,
      head('https://example.com/h', { 'webhook-id': 'e1', 'webhook-timestamp': time, 'webhook-signature': signature }),
      'body',
    );
  const table: [signature: string, expected: string][] = [
    [`v1,${good}`, 'accept'],
    [`v1,${good.replace('=', '')}`, 'accept'],
    [`v1,${good}=`, 'credentials-mismatch'],
    [`v1,${good} `, 'accept'],
    [`v1, ${good}`, 'credentials-mismatch'],
    [`v1,${good.slice(0, 10)}\u0000${good.slice(10)}`, 'credentials-mismatch'],
    [`v1,${good.replaceAll('+', '-').replaceAll('/', '_')}!`, 'credentials-mismatch'],
    [`v2,${good}`, 'credentials-mismatch'],
    [`v1a,${good}`, 'credentials-mismatch'],
    [`__proto__,${good}`, 'credentials-mismatch'],
    [`constructor,${good}`, 'credentials-mismatch'],
    [good, 'credentials-mismatch'],
    [`,${good}`, 'credentials-mismatch'],
    [`${'v1,AAAA '.repeat(9)}v1,${good}`, 'accept'],
    [`${'v1,AAAA '.repeat(20)}v1,${good}`, 'credentials-mismatch'],
    [`v1,${good} ${'v1,AAAA '.repeat(20)}`, 'credentials-mismatch'],
    ['v1,', 'credentials-mismatch'],
    ['', 'credentials-missing'],
    ['\u00ff\u00fe', 'credentials-mismatch'],
  ];
  for (const [signature, expected] of table) {
    it(`${expected}: ${JSON.stringify(signature).slice(0, 60)}`, () => assert.equal(at(signature), expected));
  }

  it('refuses a base64 signature whose unused bits are set', () => {
    const last = good.at(-2)!;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const other = alphabet[alphabet.indexOf(last) + 1]!;
    assert.equal(at(`v1,${good.slice(0, -2)}${other}=`), 'credentials-mismatch');
  });

  for (const time of ['hello', '-1', '1e9', '0x10', ' 1', '1.5', '\u0661', '9'.repeat(400), '+1']) {
    it(`refuses the timestamp ${time.slice(0, 20)}`, () =>
      assert.equal(at(`v1,${good}`, time), 'credentials-mismatch'));
  }

  it('an empty timestamp is a missing one', () => assert.equal(at(`v1,${good}`, ''), 'credentials-missing'));

  it('hex of either case, of the right length only', () => {
    const github = goodAuth({ scheme: 'github' }, { secret: 's' }).verifier;
    const hex = createHmac('sha256', 's').update('body').digest('hex');
    const of = (value: string) =>
      verdict(github, head('https://example.com/h', { 'x-hub-signature-256': value }), 'body');
    assert.equal(of(`sha256=${hex}`), 'accept');
    assert.equal(of(`sha256=${hex.toUpperCase()}`), 'accept');
    for (const bad of [hex, `sha256=${hex}00`, `sha256=${hex.slice(2)}`, `sha256=zz${hex.slice(2)}`, `sha1=${hex}`]) {
      assert.equal(of(bad), 'credentials-mismatch', bad);
    }
  });

  it('stripe refuses two timestamps in one header', () => {
    const stripe = goodAuth({ scheme: 'stripe' }, { secret: 's' }, clockAt(NOW)).verifier;
    const hex = createHmac('sha256', 's').update(`${NOW}.body`).digest('hex');
    const of = (value: string) => verdict(stripe, head('https://example.com/h', { 'stripe-signature': value }), 'body');
    assert.equal(of(`t=${NOW},v1=${hex}`), 'accept');
    assert.equal(of(`t=${NOW}, v1=${hex}`), 'accept');
    assert.equal(of(`t=1,t=${NOW},v1=${hex}`), 'credentials-mismatch');
  });
});

describe('age of a signature', () => {
  const table: [scheme: string, config: Record<string, unknown>, age: number, expected: string][] = [
    ['standard-webhooks', {}, 300, 'accept'],
    ['standard-webhooks', {}, 301, 'timestamp-out-of-tolerance'],
    ['standard-webhooks', {}, -300, 'accept'],
    ['standard-webhooks', {}, -301, 'timestamp-out-of-tolerance'],
    ['standard-webhooks', { tolerance: 0 }, 1e9, 'accept'],
    ['standard-webhooks', { tolerance: '10' }, 10, 'accept'],
    ['standard-webhooks', { tolerance: '10' }, 11, 'timestamp-out-of-tolerance'],
    ['standard-webhooks', { tolerance: '' }, 301, 'timestamp-out-of-tolerance'],
    ['stripe', {}, 300, 'accept'],
    ['stripe', {}, 301, 'timestamp-out-of-tolerance'],
    ['stripe', {}, -100_000, 'accept'],
    ['slack', {}, 301, 'timestamp-out-of-tolerance'],
    ['slack', {}, -301, 'timestamp-out-of-tolerance'],
    ['github', {}, 1e9, 'accept'],
    ['grafana', { timestampHeader: 'x-t' }, 301, 'timestamp-out-of-tolerance'],
    ['custom', { descriptor: CUSTOM }, 301, 'timestamp-out-of-tolerance'],
    ['custom', { descriptor: CUSTOM }, 299, 'accept'],
  ];
  for (const [scheme, config, age, expected] of table) {
    it(`${scheme} ${JSON.stringify(config).slice(0, 30)} signed ${age} s ago: ${expected}`, () => {
      const secret = scheme === 'standard-webhooks' ? WHSEC : scheme === 'custom' ? 'key-00ff' : 's';
      const request = { method: 'POST', url: 'https://example.com/h', headers: {}, body: Buffer.from('b'), id: 'e' };
      const signed = goodAuth({ scheme, ...config }, { secret }, clockAt(NOW - age)).signer.sign(request);
      const { verifier } = goodAuth({ scheme, ...config }, { secret }, clockAt(NOW));
      assert.equal(verdict(verifier, head(signed.url, signed.headers), 'b'), expected);
    });
  }

  it('says what is wrong to the maker, without the secret', () => {
    const { verifier } = goodAuth({ scheme: 'slack' }, { secret: 'hush-hush' }, clockAt(NOW));
    const headers = { 'x-slack-signature': 'v0=00', 'x-slack-request-timestamp': String(NOW - 1000) };
    assert.match(
      verify(verifier, head('https://e.com/h', headers), '')!.detail,
      /signed 1000 s ago; tolerance is 300 s/,
    );
  });
});
