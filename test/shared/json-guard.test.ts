import assert from 'node:assert/strict';
import { forbiddenKey, tooDeep } from '../../nodes/shared/json-guard';

describe('tooDeep', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  const rows: [text: string, max: number | undefined, expected: boolean, why: string][] = [
    [nested(64), undefined, false, 'as deep as allowed'],
    [nested(65), undefined, true, 'one deeper'],
    [`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, undefined, true, 'objects count too'],
    ['[[1],[2],[3]]', 2, false, 'siblings do not add up'],
    [`"${'['.repeat(100)}"`, undefined, false, 'brackets in a string'],
    [`["\\"${'['.repeat(100)}"]`, undefined, false, 'an escaped quote does not end the string'],
    [`["\\\\",${nested(70)}]`, undefined, true, 'an escaped backslash does not escape the quote'],
    [`"${'['.repeat(100)}`, undefined, false, 'a string that never ends is malformed, not deep'],
    ['', undefined, false, 'empty'],
    [']]]]'.repeat(50), undefined, false, 'closing only'],
  ];
  for (const [text, max, expected, why] of rows) {
    it(why, () => {
      assert.equal(tooDeep(text, max), expected);
      assert.equal(tooDeep(Buffer.from(text), max), expected);
    });
  }

  it('stays linear on many escaped quotes', () => {
    assert.equal(tooDeep(`"${'\\"'.repeat(1_000_000)}"`), false);
  });
});

describe('forbiddenKey', () => {
  const rows: [json: string, expected: string | undefined][] = [
    ['{"__proto__":1}', '__proto__'],
    ['{"\\u005f_proto__":{}}', '__proto__'],
    ['{"a":[{"b":{"__proto__":null}}]}', 'a[0].b.__proto__'],
    ['[[{"__proto__":1}]]', '[0][0].__proto__'],
    ['{"constructor":{"prototype":{"x":1}}}', 'constructor'],
    ['{"a":{"constructor":{"prototype":1}}}', 'a.constructor'],
    ['{"constructor":"ACME","prototype":{}}', undefined],
    ['{"constructor":{"name":"ACME"}}', undefined],
    ['{"constructor":["prototype"]}', undefined],
    ['["__proto__","constructor"]', undefined],
    ['"__proto__"', undefined],
    ['null', undefined],
    ['{}', undefined],
  ];
  for (const [json, expected] of rows) {
    it(`${json} -> ${expected}`, () => assert.equal(forbiddenKey(JSON.parse(json)), expected));
  }

  it('survives depth that would overflow a recursion', () => {
    let value: unknown = JSON.parse('{"__proto__":1}');
    for (let index = 0; index < 200_000; index += 1) value = [value];
    assert.match(forbiddenKey(value) ?? '', /__proto__$/);
  });
});
