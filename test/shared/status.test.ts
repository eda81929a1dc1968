import assert from 'node:assert/strict';
import { throttledStatus } from '../../nodes/shared/status';
import { Counter } from '../../nodes/webhook-in/counters';
import { FakeClock } from '../support/fake-clock';

describe("a node's status", () => {
  it('is shown at most twice a second; the last one always arrives', () => {
    const clock = new FakeClock();
    const shown: (string | undefined)[] = [];
    const status = throttledStatus(({ text }) => shown.push(text), clock);
    for (let n = 0; n < 100; n += 1) {
      status.update(() => ({ text: String(n) }));
      clock.tick(20);
    }
    // Two seconds: one at once, then one each half second.
    assert.deepEqual(shown, ['0', '24', '49', '74', '99']);
    clock.tick(1000);
    assert.deepEqual(shown.length, 5);
  });

  it('that goes out of date by itself is shown anew until it no longer does', () => {
    const clock = new FakeClock();
    const shown: (string | undefined)[] = [];
    const counter = new Counter(clock);
    const status = throttledStatus(
      ({ text }) => shown.push(text),
      clock,
      () => counter.lastMinute > 0,
    );
    counter.add(3);
    status.update(() => ({ text: `${counter.lastMinute}/min` }));
    clock.tick(59_000);
    assert.equal(shown.at(-1), '3/min');
    clock.tick(12_000);
    assert.equal(shown.at(-1), '0/min');
    assert.equal(clock.pending, 0);
    counter.add();
    status.update(() => ({ text: `${counter.lastMinute}/min` }));
    status.close();
    assert.equal(clock.pending, 0);
  });

  it('of a node that is closed is not shown any more: its place belongs to the node that replaced it', () => {
    const clock = new FakeClock();
    const shown: (string | undefined)[] = [];
    const status = throttledStatus(({ text }) => shown.push(text), clock);
    status.update(() => ({ text: 'open' }));
    status.update(() => ({ text: 'waiting' }));
    status.close();
    status.update(() => ({ text: 'late' }));
    clock.tick(1000);
    assert.deepEqual(shown, ['open']);
  });
});
