import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { createAuth } from '../../nodes/webhook-auth/auth';
import { parseDescriptor, readDescriptor } from '../../nodes/webhook-auth/read-descriptor';
import { SCHEMES } from '../../nodes/webhook-auth/schemes';
import { clockAt, goodAuth, head, verdict } from './support';

describe('descriptor', () => {
  const wrong: [descriptor: string, message: RegExp][] = [
    ['', /^descriptor: is empty/],
    ['{', /^descriptor: is not JSON/],
    ['[]', /^descriptor: expected a JSON object/],
    ['null', /expected a JSON object/],
    ['{}', /sig: expected a JSON object/],
    ['{"sig":{}}', /sig\.header: expected a header's name/],
    ['{"sig":{"header":"a b"}}', /sig\.header: /],
    ['{"sig":{"header":[]}}', /sig\.header: /],
    ['{"sig":{"header":["a",1]}}', /sig\.header\[1\]: /],
    ['{"sig":{"header":"a","algorithm":"x"}}', /sig\.algorithm: unknown field; known are header, /],
    ['{"sig":{"header":"a","alg":"md5"}}', /sig\.alg: expected one of hmac-sha1, /],
    ['{"sig":{"header":"a","encoding":"base32"}}', /sig\.encoding: expected one of hex, base64/],
    ['{"sig":{"header":"a","labels":{"v1":"hmac-sha256"}}}', /sig\.pair: /],
    ['{"sig":{"header":"a","pair":"="}}', /sig\.labels: /],
    ['{"sig":{"header":"a","pair":"=","labels":{}}}', /sig\.labels: /],
    ['{"sig":{"header":"a","pair":"=","labels":{"v1":"none"}}}', /sig\.labels\.v1: expected one of/],
    ['{"sig":{"header":"a"},"content":"{ts}.{body}"}', /content: \{ts\} needs "ts"/],
    ['{"sig":{"header":"a"},"content":"{bdy}"}', /content: unknown placeholder \{bdy\}/],
    ['{"sig":{"header":"a"},"content":"{h:x}"}', /content: expected \{body\}/],
    ['{"sig":{"header":"a"},"content":"{url}{form}"}', /content: expected \{body\}/],
    ['{"sig":{"header":"a"},"content":5}', /content: expected a text/],
    ['{"sig":{"header":"a"},"ts":{"header":"t"}}', /content: expected \{ts\}/],
    ['{"sig":{"header":"a"},"ts":{},"content":"{ts}{body}"}', /ts: expected either/],
    ['{"sig":{"header":"a"},"ts":{"header":"t","label":"t"},"content":"{ts}{body}"}', /ts: expected either/],
    ['{"sig":{"header":"a"},"ts":{"label":"t"},"content":"{ts}{body}"}', /sig\.split: /],
    [
      '{"sig":{"header":"a"},"ts":{"header":"t","tolerance":-1},"content":"{ts}{body}"}',
      /ts\.tolerance: expected seconds/,
    ],
    [
      '{"sig":{"header":"a"},"ts":{"header":"t","format":"iso"},"content":"{ts}{body}"}',
      /ts\.format: expected one of unix, unix-ms/,
    ],
    ['{"sig":{"header":"a"},"key":{"encoding":"latin1"}}', /key\.encoding: expected one of utf8/],
    ['{"sig":{"header":"a"},"key":{"prefixes":[""]}}', /key\.prefixes\[0\]: /],
    [
      '{"sig":{"header":"a"},"key":{"prefixes":{"a":"b"}}}',
      /key\.prefixes\.a: expected one of secret, public, private/,
    ],
    ['{"sig":{"header":"a"},"requireHeaders":"x"}', /requireHeaders: expected a list/],
    ['{"sig":{"header":"a"},"bodyDigest":{}}', /bodyDigest\.query: /],
    ['{"sig":{"header":"a"},"urlVariants":"yes"}', /urlVariants: expected true or false/],
    ['{"sig":{"header":"a"},"engine":"jwt"}', /engine: expected one of mac/],
    ['{"sig":{"header":"a"},"idHeader":""}', /idHeader: /],
  ];
  for (const [descriptor, message] of wrong) {
    it(`${message.source}: ${descriptor}`, () => {
      assert.throws(
        () => parseDescriptor(descriptor),
        (error: Error) => message.test(error.message),
      );
      const auth = createAuth({ scheme: 'custom', descriptor }, { secret: 's' }, clockAt(0));
      assert.match(auth.problem!, message);
      assert.equal(verdict(auth.verifier, head('https://example.com/h')), 'misconfigured');
    });
  }

  it('every scheme is a row that a maker could have written', () => {
    for (const [scheme, row] of Object.entries(SCHEMES)) {
      assert.deepEqual(parseDescriptor(JSON.stringify(row.descriptor)), readDescriptor(row.descriptor), scheme);
    }
  });

  const custom = (descriptor: object, secret: string, more: Record<string, unknown> = {}) =>
    goodAuth({ scheme: 'custom', descriptor: JSON.stringify(descriptor), ...more }, { secret }, clockAt(1000)).verifier;
  const hmac = (algorithm: string, key: string | Buffer, text: string) => createHmac(algorithm, key).update(text);

  it('the shortest one: an hmac of the body in hex', () => {
    const verifier = custom({ sig: { header: 'X-Sig' } }, 's');
    const good = hmac('sha256', 's', 'body').digest('hex');
    assert.equal(verdict(verifier, head('https://e.com/h', { 'x-sig': good }), 'body'), 'accept');
    assert.equal(verdict(verifier, head('https://e.com/h', { 'x-sig': good }), 'Body'), 'credentials-mismatch');
    assert.equal(verdict(verifier, head('https://e.com/h'), 'body'), 'credentials-missing');
  });

  it('several unlabelled signatures in one header', () => {
    const verifier = custom({ sig: { header: 'x-sig', split: ',' } }, 's');
    const good = hmac('sha256', 's', 'body').digest('hex');
    assert.equal(verdict(verifier, head('https://e.com/h', { 'x-sig': `00, ${good}` }), 'body'), 'accept');
  });

  it('labels as a list, prefixes as a list', () => {
    const verifier = custom(
      {
        sig: { header: 'x-sig', pair: '=', labels: ['sha512'], alg: 'hmac-sha512' },
        key: { prefixes: ['sk_'], encoding: 'base64' },
      },
      `sk_${Buffer.from('key').toString('base64')}`,
    );
    const good = hmac('sha512', 'key', 'body').digest('hex');
    assert.equal(verdict(verifier, head('https://e.com/h', { 'x-sig': `sha512=${good}` }), 'body'), 'accept');
  });

  it('method, path, query and headers of the request; a prefix of the public URL belongs to the path', () => {
    const descriptor = {
      sig: { header: 'x-sig' },
      content: '{method}\n{path}\n{query}\n{h:x-a}\n{body}',
      requireHeaders: ['x-b'],
    };
    const verifier = custom(descriptor, 's', { publicUrl: 'https://me@example.com:8443/red/' });
    const good = hmac('sha256', 's', 'PUT\n/red/h/%C3%A9\na=1&b=%20\nvalue\nbody').digest('hex');
    const request = (headers: Record<string, string>) =>
      head('http://localhost/h/%C3%A9?a=1&b=%20', { 'x-sig': good, ...headers }, 'PUT');
    assert.equal(verdict(verifier, request({ 'x-a': 'value', 'x-b': '1' }), 'body'), 'accept');
    assert.equal(verdict(verifier, request({ 'x-a': 'Value', 'x-b': '1' }), 'body'), 'credentials-mismatch');
    assert.equal(verdict(verifier, request({ 'x-a': 'value' }), 'body'), 'credentials-missing');
    assert.equal(verdict(verifier, request({ 'x-b': '1' }), 'body'), 'credentials-missing');
  });

  it("its own tolerance goes before the node's", () => {
    const descriptor = { sig: { header: 'x-sig' }, ts: { header: 'x-t', tolerance: 10 }, content: '{ts}{body}' };
    const verifier = custom(descriptor, 's', { tolerance: 300 });
    const at = (time: number) => {
      const good = hmac('sha256', 's', `${time}body`).digest('hex');
      return verdict(verifier, head('https://e.com/h', { 'x-sig': good, 'x-t': String(time) }), 'body');
    };
    assert.equal(at(990), 'accept');
    assert.equal(at(989), 'timestamp-out-of-tolerance');
  });

  for (const tolerance of [undefined, null, '', '  ', 300, '300'] as const) {
    it(`a tolerance of ${JSON.stringify(tolerance)} is 300 seconds`, () => {
      const descriptor = { sig: { header: 'x-sig' }, ts: { header: 'x-t' }, content: '{ts}{body}' };
      const verifier = custom(descriptor, 's', { tolerance });
      const at = (time: number) => {
        const good = hmac('sha256', 's', `${time}body`).digest('hex');
        return verdict(verifier, head('https://e.com/h', { 'x-sig': good, 'x-t': String(time) }), 'body');
      };
      assert.deepEqual([at(700), at(699)], ['accept', 'timestamp-out-of-tolerance']);
    });
  }

  it('the event id travels in the signed header whose name ends in id', () => {
    const descriptor = { sig: { header: 'x-sig', labels: null }, content: '{h:x-kind}.{h:x-request-id}.{body}' };
    const auth = goodAuth({ scheme: 'custom', descriptor: JSON.stringify(descriptor) }, { secret: 's' });
    assert.deepEqual(auth.verifier.identity.eventId, ['{h:x-request-id}']);
    const request = { method: 'POST', url: 'https://e.com/h', body: Buffer.from('body'), id: 'e1' };
    const signed = auth.signer.sign({ ...request, headers: { 'x-kind': 'k' } });
    assert.equal(signed.headers['x-request-id'], 'e1');
    assert.equal(verdict(auth.verifier, head(signed.url, { 'x-kind': 'k', ...signed.headers }), 'body'), 'accept');
    assert.throws(() => auth.signer.sign({ ...request, headers: {} }), /signs x-kind, which the request does not have/);
  });

  it('text beyond ASCII in the template is UTF-8', () => {
    const verifier = custom({ sig: { header: 'x-sig' }, content: 'gr\u00fc\u00df {body}' }, 's');
    const good = hmac('sha256', 's', 'gr\u00fc\u00df body').digest('hex');
    assert.equal(verdict(verifier, head('https://e.com/h', { 'x-sig': good }), 'body'), 'accept');
  });
});

describe('a signed URL', () => {
  const sign = (text: string): string => createHmac('sha1', 's').update(text).digest('base64');
  const FORM = 'application/x-www-form-urlencoded';
  const post = (url: string, signed: string, config: Record<string, unknown> = {}, body = 'b=2&a=1', type = FORM) =>
    verdict(
      goodAuth({ scheme: 'twilio', ...config }, { secret: 's' }).verifier,
      head(url, { 'x-twilio-signature': sign(signed), 'content-type': type }),
      body,
    );

  const table: [title: string, url: string, signed: string, config: Record<string, unknown>, expected: string][] = [
    ['as it came', 'https://e.com/h?x=1', 'https://e.com/h?x=1a1b2', {}, 'accept'],
    ['TLS ended at a proxy', 'http://e.com/h', 'https://e.com/ha1b2', {}, 'accept'],
    ['TLS here is never plain there', 'https://e.com/h', 'http://e.com/ha1b2', {}, 'credentials-mismatch'],
    ['signed with the port', 'https://e.com/h', 'https://e.com:443/ha1b2', {}, 'accept'],
    ['signed without the port', 'https://e.com:8443/h', 'https://e.com/ha1b2', {}, 'accept'],
    ['an address of IPv6', 'http://[::1]:1880/h', 'http://[::1]:1880/ha1b2', {}, 'accept'],
    [
      'the public URL',
      'http://10.0.0.1:1880/h',
      'https://u:p@e.com/red/ha1b2',
      { publicUrl: 'https://u:p@e.com/red/' },
      'accept',
    ],
    [
      'not the request where a public URL is set',
      'https://e.com/h',
      'https://e.com/ha1b2',
      { publicUrl: 'https://f.com' },
      'credentials-mismatch',
    ],
    ['another path', 'https://e.com/h', 'https://e.com/ia1b2', {}, 'credentials-mismatch'],
    ['another query', 'https://e.com/h?x=1', 'https://e.com/h?x=2a1b2', {}, 'credentials-mismatch'],
  ];
  for (const [title, url, signed, config, expected] of table) {
    it(`${title}: ${expected}`, () => assert.equal(post(url, signed, config), expected));
  }

  it('names are sorted, values of one name once and sorted, escapes decoded', () => {
    const body = 'b=2&a=%C3%BC+x&B=3&b=1&b=2&c';
    assert.equal(post('https://e.com/h', 'https://e.com/hB3a\u00fc xb1b2c', {}, body), 'accept');
  });

  it('a body that is no form needs its digest in the URL', () => {
    const body = '{"a":1}';
    const digest = createHash('sha256').update(body).digest('hex');
    const url = `https://e.com/h?bodySHA256=${digest}`;
    assert.equal(post(url, url, {}, body, 'application/json'), 'accept');
    assert.equal(post(url, url, {}, `${body} `, 'application/json'), 'credentials-mismatch');
    assert.equal(post(url, url, {}, '', 'application/json'), 'credentials-mismatch');
    assert.equal(
      post(`${url}&bodySHA256=${digest}`, `${url}&bodySHA256=${digest}`, {}, body, 'application/json'),
      'credentials-mismatch',
    );
    assert.equal(post('https://e.com/h', 'https://e.com/h', {}, body, 'application/json'), 'credentials-mismatch');
    assert.equal(post('https://e.com/h', 'https://e.com/h', {}, body, 'text/plain'), 'credentials-mismatch');
    // Nothing in the body, nothing to vouch for.
    assert.equal(post('https://e.com/h', 'https://e.com/h', {}, '', ''), 'accept');
  });

  it('a form that the signed bytes do not hold needs its digest too', () => {
    const descriptor = { sig: { header: 'x-sig' }, content: '{url}', bodyDigest: { query: 'digest' } };
    const { verifier, signer } = goodAuth(
      { scheme: 'custom', descriptor: JSON.stringify(descriptor) },
      { secret: 's' },
    );
    const headers = { 'content-type': FORM };
    const bare = signer.sign({ method: 'POST', url: 'https://e.com/h', headers, body: Buffer.alloc(0), id: '' });
    assert.equal(verdict(verifier, head(bare.url, { ...headers, ...bare.headers }), ''), 'accept');
    assert.equal(verdict(verifier, head(bare.url, { ...headers, ...bare.headers }), 'a=1'), 'credentials-mismatch');
    const full = signer.sign({ method: 'POST', url: 'https://e.com/h', headers, body: Buffer.from('a=1'), id: '' });
    assert.equal(verdict(verifier, head(full.url, { ...headers, ...full.headers }), 'a=1'), 'accept');
    assert.equal(verdict(verifier, head(full.url, { ...headers, ...full.headers }), 'a=2'), 'credentials-mismatch');
  });

  it('a form of a hundred thousand fields is refused before it is sorted', () => {
    assert.equal(post('https://e.com/h', 'https://e.com/h', {}, 'a&'.repeat(100_000)), 'credentials-mismatch');
  });

  it('a doubled Host or content type is refused', () => {
    const { verifier } = goodAuth({ scheme: 'twilio' }, { secret: 's' });
    const good = { 'x-twilio-signature': sign('https://e.com/ha1b2'), 'content-type': FORM };
    assert.equal(verdict(verifier, head('https://e.com/h', good), 'b=2&a=1'), 'accept');
    for (const double of [{ host: ['e.com', 'e.com'] }, { 'content-type': [FORM, FORM] }]) {
      assert.equal(
        verdict(verifier, head('https://e.com/h', { ...good, ...double }), 'b=2&a=1'),
        'credentials-mismatch',
      );
    }
  });

  it('says which URL was tried, without user, password and query', () => {
    const { verifier } = goodAuth({ scheme: 'twilio', publicUrl: 'https://u:p@e.com' }, { secret: 's' });
    const request = head('http://x/h?token=t', { 'x-twilio-signature': sign('x'), 'content-type': FORM });
    const { detail } = verifier.check(request, Buffer.from('a=1'))!;
    assert.match(detail, /https:\/\/e\.com\/h /);
    assert.doesNotMatch(detail, /u:p|token/);
  });
});
