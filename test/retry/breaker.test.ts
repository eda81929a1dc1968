import assert from 'node:assert/strict';
import { Breaker, type BreakerState, type Permit } from '../../nodes/retry/breaker';
import { Pace } from '../../nodes/retry/pace';
import { FakeClock } from '../support/fake-clock';

const OPTIONS = { breakerThreshold: 0.7, breakerMinimum: 10, breakerWindow: 300, breakerOpen: 30 };

/**
 * Steps: `+`/`-` an attempt that succeeds or fails, `s<n>` seconds pass, `take` keeps a permit for later, `ok`/`bad` ends the oldest
 * kept one, `back` gives it back.
 */
const TABLE: [string, string, BreakerState, number][] = [
  ['stays closed below the minimum', '- - - - - - - - -', 'closed', Number.POSITIVE_INFINITY],
  ['opens at the minimum', '- - - - - - - - - -', 'open', 0],
  ['stays closed below the share', '+ + + + - - - - - -', 'closed', Number.POSITIVE_INFINITY],
  ['opens at the share', '+ + + - - - - - - -', 'open', 0],
  ['failures outside the window do not count', '- - - - - s300 - - - - -', 'closed', Number.POSITIVE_INFINITY],
  ['failures within the window add up', '- - - - - s200 - - - - -', 'open', 0],
  ['stays open', '- - - - - - - - - - s29', 'open', 0],
  ['half-open lets one probe through', '- - - - - - - - - - s30', 'half-open', 1],
  ['only one probe at a time', '- - - - - - - - - - s30 take', 'half-open', 0],
  ['a probe given back makes room for another', '- - - - - - - - - - s30 take back', 'half-open', 1],
  ['a probe that succeeds closes', '- - - - - - - - - - s30 take ok', 'closed', Number.POSITIVE_INFINITY],
  ['a probe that fails opens again', '- - - - - - - - - - s30 take bad', 'open', 0],
  ['and for as long', '- - - - - - - - - - s30 take bad s29', 'open', 0],
  [
    'closed again it counts from nothing',
    '- - - - - - - - - - s30 take ok - - - - - - - - -',
    'closed',
    Number.POSITIVE_INFINITY,
  ],
  ['a late success does not close', 'take - - - - - - - - - - ok', 'open', 0],
  ['a late failure is no probe', 'take - - - - - - - - - - s30 bad', 'half-open', 1],
];

describe('retry: circuit breaker', () => {
  for (const [name, steps, state, room] of TABLE) {
    it(name, () => {
      const clock = new FakeClock();
      const breaker = new Breaker(OPTIONS, clock);
      const kept: Permit[] = [];
      for (const step of steps.split(' ')) {
        if (step === 'take') kept.push(breaker.take() as Permit);
        else if (step === 'ok' || step === 'bad') breaker.record(kept.shift() as Permit, step === 'ok');
        else if (step === 'back') breaker.giveBack(kept.shift() as Permit);
        else if (step.startsWith('s')) clock.tick(Number(step.slice(1)) * 1000);
        else breaker.record(breaker.take() as Permit, step === '+');
      }
      assert.deepEqual([breaker.state, breaker.room()], [state, room]);
    });
  }

  it('gives no permit while open, and does not heed the wall clock', () => {
    const clock = new FakeClock();
    const breaker = new Breaker(OPTIONS, clock);
    for (let n = 0; n < 10; n += 1) breaker.record(breaker.take() as Permit, false);
    clock.jump(3_600_000);
    assert.equal(breaker.take(), undefined);
    assert.equal(breaker.waitMs(), 30_000);
  });
});

describe('retry: pace', () => {
  it('spreads attempts evenly, whatever the wall clock does', () => {
    const clock = new FakeClock();
    const pace = new Pace(10, clock);
    const left: number[] = [];
    for (let ms = 0; ms < 1000; ms += 1) {
      for (let room = pace.room(); room > 0; room -= 1) {
        pace.take();
        left.push(ms);
      }
      if (ms === 500) clock.jump(-3_600_000);
      clock.tick(1);
    }
    assert.deepEqual(left, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
  });

  it('reaches rates above a thousand with timers of a millisecond', () => {
    const clock = new FakeClock();
    const pace = new Pace(4000, clock);
    let left = 0;
    for (let ms = 0; ms < 1000; ms += 1) {
      for (let room = pace.room(); room > 0; room -= 1) {
        pace.take();
        left += 1;
      }
      clock.tick(1);
    }
    assert.ok(left >= 3990 && left <= 4021, String(left));
  });

  it('0 = no limit', () => assert.equal(new Pace(0, new FakeClock()).room(), Number.POSITIVE_INFINITY));
});
