import assert from 'node:assert/strict';
import { backoff, nextDelay } from '../../nodes/retry/backoff';
import { type RetryConfig, readOptions } from '../../nodes/retry/options';
import { duration, plan } from '../../nodes/retry/plan';

const options = (config: RetryConfig) => readOptions({ jitter: 0, ...config }).options;
const waits = (config: RetryConfig, count: number, random = 0.5): number[] =>
  Array.from({ length: count }, (_, index) => backoff(options(config), index + 1, () => random));

describe('retry: waits', () => {
  for (const [name, config, expected] of [
    ['exponential by default', {}, [1000, 2000, 4000, 8000, 16_000]],
    ['exponential with a factor', { baseMs: 100, factor: 3 }, [100, 300, 900, 2700]],
    ['exponential up to maxMs', { baseMs: 1000, maxMs: 3000 }, [1000, 2000, 3000, 3000]],
    ['fixed', { strategy: 'fixed', baseMs: 250 }, [250, 250, 250]],
    [
      'a schedule, its last wait repeated',
      { strategy: 'schedule', schedule: '0, 5, 300' },
      [0, 5000, 300_000, 300_000],
    ],
    ['a schedule is not cut by maxMs', { strategy: 'schedule', schedule: '7200', maxMs: 1000 }, [7_200_000]],
  ] as [string, RetryConfig, number[]][]) {
    it(name, () => assert.deepEqual(waits(config, expected.length), expected));
  }

  it('no wait stays no wait, however many attempts fail', () => {
    assert.equal(
      backoff(options({ baseMs: 0 }), 5000, () => 0.5),
      0,
    );
  });

  it('never overflows, however many attempts fail', () => {
    assert.equal(
      backoff(options({}), 5000, () => 0.5),
      3_600_000,
    );
  });

  for (const [random, expected] of [
    [0, 800],
    [0.5, 1000],
    [0.9999999, 1200],
  ] as const) {
    it(`jitter 0.2 with ${random}`, () => {
      assert.equal(Math.round(backoff(options({ jitter: 0.2 }), 1, () => random)), expected);
    });
  }

  it('jitter keeps spreading at maxMs, below it', () => {
    const atBound = (random: number): number => backoff(options({ jitter: 0.2, maxMs: 1000 }), 9, () => random);
    assert.equal(atBound(0), 800);
    assert.equal(atBound(0.5), 900);
    assert.equal(Math.round(atBound(0.9999999)), 1000);
  });

  for (const [name, answer, expected] of [
    ['no answer', {}, 1000],
    ['Retry-After below the wait', { retryAfterMs: 10 }, 1000],
    ['Retry-After above the wait', { retryAfterMs: 7000 }, 7000],
    ['Retry-After beyond maxMs', { retryAfterMs: 86_400_000 }, 3_600_000],
    ['429 without it', { statusCode: 429 }, 60_000],
    ['429 with it', { statusCode: 429, retryAfterMs: 2000 }, 2000],
    ['503 without it', { statusCode: 503 }, 1000],
  ] as const) {
    it(name, () =>
      assert.equal(
        nextDelay(options({}), 1, answer, () => 0.5),
        expected,
      ),
    );
  }

  it('the plan for people', () => {
    assert.deepEqual(plan(options({ attempts: 4 }), 2), { waits: [1000, 2000], totalMs: 7000 });
    assert.equal(plan(options({ attempts: 100_000, strategy: 'fixed' }), 1).totalMs, 99_999_000);
    assert.deepEqual([450, 5000, 120_000, 12_600_000, 172_800_000].map(duration), [
      '450 ms',
      '5 s',
      '2 min',
      '3.5 h',
      '2 d',
    ]);
  });
});
