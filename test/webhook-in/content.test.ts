import assert from 'node:assert/strict';
import { type ParseMode, parse } from '../../nodes/webhook-in/content';
import { isRefusal, type Reason } from '../../nodes/webhook-in/refusal';

const FORM = 'application/x-www-form-urlencoded';
const notUtf8 = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]);

function read(body: string | Buffer, type: string | undefined, mode: ParseMode = 'auto') {
  return parse(Buffer.isBuffer(body) ? body : Buffer.from(body), type, mode);
}

describe('reading a body by its content type', () => {
  const cases: [string, string | undefined, string | Buffer, unknown][] = [
    ['JSON', 'application/json', '{"a":1}', { a: 1 }],
    ['JSON with a charset', 'Application/JSON; charset=utf-8', '[1]', [1]],
    ['a +json type', 'application/vnd.github+json', '"x"', 'x'],
    ['JSON with a byte order mark', 'application/json', '\ufeff{"a":1}', { a: 1 }],
    ['JSON as text/plain (SNS)', 'text/plain; charset=UTF-8', '{"Type":"Notification"}', { Type: 'Notification' }],
    ['JSON of no type (ESPHome)', undefined, '{"a":1}', { a: 1 }],
    ['JSON of an empty type', '', ' [1]', [1]],
    ['JSON of an unknown type', 'application/x-mystery', '{"a":1}', { a: 1 }],
    ['a bare number', 'text/plain', '21.5', 21.5],
    ['text', 'text/plain', 'door open', 'door open'],
    ['text that begins like JSON', undefined, '{door} open', '{door} open'],
    ['text with NUL', undefined, 'a\0b', 'a\0b'],
    ['bytes of no type', undefined, notUtf8, notUtf8],
    ['bytes as text/plain', 'text/plain', notUtf8, notUtf8],
    ['XML', 'application/xml; charset=utf-8', '<a>1</a>', '<a>1</a>'],
    ['a +xml type', 'application/soap+xml', '<a/>', '<a/>'],
    ['HTML', 'text/html', '1', '1'],
    ['CSV', 'text/csv', '1', '1'],
    ['CSV that is no UTF-8', 'text/csv', notUtf8, notUtf8],
    ['octets', 'application/octet-stream', '{"a":1}', Buffer.from('{"a":1}')],
    ['protobuf', 'application/x-protobuf', 'x', Buffer.from('x')],
    ['an image', 'image/jpeg', 'x', Buffer.from('x')],
    ['multipart', 'multipart/form-data; boundary=x', '--x--', Buffer.from('--x--')],
    ['a form', FORM, 'a=1&b=two+words&c=%E2%82%AC', { a: '1', b: 'two words', c: '€' }],
    ['a form with repeated fields', FORM, 'a=1&a=2&a=3&b=', { a: ['1', '2', '3'], b: '' }],
    ['a form field called constructor', FORM, 'constructor=x&toString=y', { constructor: 'x', toString: 'y' }],
    ['JSON that curl calls a form', FORM, ' {"a":1}', { a: 1 }],
    ['a form that only begins like JSON', FORM, '{a=1', { '{a': '1' }],
    ['a constructor without a prototype', 'application/json', '{"constructor":"ACME"}', { constructor: 'ACME' }],
    ['__proto__ in a value', 'application/json', '{"a":"__proto__"}', { a: '__proto__' }],
    ['64 levels', 'application/json', '['.repeat(64) + ']'.repeat(64), JSON.parse('['.repeat(64) + ']'.repeat(64))],
  ];
  for (const [what, type, body, value] of cases) {
    it(what, () => {
      const parsed = read(body, type);
      assert.ok(!isRefusal(parsed), JSON.stringify(parsed));
      assert.deepEqual(parsed.value, value);
    });
  }

  it('gives the fields of a form, and only of a form', () => {
    assert.deepEqual(read('a=1&a=2', FORM), { value: { a: ['1', '2'] }, form: { a: ['1', '2'] } });
    assert.deepEqual(read('{"a":1}', FORM), { value: { a: 1 } });
  });

  it('never finds an empty body malformed', () => {
    for (const mode of ['auto', 'json', 'text', 'buffer'] as const) {
      for (const type of [undefined, 'application/json', FORM, 'image/png']) {
        assert.deepEqual(read('', type, mode), { value: '', empty: true });
      }
    }
  });
});

describe('reading a body as told', () => {
  const cases: [ParseMode, string, string | Buffer, unknown][] = [
    ['json', 'text/html', '{"a":1}', { a: 1 }],
    ['json', FORM, '7', 7],
    ['text', 'application/json', '{"a":1}', '{"a":1}'],
    ['text', 'image/png', '\ufeffx', 'x'],
    ['buffer', 'application/json', '{"a":1}', Buffer.from('{"a":1}')],
    ['buffer', 'text/plain', notUtf8, notUtf8],
  ];
  for (const [mode, type, body, value] of cases) {
    it(`${type} as ${mode}`, () => assert.deepEqual(read(body, type, mode), { value }));
  }
});

describe('refusing a body', () => {
  const nested = '['.repeat(5000) + ']'.repeat(5000);
  const cases: [string, string | undefined, ParseMode, string | Buffer, Reason][] = [
    ['JSON that does not parse', 'application/json', 'auto', '{"a":', 'body-malformed'],
    ['white space as JSON', 'application/json', 'auto', '  ', 'body-malformed'],
    ['NUL as JSON', 'application/json', 'auto', '\0', 'body-malformed'],
    ['JSON that is no UTF-8', 'application/json', 'auto', notUtf8, 'body-malformed'],
    ['an overlong UTF-8 sequence', 'application/json', 'auto', Buffer.from([0x22, 0xc0, 0xa0, 0x22]), 'body-malformed'],
    ['a form that is no UTF-8', FORM, 'auto', notUtf8, 'body-malformed'],
    ['text where JSON is wanted', 'text/plain', 'json', 'door', 'body-malformed'],
    ['a form where JSON is wanted', FORM, 'json', 'a=1', 'body-malformed'],
    ['bytes where text is wanted', 'text/plain', 'text', notUtf8, 'body-malformed'],
    ['5,000 nested arrays', 'application/json', 'auto', nested, 'body-too-deep'],
    ['5,000 nested arrays of no type', undefined, 'auto', nested, 'body-too-deep'],
    ['5,000 nested arrays that curl calls a form', FORM, 'auto', nested, 'body-too-deep'],
    ['65 levels', 'application/json', 'auto', '['.repeat(65) + ']'.repeat(65), 'body-too-deep'],
    ['a __proto__ key', 'application/json', 'auto', '{"a":[{"__proto__":{"x":1}}]}', 'forbidden-key'],
    ['an escaped __proto__ key', 'application/json', 'auto', '{"\\u005f_proto__":1}', 'forbidden-key'],
    ['a __proto__ key of no type', undefined, 'auto', '{"__proto__":1}', 'forbidden-key'],
    ['constructor.prototype', 'application/json', 'auto', '{"constructor":{"prototype":{}}}', 'forbidden-key'],
    ['escaped constructor.prototype', 'text/plain', 'json', '{"c\\u006fnstructor":{"prototype":1}}', 'forbidden-key'],
    ['a __proto__ form field', FORM, 'auto', 'a=1&__proto__=x', 'forbidden-key'],
    ['an escaped __proto__ form field', FORM, 'auto', '%5f_proto__=x', 'forbidden-key'],
  ];
  for (const [what, type, mode, body, reason] of cases) {
    it(`${what}: ${reason}`, () => {
      const refusal = read(body, type, mode);
      assert.ok(isRefusal(refusal), JSON.stringify(refusal));
      assert.equal(refusal.reason, reason);
    });
  }

  it('names the key that is not allowed', () => {
    const refusal = read('{"a":[{"__proto__":1}]}', 'application/json');
    assert.ok(isRefusal(refusal));
    assert.match(refusal.detail, /a\[0\]\.__proto__/);
  });
});
