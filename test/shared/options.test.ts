import assert from 'node:assert/strict';
import { numberOption } from '../../nodes/shared/options';

describe('a number of a flow file', () => {
  const read = (value: unknown): number => numberOption({ field: value }, 'field', 7, { min: 0, max: 10 });
  const good: [unknown, number][] = [
    [undefined, 7],
    [null, 7],
    ['', 7],
    ['  ', 7],
    [0, 0],
    ['0', 0],
    [' 2.5 ', 2.5],
    [10, 10],
  ];
  for (const [value, expected] of good)
    it(`${JSON.stringify(value)} is ${expected}`, () => assert.equal(read(value), expected));
  for (const value of ['many', 11, '-1', Number.NaN, true, [], {}])
    it(`${JSON.stringify(value)} is refused, and the field named`, () =>
      assert.throws(() => read(value), /^ConfigError: field: expected a number from 0 to 10/));
});
