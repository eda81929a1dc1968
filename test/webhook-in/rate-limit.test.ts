import assert from 'node:assert/strict';
import { Counter } from '../../nodes/webhook-in/counters';
import { callerOf, rateLimit } from '../../nodes/webhook-in/rate-limit';
import { refusalGate } from '../../nodes/webhook-in/refusal-port';
import { FakeClock } from '../support/fake-clock';

describe('rate limit', () => {
  it('lets a burst through, then one every interval, and says how long to wait', () => {
    const clock = new FakeClock();
    const take = rateLimit(2, 3, clock);
    assert.deepEqual([take('a'), take('a'), take('a'), take('a')], [0, 0, 0, 500]);
    assert.equal(take('b'), 0, 'another caller is not held back');
    clock.tick(500);
    assert.deepEqual([take('a'), take('a')], [0, 500]);
    clock.tick(60_000);
    assert.deepEqual([take('a'), take('a'), take('a'), take('a')], [0, 0, 0, 500]);
  });

  it('does not care when the wall clock is set', () => {
    const clock = new FakeClock();
    const take = rateLimit(1, 1, clock);
    assert.equal(take('a'), 0);
    clock.jump(3_600_000);
    assert.equal(take('a'), 1000);
    clock.jump(-7_200_000);
    assert.equal(take('a'), 1000);
  });

  it('remembers a bounded number of callers: the least recently seen leaves', () => {
    const clock = new FakeClock();
    const take = rateLimit(1, 1, clock, 3);
    for (const caller of ['a', 'b', 'c']) take(caller);
    take('a');
    take('d');
    assert.equal(take('a'), 1000, 'seen lately, so still remembered');
    assert.equal(take('b'), 0, 'forgotten');
  });

  for (const [address, caller] of [
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:0:1::5', '2001:db8:0:1'],
    ['2001:DB8:0:0001:aaaa:bbbb:cccc:dddd', '2001:db8:0:1'],
    ['::1', '0:0:0:0'],
    ['fe80::1', 'fe80:0:0:0'],
  ] as const) {
    it(`counts ${address} as ${caller}`, () => assert.equal(callerOf(address), caller));
  }
});

describe('refusals on output 2', () => {
  it('are at most ten a second; the next one says how many were held back', () => {
    const clock = new FakeClock();
    const gate = refusalGate(clock);
    for (let n = 0; n < 10; n += 1) assert.equal(gate(), 0);
    for (let n = 0; n < 7; n += 1) assert.equal(gate(), undefined);
    clock.tick(1000);
    assert.equal(gate(), 7);
    assert.equal(gate(), 0);
  });
});

describe('counters', () => {
  it('count in all and over the last minute', () => {
    const clock = new FakeClock();
    const counter = new Counter(clock);
    counter.add(5);
    clock.tick(30_000);
    counter.add(2);
    assert.equal(counter.lastMinute, 7);
    clock.tick(31_000);
    assert.equal(counter.lastMinute, 2);
    clock.tick(600_000);
    assert.equal(counter.lastMinute, 0);
    assert.equal(counter.total, 7);
  });
});
