import assert from 'node:assert/strict';
import { retryAfterMs } from '../../nodes/shared/retry-after';

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 1);
  // Far from GMT, so that a date read as local time is not right by chance.
  const zone = process.env.TZ;
  before(() => {
    process.env.TZ = 'America/New_York';
  });
  after(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  for (const [header, ms] of [
    ['120', 120_000],
    [' 0 ', 0],
    ['1.5', 1500],
    [7, 7000],
    [['3', '9'], 3000],
    ['Thu, 01 Jan 2026 00:01:30 GMT', 90_000],
    ['Thursday, 01-Jan-26 00:00:30 GMT', 30_000],
    ['Thu Jan  1 00:00:30 2026', 30_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
    ['-5', undefined],
    [-5, undefined],
    [Number.NaN, undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
    [{}, undefined],
  ] as const) {
    it(`${JSON.stringify(header)?.slice(0, 40)} is ${ms}`, () => assert.equal(retryAfterMs(header, now), ms));
  }
});
