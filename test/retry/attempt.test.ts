import assert from 'node:assert/strict';
import { Attempt } from '../../nodes/retry/attempt';
import type { Outcome } from '../../nodes/shared/outcome/contract';
import { FakeClock } from '../support/fake-clock';

function start(timeoutMs = 1000, send: (attempt: Attempt) => (() => void) | undefined = () => undefined) {
  const clock = new FakeClock();
  const heard: string[] = [];
  const attempt = new Attempt({
    id: 'a',
    number: 2,
    firstAt: 'then',
    timeoutMs,
    clock,
    onSettled: (outcome: Outcome) => heard.push(outcome.kind === 'failure' ? `failure ${outcome.error}` : outcome.kind),
    onSettling: () => heard.push('settling'),
  });
  attempt.begin(() => send(attempt));
  return { attempt, clock, heard };
}

describe('retry: the life of an attempt', () => {
  it('is settled once; what comes later is ignored', () => {
    const { attempt, clock, heard } = start();
    assert.equal(attempt.settle({ kind: 'success' }), true);
    assert.equal(attempt.settle({ kind: 'timeout' }), false);
    attempt.settling();
    clock.tick(10_000);
    assert.deepEqual(heard, ['success']);
    assert.equal(clock.pending, 0);
  });

  it('times out, and an answer after that changes nothing', () => {
    const { attempt, clock, heard } = start(1000);
    clock.tick(999);
    assert.deepEqual(heard, []);
    clock.tick(1);
    assert.equal(attempt.settle({ kind: 'success' }), false);
    assert.deepEqual(heard, ['timeout']);
  });

  it('timeout 0 = none', () => {
    const { clock, heard } = start(0);
    clock.tick(1e9);
    assert.deepEqual(heard, []);
  });

  it('the wall clock does not end it', () => {
    const { clock, heard } = start(1000);
    clock.jump(86_400_000);
    clock.tick(999);
    assert.deepEqual(heard, []);
  });

  it('settling is told once and still ends', () => {
    const { attempt, heard } = start();
    attempt.settling();
    attempt.settling();
    attempt.settle({ kind: 'success' });
    assert.deepEqual(heard, ['settling', 'success']);
  });

  it('an outcome heard while it is being sent stops the following', () => {
    let cancelled = 0;
    const { heard } = start(1000, (attempt) => {
      attempt.settle({ kind: 'success' });
      return () => {
        cancelled += 1;
      };
    });
    assert.deepEqual([heard, cancelled], [['success'], 1]);
  });

  it('a sending that throws is a failure', () => {
    const { heard } = start(1000, () => {
      throw new RangeError('too deep');
    });
    assert.deepEqual(heard, ['failure too deep']);
  });

  it('abandoned, it says nothing any more', () => {
    let cancelled = 0;
    const { attempt, clock, heard } = start(1000, () => () => {
      cancelled += 1;
    });
    assert.equal(attempt.abandon(), true);
    assert.equal(attempt.abandon(), false);
    clock.tick(5000);
    attempt.settle({ kind: 'success' });
    assert.deepEqual([heard, cancelled], [[], 1]);
  });

  for (const [retry, expected] of [
    [{ attempt: 2 }, true],
    [{ attempt: 2, firstAt: 'then' }, true],
    [{ attempt: 1 }, false],
    [{ attempt: 3 }, false],
    [{ attempt: 2, firstAt: 'before the replay' }, false],
  ] as const) {
    it(`${JSON.stringify(retry)} means it: ${expected}`, () => assert.equal(start().attempt.is(retry), expected));
  }
});
