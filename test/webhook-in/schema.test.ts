import assert from 'node:assert/strict';
import { compileSchema, type Mismatch, SchemaError } from '../../nodes/webhook-in/schema';

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';

function check(schema: unknown, value: unknown): Mismatch | undefined {
  return compileSchema(JSON.stringify(schema)).validate(value);
}

describe('matching a schema', () => {
  const matching: [string, unknown, unknown][] = [
    ['true', true, 1],
    ['2020-12 by default', { prefixItems: [{ type: 'string' }], items: { type: 'number' } }, ['a', 1]],
    ['2020-12 by name', { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'number' }, 1],
    ['draft-07', { $schema: DRAFT_07, items: [{ type: 'string' }], additionalItems: false }, ['a']],
    [
      'draft-07 without the hash',
      { $schema: DRAFT_07.slice(0, -1), definitions: { a: { type: 'null' } }, $ref: '#/definitions/a' },
      null,
    ],
    ['a format', { type: 'string', format: 'date-time' }, '2026-01-01T00:00:00Z'],
    ['a pattern', { pattern: '^\\d{3}-[A-Z]+$' }, '123-AB'],
    ['a pattern of Unicode', { pattern: '^\\u00e9\\p{Lu}$' }, 'éÉ'],
    ['patternProperties', { patternProperties: { '^x-': { type: 'number' } } }, { 'x-a': 1, y: 'z' }],
    ['$ref inside', { $defs: { t: { type: 'number' } }, properties: { t: { $ref: '#/$defs/t' } } }, { t: 1 }],
    [
      '$id and $ref to it',
      { $id: 'https://example.com/a', properties: { sub: { $ref: 'https://example.com/a' } } },
      { sub: {} },
    ],
    [
      'a property called pattern',
      { properties: { pattern: { type: 'string' }, uniqueItems: true } },
      { pattern: '(?=', uniqueItems: 1 },
    ],
    ['values that look like keywords', { enum: [{ pattern: '(?=a)' }] }, { pattern: '(?=a)' }],
    ['uniqueItems with maxItems', { uniqueItems: true, maxItems: 10 }, [1, 2]],
    ['annotations', { title: 't', description: 'd', examples: [1], example: 1, deprecated: true, type: 'number' }, 1],
    ['inherited names are not properties', { properties: { toString: { type: 'number' } } }, {}],
  ];
  for (const [what, schema, value] of matching) it(what, () => assert.equal(check(schema, value), undefined));

  const mismatches: [unknown, unknown, string, RegExp][] = [
    [{ properties: { t: { type: 'number' } } }, { t: '1' }, '/t', /^must be number$/],
    [{ required: ['id'] }, {}, '', /^must have required property 'id'$/],
    [{ required: ['toString'] }, {}, '', /'toString'/],
    [{ properties: { a: { minimum: 5 } } }, { a: 4 }, '/a', /^must be >= 5$/],
    [{ properties: { a: { const: 'on' } } }, { a: 'off' }, '/a', /^must be "on"$/],
    [{ items: { enum: ['on', 'off'] } }, ['on', 'x'], '/1', /^must be one of \["on","off"\]$/],
    [{ properties: { a: true }, additionalProperties: false }, { b: 1 }, '', /^must not have the property "b"$/],
    [{ unevaluatedProperties: false }, { b: 1 }, '', /^must not have the property "b"$/],
    [{ propertyNames: { maxLength: 2 } }, { long: 1 }, '', /characters/],
    [{ format: 'email' }, 'x', '', /^must match format "email"$/],
    [{ pattern: '^a$' }, 'b', '', /^must match pattern "\^a\$"$/],
    [{ properties: { a: false } }, { a: 1 }, '/a', /^must not be there$/],
    [false, 1, '', /^must not be there$/],
    [{ uniqueItems: true, maxItems: 3 }, [1, 1], '', /must NOT have duplicate items/],
  ];
  for (const [schema, value, pointer, message] of mismatches) {
    it(`${JSON.stringify(schema)} against ${JSON.stringify(value)}`, () => {
      const mismatch = check(schema, value);
      assert.equal(mismatch?.pointer, pointer);
      assert.match(mismatch?.message ?? '', message);
    });
  }

  it('a pattern that backtracks takes no time to speak of', () => {
    const { validate } = compileSchema('{"pattern":"^(a+)+$"}');
    assert.ok(validate(`${'a'.repeat(50_000)}!`));
    assert.equal(validate('a'.repeat(50_000)), undefined);
  });

  it('nor does a format', () => {
    const { validate } = compileSchema('{"format":"url"}');
    assert.ok(validate(`http://${':'.repeat(1_000_000)}`));
    assert.equal(validate('https://example.com/a?b=c'), undefined);
  });

  it('keeps several patterns apart', () => {
    const schema = { properties: { a: { pattern: '^a$' }, b: { pattern: '^b$' } } };
    assert.equal(check(schema, { a: 'a', b: 'b' }), undefined);
    assert.equal(check(schema, { a: 'b' })?.pointer, '/a');
    assert.equal(check(schema, { b: 'a' })?.pointer, '/b');
  });

  it('many items that must differ are refused by their number', () => {
    const items = Array.from({ length: 20_000 }, (_, n) => ({ n }));
    assert.match(check({ uniqueItems: true, maxItems: 1000 }, items)?.message ?? '', /more than 1000 items/);
  });

  it('two schemas may share an $id', () => {
    const one = { $id: 'https://example.com/same', type: 'number' };
    assert.equal(check(one, 1), undefined);
    assert.ok(check({ ...one, type: 'string' }, 1));
  });
});

describe('a schema that cannot be used', () => {
  const cases: [string, string, RegExp][] = [
    ['no JSON', '{\n  "type": "object",\n  "required": ["id",]\n}', /^line 3, column 21: this is not JSON$/],
    ['not ended', '{"type":', /^line 1, column 9: /],
    ['no schema', '7', /^expected a JSON object/],
    ['a list', '[]', /^expected a JSON object/],
    ['null', 'null', /^expected a JSON object/],
    ['a wrong type', '{"properties":{"a":{"type":"objekt"}}}', /^\/properties\/a\/type: must be/],
    ['a wrong value', '{"properties":{"a":{"minLength":"1"}}}', /^\/properties\/a\/minLength: must be integer/],
    ['an unknown keyword', '{"properties":{"a/b":{"minmum":1}}}', /^\/properties\/a~1b\/minmum: unknown keyword/],
    ['an unknown format', '{"properties":{"a":{"format":"colour"}}}', /unknown format "colour".*#\/properties\/a/],
    [
      'another draft',
      '{"$schema":"http://json-schema.org/draft-04/schema#"}',
      /^\/\$schema: .*expected "https:.*2020-12.*draft-07/,
    ],
    ['$schema that is no text', '{"$schema":7}', /^\/\$schema: 7; expected/],
    [
      'a remote $ref',
      '{"$ref":"https://example.com/a.json"}',
      /^\$ref "https:\/\/example.com\/a.json".*nothing is fetched/,
    ],
    ['a file $ref', '{"items":{"$ref":"file:///etc/passwd"}}', /nothing is fetched/],
    ['a missing $ref', '{"$ref":"#/$defs/a"}', /^\$ref "#\/\$defs\/a" is not in this schema/],
    ['an endless $ref', '{"$ref":"#"}', /leads back to itself/],
    ['look-ahead', '{"properties":{"a":{"pattern":"^(?=.*a)b"}}}', /^\/properties\/a\/pattern: .*look-ahead/],
    ['a back-reference', '{"pattern":"(a)\\\\1"}', /^\/pattern: .*back-references/],
    ['a pattern that does not close', '{"pattern":"("}', /^\/pattern: .*not valid/],
    ['look-ahead in a name', '{"patternProperties":{"(?!a)":true}}', /^\/patternProperties\/\(\?!a\): /],
    [
      'look-ahead deep inside',
      '{"allOf":[{"$defs":{"x":{"not":{"pattern":"(?=a)"}}}}]}',
      /^\/allOf\/0\/\$defs\/x\/not\/pattern: /,
    ],
    ['uniqueItems alone', '{"properties":{"a":{"uniqueItems":true}}}', /^\/properties\/a\/uniqueItems: .*maxItems/],
    ['uniqueItems of too many', '{"uniqueItems":true,"maxItems":100000}', /^\/uniqueItems: .*1000/],
    ['__proto__', '{"properties":{"__proto__":{"type":"string"}}}', /__proto__: this key is not allowed/],
    ['5,000 levels', `${'{"not":'.repeat(5000)}{}${'}'.repeat(5000)}`, /^nested more than 256 levels/],
  ];
  for (const [what, text, message] of cases) {
    it(what, () => {
      assert.throws(
        () => compileSchema(text),
        (error) => {
          assert.ok(error instanceof SchemaError);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});
