import assert from 'node:assert/strict';
import { neverBack } from '../../nodes/shared/clock';
import { FakeClock } from '../support/fake-clock';

describe('the clock of due times', () => {
  /** What the wall clock is set by, what passes then, and how far the clock of due times has come with it. */
  const hour = 3_600_000;
  for (const [what, steps] of [
    ['goes with the wall clock', [[0, 1000, 1000]]],
    ['follows it ahead', [[hour, 1000, hour + 1000]]],
    [
      'goes on evenly while it is behind',
      [
        [-hour, 1000, 1000],
        [0, 1000, 1000],
      ],
    ],
    [
      'goes with it again once it has caught up',
      [
        [-hour, 1000, 1000],
        [hour, 1000, 1000],
        [hour, 1000, hour + 1000],
      ],
    ],
    [
      'stays ahead after a jump ahead is taken back',
      [
        [hour, 0, hour],
        [-hour, 1000, 1000],
      ],
    ],
  ] as const)
    it(what, () => {
      const fake = new FakeClock();
      const clock = neverBack(fake);
      for (const [jump, ms, expected] of steps) {
        const before = clock.now();
        fake.jump(jump);
        fake.tick(ms);
        assert.equal(clock.now() - before, expected);
      }
    });
});
