import assert from 'node:assert/strict';
import fc from 'fast-check';
import { jsonErrorPosition } from '../../nodes/shared/json-position';

describe('where JSON goes wrong', () => {
  const cases: [string, [number, number]][] = [
    ['', [1, 1]],
    ['  ', [1, 3]],
    ['{"a":1,}', [1, 8]],
    ['[1,]', [1, 4]],
    ['{"a" 1}', [1, 6]],
    ['{a:1}', [1, 2]],
    ["{'a':1}", [1, 2]],
    ['{"a":1}\n\n  x', [3, 3]],
    ['[1 2]', [1, 4]],
    ['[1}', [1, 3]],
    ['{"a":\n  tru}', [2, 3]],
    ['01', [1, 2]],
    ['"a\nb"', [1, 1]],
    ['"\\x"', [1, 1]],
    ['{"a":[', [1, 7]],
    ['{} {}', [1, 4]],
    [':', [1, 1]],
    ['\ufeff{}', [1, 1]],
  ];
  for (const [text, [line, column]] of cases) {
    it(JSON.stringify(text), () => assert.deepEqual(jsonErrorPosition(text), { line, column }));
  }

  it('agrees with JSON.parse on what is JSON', () => {
    const parses = (text: string): boolean => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    };
    const agree = (text: string) => assert.equal(jsonErrorPosition(text) === undefined, parses(text), text);
    fc.assert(fc.property(fc.json(), agree));
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"a"',
      '1',
      '-0.5e+3',
      'true',
      'null',
      ' ',
      '\n',
      '"',
      '\\',
      'x',
      '\u0085',
      '\ud800',
      '\t',
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 9 }).map((list) => list.join('')),
        agree,
      ),
      { numRuns: 5000 },
    );
    const broken = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', '"', '0'));
    fc.assert(
      fc.property(
        broken.map(
          ([text, at, by]) => text.slice(0, at % (text.length + 1)) + by + text.slice((at % (text.length + 1)) + 1),
        ),
        agree,
      ),
      { numRuns: 3000 },
    );
  });
});
