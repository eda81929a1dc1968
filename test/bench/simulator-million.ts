/**
 * A process of its own that sends a million events from 10,000 devices through a flow of no cost and the ledger, and prints how
 * much memory that took and how fast it was.
 */
import type { Report } from '../../nodes/device-simulator/ledger';
import { readSettings } from '../../nodes/device-simulator/settings';
import { Simulator } from '../../nodes/device-simulator/simulator';
import { systemClock } from '../../nodes/shared/clock';

const COUNT = 1_000_000;
let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);
const begun = performance.now();
const simulator: Simulator = new Simulator({
  settings: readSettings({
    devices: 10_000,
    intervalMs: 50,
    count: COUNT,
    maxRate: 1_000_000,
    profile: 'mixed',
    grace: 0.1,
  }),
  clock: systemClock,
  random: Math.random,
  newRunId: () => 'bench',
  emit: (msg) => simulator.processed((msg.event as { id: string }).id),
  changed: () => undefined,
  skipped: () => undefined,
  failed: (error) => {
    throw error;
  },
  ended(report: Report) {
    clearInterval(watch);
    const seconds = (performance.now() - begun) / 1000;
    console.log(JSON.stringify({ ok: report.ok, unique: report.unique, peak, seconds }));
  },
});
simulator.start();
