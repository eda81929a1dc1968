import assert from 'node:assert/strict';
import { type RetryConfig, readOptions } from '../../nodes/retry/options';
import { noteAfterClose, noteAfterFailure, progressOf } from '../../nodes/retry/progress';
import { judge, type Verdict } from '../../nodes/retry/verdict';
import { attemptName, wiredOutcome } from '../../nodes/retry/wired';
import type { Outcome } from '../../nodes/shared/outcome/contract';

const fail = (more: object = {}): Outcome => ({ kind: 'failure', error: 'boom', ...more });

describe('retry: what becomes of a message', () => {
  const cases: [string, Outcome, number, number, RetryConfig, Verdict][] = [
    ['success', { kind: 'success' }, 1, 0, {}, { kind: 'done' }],
    ['a failure', fail(), 1, 0, {}, { kind: 'again', delayMs: 1000, outcome: 'boom' }],
    ['a timeout', { kind: 'timeout' }, 2, 0, {}, { kind: 'again', delayMs: 2000, outcome: 'no outcome within 30 s' }],
    ['404 is tried again', fail({ statusCode: 404 }), 1, 0, {}, { kind: 'again', delayMs: 1000, outcome: '404 boom' }],
    [
      '410 is final',
      fail({ statusCode: 410 }),
      1,
      0,
      {},
      { kind: 'give-up', reason: 'status-final', outcome: '410 boom' },
    ],
    [
      '410 is tried again where the maker says so',
      fail({ statusCode: 410 }),
      1,
      0,
      { giveUpOn: '' },
      { kind: 'again', delayMs: 1000, outcome: '410 boom' },
    ],
    [
      'the last attempt',
      fail(),
      3,
      0,
      { attempts: 3 },
      { kind: 'give-up', reason: 'attempts-exhausted', outcome: 'boom' },
    ],
    [
      'one attempt only',
      fail(),
      1,
      0,
      { attempts: 1 },
      { kind: 'give-up', reason: 'attempts-exhausted', outcome: 'boom' },
    ],
    ['young enough', fail(), 1, 9000, { maxAge: 10 }, { kind: 'again', delayMs: 1000, outcome: 'boom' }],
    [
      'too old by the next attempt',
      fail(),
      1,
      9500,
      { maxAge: 10 },
      { kind: 'give-up', reason: 'too-old', outcome: 'boom' },
    ],
  ];
  for (const [name, outcome, failures, ageMs, config, expected] of cases) {
    it(name, () => {
      const { options } = readOptions({ jitter: 0, ...config });
      assert.deepEqual(
        judge(outcome, failures, ageMs, options, () => 0.5),
        expected,
      );
    });
  }
});

describe('retry: how far an event has come', () => {
  it('counts attempts, failures, and hand-outs that ended with the process', () => {
    const first = progressOf({ deliveries: 1, note: { firstAt: 5, sent: 0, failed: 0, deliveries: 0 } }, 9);
    assert.deepEqual(first, { firstAt: 5, attempt: 1, failed: 0, deliveries: 1, interrupted: 0 });
    const second = progressOf({ deliveries: 2, note: noteAfterFailure(first, 'boom') }, 9);
    assert.deepEqual(second, { firstAt: 5, attempt: 2, failed: 1, deliveries: 2, interrupted: 0, lastError: 'boom' });
    const crashedTwice = progressOf({ deliveries: 4, note: noteAfterFailure(first, 'boom') }, 9);
    assert.deepEqual([crashedTwice.attempt, crashedTwice.failed, crashedTwice.interrupted], [4, 1, 2]);
    const closed = progressOf({ deliveries: 3, note: noteAfterClose(second) }, 9);
    assert.deepEqual([closed.attempt, closed.failed, closed.interrupted, closed.lastError], [3, 1, 0, 'boom']);
  });

  it('a replayed dead letter starts anew', () => {
    assert.deepEqual(progressOf({ deliveries: 1 }, 9), {
      firstAt: 9,
      attempt: 1,
      failed: 0,
      deliveries: 1,
      interrupted: 0,
    });
    assert.equal(progressOf({ deliveries: 1, note: { firstAt: 'x' } }, 9).firstAt, 9);
  });
});

describe('retry: a message wired back', () => {
  for (const [msg, expected] of [
    [{ retry: { id: 'a', attempt: 2 } }, { id: 'a', attempt: 2, firstAt: undefined }],
    [{ retry: { id: 'a', attempt: '2', firstAt: 'x' } }, { id: 'a', attempt: 2, firstAt: 'x' }],
    [{ retry: { id: 'a' } }, undefined],
    [{ retry: { id: 7, attempt: 1 } }, undefined],
    [{ retry: { id: 'a', attempt: '' } }, undefined],
    [{ retry: null }, undefined],
    [{ retry: 'a' }, undefined],
    [{}, undefined],
  ] as const) {
    it(`names ${JSON.stringify(msg)}`, () => assert.deepEqual(attemptName(msg), expected));
  }

  const success = { kind: 'success' };
  for (const [msg, expected] of [
    [{}, success],
    [{ statusCode: 200 }, success],
    [{ statusCode: '399' }, success],
    [{ error: null }, success],
    [{ retry: { outcome: 'ok' } }, success],
    [{ statusCode: 503 }, { kind: 'failure', error: 'answered 503', statusCode: 503 }],
    [
      { statusCode: '429', headers: { 'retry-after': '7' } },
      { kind: 'failure', error: 'answered 429', statusCode: 429, retryAfterMs: 7000 },
    ],
    [{ error: { message: 'no' } }, { kind: 'failure', error: 'no' }],
    [{ error: 'plain' }, { kind: 'failure', error: 'plain' }],
    [
      { error: { message: 'no', statusCode: 500, retryAfter: 3 } },
      { kind: 'failure', error: 'no', statusCode: 500, retryAfterMs: 3000 },
    ],
    [{ retry: { outcome: 'fail' } }, { kind: 'failure', error: 'the flow reported a failure' }],
  ] as const) {
    it(`means ${JSON.stringify(msg)}`, () => assert.deepEqual(wiredOutcome(msg, 0), expected));
  }
});
