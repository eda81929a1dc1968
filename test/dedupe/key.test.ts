import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { canonical, contentKey } from '../../nodes/dedupe/canonical';
import { eventKey, keyOf } from '../../nodes/dedupe/key';
import { type FlowFileNode, nobodySendsAgain } from '../../nodes/dedupe/upstream';

describe('dedupe: keys', () => {
  it('an event is known by source and id, by the id alone without a source', () => {
    const table: [unknown, string | undefined][] = [
      [{ id: 'a', source: '/devices/1' }, '/devices/1 a'],
      [{ id: 'a', source: '/devices/2' }, '/devices/2 a'],
      [{ id: 'a' }, 'a'],
      [{ id: 'a', source: '' }, 'a'],
      [{ id: 7 }, '7'],
      [{ id: 'b c', source: 'a' }, 'a b c'],
      [{ id: 'c', source: 'a b' }, '["a b","c"]'],
      [{ id: '' }, undefined],
      [{ source: '/devices/1' }, undefined],
      [{}, undefined],
      [null, undefined],
      ['text', undefined],
      [undefined, undefined],
    ];
    for (const [event, key] of table) assert.equal(eventKey({ event }), key, JSON.stringify(event));
  });

  it('what is missing is no key', () => {
    for (const value of ['', null, undefined, Number.NaN, new Date('x')]) assert.equal(keyOf(value), undefined);
    assert.equal(keyOf(0), '0');
    assert.equal(keyOf(false), 'false');
    assert.equal(keyOf('x'), 'x');
    assert.equal(keyOf(new Date(0)), '1970-01-01T00:00:00.000Z');
    assert.equal(keyOf({ a: 1 }), contentKey({ a: 1 }));
  });

  it('equal content has one text, whatever the order of its keys', () => {
    const same: [unknown, unknown][] = [
      [
        { a: 1, b: { c: [1, 2], d: 'x' } },
        { b: { d: 'x', c: [1, 2] }, a: 1 },
      ],
      [{ a: 1, b: undefined }, { a: 1 }],
      [0, -0],
      [Buffer.from('x'), Buffer.from('x')],
      [new Date(5), new Date(5)],
      [
        new Map([
          [1, 2],
          [3, 4],
        ]),
        new Map([
          [3, 4],
          [1, 2],
        ]),
      ],
      [new Set(['a', 'b']), new Set(['b', 'a'])],
    ];
    for (const [a, b] of same) assert.equal(canonical(a), canonical(b));
  });

  it('different content has different texts', () => {
    const different: unknown[] = [
      1,
      '1',
      1n,
      true,
      'true',
      null,
      'null',
      undefined,
      [],
      {},
      [1, 2],
      [2, 1],
      [[1], 2],
      { a: 1 },
      { a: '1' },
      { a: null },
      { a: { b: 1 } },
      Buffer.from('x'),
      { type: 'Buffer', data: [120] },
      Uint8Array.from([120]),
      new Date(5),
      new Date(5).toISOString(),
      new Map([['a', 1]]),
      new Set([1, 2]),
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '{"a":1}',
      { 'a":1,"b': 2 },
      { a: 1, b: 2 },
      Buffer.from('x').buffer.slice(0, 1),
      Buffer.from('x').buffer.slice(0, 2),
      new Error('a'),
      new Error('b'),
      new TypeError('a'),
      Object.assign(new Error('a'), { code: 'E' }),
      /a/,
      /b/,
      Object(1),
      Object(2),
      new URL('http://a/'),
      new URL('http://b/'),
    ];
    assert.equal(new Set(different.map((value) => canonical(value))).size, different.length);
  });

  it('what a function node makes, in a context of its own, is what it is here', () => {
    for (const text of [
      'new Date(5)',
      'new Map([[1, 2]])',
      'new Set([1])',
      'new ArrayBuffer(1)',
      'new Error("a")',
      '/a/',
    ]) {
      const here: unknown = runInNewContext(`host.eval(${JSON.stringify(text)})`, { host: globalThis });
      const there: unknown = runInNewContext(text);
      assert.equal(canonical(there), canonical(here), text);
      assert.notEqual(canonical(there), '{}', text);
    }
    assert.equal(keyOf(runInNewContext('new Date(0)')), '1970-01-01T00:00:00.000Z');
  });

  it('circles, depths and functions are refused', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    assert.throws(() => canonical(circle), /does not contain itself/);
    assert.throws(() => canonical(JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`)), /at most 256 levels/);
    assert.throws(() => canonical({ f: () => 1 }), /without functions/);
    // Whatever makes it differ from another one cannot be seen.
    assert.throws(() => canonical({ w: new WeakMap() }), /without a WeakMap/);
  });
});

describe('dedupe: is freeing a key of any use?', () => {
  const webhook = (answer: string | undefined, wires: string[][]): FlowFileNode => ({
    id: 'w',
    type: 'surewire-webhook-in',
    wires,
    ...(answer && { answer }),
  });
  const node = (id: string, wires: string[][], type = 'function', more = {}): FlowFileNode => ({
    id,
    type,
    wires,
    ...more,
  });
  const dedupe = (wires: string[] = ['x']): FlowFileNode => node('d', [wires, []], 'surewire-dedupe');
  const cases: [string, FlowFileNode[], boolean][] = [
    ['webhook in, accepted by default', [webhook(undefined, [['d']]), dedupe()], true],
    ['webhook in, accepted', [webhook('accepted', [['a']]), node('a', [['d']]), dedupe()], true],
    ['webhook in, stored', [webhook('stored', [['d']]), dedupe()], false],
    ['webhook in, flow', [webhook('flow', [['d']]), dedupe()], false],
    ['only its refusals', [webhook('accepted', [[], ['d']]), dedupe()], false],
    ['nothing upstream', [dedupe()], false],
    ['retry before', [webhook('accepted', [['r']]), node('r', [['d']], 'surewire-retry'), dedupe()], false],
    ['retry behind', [webhook('accepted', [['d']]), dedupe(['r']), node('r', [], 'surewire-retry')], false],
    [
      'by a link',
      [
        webhook('accepted', [['o']]),
        node('o', [], 'link out', { links: ['i'] }),
        node('i', [['d']], 'link in', { links: ['o'] }),
        dedupe(),
      ],
      true,
    ],
    ['disabled', [{ ...webhook('accepted', [['d']]), d: true }, dedupe()], false],
    ['in a circle', [node('a', [['d']]), dedupe(['a'])], false],
  ];
  for (const [what, nodes, expected] of cases) it(what, () => assert.equal(nobodySendsAgain(nodes, 'd'), expected));
});
