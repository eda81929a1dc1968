import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { readConfig } from '../../nodes/webhook-out/config';
import { type EventMessage, eventId } from '../../nodes/webhook-out/event-id';
import { requestBody } from '../../nodes/webhook-out/request-body';
import { configuredHeaders, messageHeaders } from '../../nodes/webhook-out/request-headers';

describe('webhook out: the configuration', () => {
  it('has the documented defaults', () => {
    assert.deepEqual(readConfig({}), {
      method: 'POST',
      headers: {},
      timeoutMs: 30_000,
      maxResponse: 1_048_576,
      allowLinkLocal: false,
    });
  });

  it('reads text as the editor writes it', () => {
    const config = readConfig({ url: ' https://a.example/x?y=1#z ', method: 'put', timeout: '2.5', maxResponse: '10' });
    assert.equal(config.url?.href, 'https://a.example/x?y=1');
    assert.equal(config.method, 'PUT');
    assert.equal(config.timeoutMs, 2500);
    assert.equal(config.maxResponse, 10);
  });

  it('takes a field of blanks for an empty one', () => {
    assert.deepEqual(readConfig({ url: ' ', timeout: ' ', maxResponse: ' ' }), readConfig({}));
  });

  const wrong: [string, Parameters<typeof readConfig>[0]][] = [
    ['url', { url: 'a.example/x' }],
    ['url', { url: 'ftp://a.example/' }],
    ['url', { url: 'http://' }],
    ['method', { method: 'CONNECT' }],
    ['timeout', { timeout: 0 }],
    ['timeout', { timeout: 'soon' }],
    ['timeout', { timeout: true }],
    ['maxResponse', { maxResponse: -1 }],
    ['headers', { headers: '{"a":' }],
    ['headers', { headers: '"a"' }],
    ['headers', { headers: [{ value: 'x' }] }],
    ['headers', { headers: { 'x a': 'b' } }],
    ['headers', { headers: [{ name: 'x-a', value: 'b\r\nx-evil: 1' }] }],
    ['url', { url: 'http:a.example' }],
  ];
  for (const [field, raw] of wrong) {
    it(`names ${field} in ${JSON.stringify(raw)}`, () =>
      assert.throws(() => readConfig(raw), new RegExp(`^(Config)?Error: ${field}: expected`)));
  }

  it('does not repeat a URL that may hold a secret', () => {
    assert.throws(
      () => readConfig({ url: 'hooks.example/x?token=s3cret' }),
      (error: Error) => !error.message.includes('s3cret'),
    );
  });
});

describe('webhook out: headers', () => {
  const forms: [string, unknown][] = [
    ['an object', { 'X-A': 'b', n: 1 }],
    ['JSON text', '{"X-A":"b","n":1}'],
    [
      'a list',
      [
        { name: 'X-A', value: 'b' },
        { name: 'n', value: 1 },
      ],
    ],
  ];
  for (const [title, field] of forms) {
    it(`are read from ${title}`, () => assert.deepEqual(configuredHeaders(field), { 'x-a': 'b', n: '1' }));
  }

  it('of the connection are never taken over', () => {
    assert.deepEqual(
      configuredHeaders({
        Host: 'x',
        'Content-Length': 1,
        'transfer-encoding': 'chunked',
        Connection: 'close',
        ok: 'y',
      }),
      { ok: 'y' },
    );
  });

  const messages: [string, unknown, Record<string, string>][] = [
    [
      'set by the flow',
      { Authorization: 'Bearer x', 'x-list': ['a', 'b'], none: undefined, deep: {} },
      { authorization: 'Bearer x', 'x-list': 'a, b' },
    ],
    ['of a received request', { host: 'a', authorization: 'Basic x', cookie: 'y' }, {}],
    ['of an answer', { Date: 'Mon', 'content-type': 'text/html' }, {}],
    ['of an answer with cookies', { 'set-cookie': ['a=b'] }, {}],
    ['of http request', { 'x-node-red-request-node': 'abc', etag: 'x' }, {}],
    ['no object', 'x', {}],
    ['a list', ['x'], {}],
    ['absent', undefined, {}],
  ];
  for (const [title, headers, expected] of messages) {
    it(`msg.headers ${title}`, () => assert.deepEqual(messageHeaders(headers), expected));
  }
});

describe('webhook out: the body', () => {
  const rows: [string, unknown, string, string | undefined, string, string | undefined][] = [
    ['an object', { a: 1 }, 'POST', undefined, '{"a":1}', 'application/json'],
    ['an array', [1], 'PUT', undefined, '[1]', 'application/json'],
    ['a number', 7, 'POST', undefined, '7', 'application/json'],
    ['null', null, 'POST', undefined, 'null', 'application/json'],
    ['a string', 'é', 'POST', undefined, 'é', 'text/plain; charset=utf-8'],
    ['an empty string', '', 'POST', undefined, '', 'text/plain; charset=utf-8'],
    ['a Buffer', Buffer.from('x'), 'POST', undefined, 'x', 'application/octet-stream'],
    [
      'bytes made in a function node, which has a realm of its own',
      runInNewContext('new Uint8Array([120])'),
      'POST',
      undefined,
      'x',
      'application/octet-stream',
    ],
    ['nothing', undefined, 'POST', undefined, '', undefined],
    ['an object with GET', { a: 1 }, 'GET', undefined, '', undefined],
    [
      'a form',
      { a: ['1', 2], b: { c: 1 }, d: 'x y' },
      'POST',
      'application/x-www-form-urlencoded',
      'a=1&a=2&b=%7B%22c%22%3A1%7D&d=x+y',
      undefined,
    ],
  ];
  for (const [title, payload, method, type, bytes, contentType] of rows) {
    it(`of ${title}`, () => {
      const body = requestBody(payload, method, type);
      assert.equal(body.bytes.toString(), bytes);
      assert.equal(body.contentType, contentType);
    });
  }

  const circular: Record<string, unknown> = {};
  circular.self = circular;
  for (const [title, payload] of [
    ['circular', circular],
    ['BigInt', { n: 1n }],
    ['a function', () => 1],
    [
      'what throws no Error',
      {
        toJSON() {
          throw null;
        },
      },
    ],
  ] as const) {
    it(`cannot be made of ${title}`, () =>
      assert.throws(() => requestBody(payload, 'POST', undefined), { code: 'REQUEST_INVALID' }));
  }
});

describe('webhook out: the event id', () => {
  const rows: [string, EventMessage, string, unknown][] = [
    ["the event's own", { event: { id: 'e1', type: 't' } }, 'e1', { id: 'e1', type: 't' }],
    ['a number', { event: { id: 7 } }, '7', { id: 7 }],
    ['that of the retry node in front', { retry: { id: 'r1' } }, 'r1', { id: 'r1' }],
    ['new, beside the other attributes', { event: { type: 't' } }, 'new', { type: 't', id: 'new' }],
    ['new for an empty one', { event: { id: '' } }, 'new', { id: 'new' }],
    ['new for none', {}, 'new', { id: 'new' }],
    ['core http request leaves msg.retry = 0', { retry: 0 }, 'new', { id: 'new' }],
  ];
  for (const [title, msg, id, event] of rows) {
    it(`is ${title}`, () => {
      assert.equal(
        eventId(msg, () => 'new'),
        id,
      );
      assert.deepEqual(msg.event, event);
    });
  }
});
