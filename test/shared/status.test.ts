import assert from 'node:assert/strict';
import { throttledStatus } from '../../nodes/shared/status';
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
