import { readFileSync } from 'node:fs';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createDiskStore, type DiskOptions } from '../../nodes/event-store/disk';
import type { EngineName } from '../../nodes/event-store/sqlite';
import type { Store } from '../../nodes/event-store/store';
import { systemClock } from '../../nodes/shared/clock';
import { root } from '../support/node-red';

/** One measurement of the event store, in a process of its own; sends its numbers to its parent. Arguments: what, engine, directory. */
const [what = '', engine, directory = ''] = process.argv.slice(2);

const IN_FLIGHT = 1000;
const WINDOW = { leaseMs: 60_000, windowMs: 86_400_000 };
const SEEN = { ...WINDOW, confirmed: true };

async function open(more: Partial<DiskOptions> = {}): Promise<Store> {
  const store = createDiskStore({ directory, engine: engine as EngineName, clock: systemClock, ...more });
  await store.ready;
  return store;
}

/** Runs `count` operations with so many under way; resolves to how many a second. */
async function drive(count: number, inFlight: number, operation: (at: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const at = next;
      next += 1;
      await operation(at);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return (count * 1000) / (performance.now() - start);
}

/** Bytes that this process caused to be written to the disk, itself or through the page cache. */
function written(): number {
  return Number(/write_bytes: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

/**
 * How long this thread has run. Between two turns of a timer it tells how long the event loop was held by work, whatever else the
 * machine was busy with; the store's main thread never waits.
 */
function ranMs(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}

function residentMb(): number {
  global.gc?.();
  return process.memoryUsage.rss() / 1_048_576;
}

const claim = (store: Store, prefix: string) => (at: number) =>
  store.claim('bench', `${prefix}/sensor-${at % 500}/event-${at}`, SEEN);

const message = { payload: { text: 'x'.repeat(1000) }, topic: 'bench' };

const event = (store: Store) => async (): Promise<void> => {
  const { id, token } = await store.enqueue('bench', { message, lease: true });
  await store.acknowledge('bench', id, token ?? '');
};

const measurements: Record<string, () => Promise<Record<string, number>>> = {
  async claims() {
    const store = await open();
    await drive(30_000, IN_FLIGHT, claim(store, 'warm'));
    const before = written();
    const count = 300_000;
    const perSecond = await drive(count, IN_FLIGHT, claim(store, 'claims'));
    await store.close();
    return { perSecond, bytes: (written() - before) / count };
  },
  async events() {
    const store = await open();
    await drive(10_000, IN_FLIGHT, event(store));
    const perSecond = await drive(100_000, IN_FLIGHT, event(store));
    await store.close();
    return { perSecond };
  },
  async fill() {
    const store = await open();
    await drive(1_000_000, IN_FLIGHT, claim(store, 'million'));
    const resident = residentMb();
    await store.close();
    return { resident };
  },
  async reopen() {
    const start = performance.now();
    const store = await open();
    const ms = performance.now() - start;
    const { count } = await store.keys('bench');
    const resident = residentMb();
    await store.close();
    return { ms, resident, count };
  },
  async small() {
    const before = residentMb();
    const store = await open();
    await drive(1000, 10, claim(store, 'small'));
    await drive(1000, 10, event(store));
    const added = residentMb() - before;
    await store.close();
    return { added };
  },
  async hold() {
    const thread = { execArgv: ['--require', path.join(root, 'test', 'bench', 'slow-sync.cjs')] };
    const store = await open({ thread });
    await drive(5000, IN_FLIGHT, event(store));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    let [longest, last] = [0, ranMs()];
    const timer = setInterval(() => {
      const now = ranMs();
      longest = Math.max(longest, now - last);
      last = now;
    }, 1);
    const perSecond = await drive(20_000, IN_FLIGHT, event(store));
    clearInterval(timer);
    delay.disable();
    await store.close();
    return { perSecond, ms: longest, late: delay.max / 1e6 };
  },
};

void measurements[what]?.().then((numbers) => {
  process.send?.(numbers);
  process.disconnect?.();
});
