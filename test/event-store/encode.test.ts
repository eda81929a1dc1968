import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import vm from 'node:vm';
import fc from 'fast-check';
import { decode, encode } from '../../nodes/event-store/encode';

const through = (value: unknown): unknown => decode(encode(value, 'msg'));

describe('messages as text', () => {
  const kept: [name: string, value: unknown][] = [
    ['JSON', { a: [1, 'x', null, true, { b: {} }], c: '', '💧': '\0\ud800' }],
    ['undefined, also in arrays', { a: undefined, b: [undefined, 1] }],
    ['numbers JSON lacks', [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 5e-324]],
    ['BigInt', [0n, -12345678901234567890123n]],
    ['dates', [new Date(0), new Date(8.64e15)]],
    ['Buffer', Buffer.from([0, 127, 255])],
    ['an empty Buffer', Buffer.alloc(0)],
    ['typed arrays', [new Uint8Array([1]), new Float64Array([1.5, Number.NaN]), new BigInt64Array([-1n])]],
    ['a view into a larger buffer', new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2)],
    ['ArrayBuffer', new Uint8Array([1, 2]).buffer],
    ['Map and Set', [new Map<unknown, unknown>([[{ k: 1 }, new Set([1, 'a'])]]), new Set([new Map()])]],
    ['an object with $type', { $type: 'Date', value: 'x', more: { $type: { $type: 1 } } }],
    ['an object that names constructor', { constructor: 'ACME', prototype: {} }],
  ];
  for (const [name, value] of kept) it(`keeps ${name}`, () => assert.deepEqual(through(value), value));

  it('keeps what is plain in another realm, as function nodes make it', () => {
    const foreign = vm.runInNewContext(
      '({ a: [1, { b: 2 }], d: new Date(5), m: new Map([[1, new Set([2])]]), u: new Uint8Array([3]), n: Object.create(null) })',
    );
    assert.deepEqual(through(foreign), {
      a: [1, { b: 2 }],
      d: new Date(5),
      m: new Map([[1, new Set([2])]]),
      u: new Uint8Array([3]),
      n: {},
    });
  });

  it('keeps an invalid date', () => {
    assert.ok(Number.isNaN((through(new Date(Number.NaN)) as Date).getTime()));
  });

  it('keeps circles and shared parts', () => {
    const shared = { x: 1 };
    const message: Record<string, unknown> = { a: shared, b: [shared], map: new Map() };
    message.self = message;
    (message.map as Map<unknown, unknown>).set('m', message.map);
    const back = through(message) as typeof message;
    assert.equal(back.self, back);
    assert.equal(back.a, (back.b as unknown[])[0]);
    assert.equal((back.map as Map<unknown, unknown>).get('m'), back.map);
  });

  it('is not blown up by parts shared over and over', () => {
    let value: unknown[] = [];
    for (let level = 0; level < 50; level += 1) value = [value, value];
    assert.ok(encode(value, 'msg').length < 10_000);
  });

  it('leaves out symbols and, of a message, req and res', () => {
    const message = { payload: { req: 1 }, req: () => 1, res: () => 1, [Symbol('s')]: () => 1 };
    assert.deepEqual(decode(encode(message, 'msg', ['req', 'res'])), { payload: { req: 1 } });
  });

  it('is JSON that any tool can read', () => {
    assert.equal(encode({ payload: { t: 21.5 }, topic: 'x' }, 'msg'), '{"payload":{"t":21.5},"topic":"x"}');
    assert.equal(encode({ at: new Date(0) }, 'msg'), '{"at":{"$type":"Date","value":"1970-01-01T00:00:00.000Z"}}');
  });

  class Sensor {
    constructor(readonly value: number) {}
  }
  let deep: unknown = 1;
  for (let level = 0; level < 70; level += 1) deep = [deep];
  const refused: [name: string, value: unknown, path: RegExp][] = [
    ['a function', { payload: { callback: () => 1 } }, /^msg\.payload\.callback cannot be stored: it is a function/],
    ['a symbol', { list: [1, Symbol('x')] }, /^msg\.list\[1\] cannot be stored: it is a symbol/],
    [
      'an object of a class',
      { a: { 'b c': new Sensor(1) } },
      /^msg\.a\["b c"\] cannot be stored: it is an object of class Sensor/,
    ],
    ['an error', { error: new Error('x') }, /^msg\.error cannot be stored: it is an object of class Error/],
    ['a promise', { p: Promise.resolve() }, /^msg\.p cannot be stored/],
    ['something in a Map', { m: new Map([['k', () => 1]]) }, /^msg\.m\.k cannot be stored/],
    ['something in a Set', { s: new Set([() => 1]) }, /^msg\.s\[0\] cannot be stored/],
    ['too many levels', { deep }, /cannot be stored: it is nested deeper than 64 levels/],
    ['__proto__', JSON.parse('{"a":{"__proto__":{}}}'), /^msg\.a\.__proto__ cannot be stored/],
    ['constructor.prototype', { a: { constructor: { prototype: {} } } }, /^msg\.a\.constructor cannot be stored/],
  ];
  for (const [name, value, path] of refused) {
    it(`refuses ${name} and names the path`, () => {
      assert.throws(() => encode(value, 'msg'), { name: 'StoreError', code: 'unstorable', message: path });
    });
  }

  const tampered: [name: string, text: string][] = [
    ['no JSON', '{"a":'],
    ['deep nesting', '['.repeat(1000) + ']'.repeat(1000)],
    ['__proto__', '{"a":{"__proto__":{"x":1}}}'],
    ['an escaped __proto__', '{"\\u005f_proto__":1}'],
    ['constructor.prototype', '{"constructor":{"prototype":{}}}'],
    ['an unknown type', '{"$type":"Function","value":"1"}'],
    ['an inherited name as type', '{"$type":"toString","value":"1"}'],
    ['a bad BigInt', '{"$type":"bigint","value":"1n"}'],
    ['a bad number', '{"$type":"number","value":"toString"}'],
    ['a reference to nothing', '[{"$type":"ref","value":7}]'],
    ['a bad Map', '{"$type":"Map","value":[null]}'],
    ['a typed array of odd length', '{"$type":"Float64Array","value":"AAAA"}'],
  ];
  for (const [name, text] of tampered) {
    it(`refuses stored text with ${name}`, () => assert.throws(() => decode(text), { code: 'damaged' }));
  }

  /** For deepEqual of Node.js 20, no invalid date equals another. */
  const inEveryDetail = (value: unknown): string =>
    inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null });

  it('gives back whatever it takes', () => {
    const value = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: false,
      withSparseArray: false,
      maxDepth: 4,
    });
    fc.assert(
      fc.property(value, (message) => {
        let text: string;
        try {
          text = encode(message, 'msg');
        } catch (error) {
          assert.match((error as Error).message, /changes prototypes|Float16Array/);
          return;
        }
        assert.equal(inEveryDetail(decode(text)), inEveryDetail(message));
      }),
      { numRuns: 1000 },
    );
  });
});
