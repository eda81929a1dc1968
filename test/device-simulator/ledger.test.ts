import assert from 'node:assert/strict';
import { Histogram } from '../../nodes/device-simulator/histogram';
import { Ledger, type Report } from '../../nodes/device-simulator/ledger';

/** Sends `count` valid events and gives their ids to a flow; what the flow calls back with is processed. */
function judge(count: number, flow: (ids: string[]) => string[], invalid = 0): Report {
  const ledger = new Ledger('run1');
  const ids: string[] = [];
  for (let n = 0; n < count + invalid; n++) {
    const number = ledger.issue(n < count);
    ledger.send(number, n);
    ids.push(ledger.idOf(number));
  }
  for (const id of flow(ids)) ledger.process(id, count + invalid + 10);
  return ledger.report();
}

const verdict = ({ processed, lost, doubled, unexpected, ok }: Report): unknown[] => [
  processed,
  lost,
  doubled,
  unexpected,
  ok,
];

describe('device simulator: ledger', () => {
  const all = (ids: string[]): string[] => ids;
  // [what the flow does, the flow, processed, lost, doubled, unexpected, ok]
  const flows: [string, (ids: string[]) => string[], number, number, number, number, boolean][] = [
    ['hands on every event once', all, 1000, 0, 0, 0, true],
    ['reorders', (ids) => ids.toReversed(), 1000, 0, 0, 0, true],
    ['loses one', (ids) => ids.slice(1), 999, 1, 0, 0, false],
    ['loses every third', (ids) => ids.filter((_, n) => n % 3 !== 0), 666, 334, 0, 0, false],
    ['doubles one', (ids) => [...ids, ids[500]!], 1000, 0, 1, 0, false],
    ['doubles all', (ids) => [...ids, ...ids], 1000, 0, 1000, 0, false],
    ['triples one: doubled counts events', (ids) => [...ids, ids[1]!, ids[1]!], 1000, 0, 1, 0, false],
    ['loses one and doubles another', (ids) => [...ids.slice(1), ids[5]!], 999, 1, 1, 0, false],
    ['invents an event of this run', (ids) => [...ids, 'run1-zzzz'], 1000, 0, 0, 1, false],
    ['garbles an id', (ids) => [...ids.slice(1), `${ids[0]}~`], 999, 1, 0, 1, false],
    ['writes a known number another way', (ids) => [...ids, 'run1-001'], 1000, 0, 0, 1, false],
    ['sends foreign events', (ids) => [...ids, 'run2-1', 'run1', 'evt_1', 'run12-3'], 1000, 0, 0, 0, true],
    ['is not wired back', () => [], 0, 1000, 0, 0, false],
  ];
  for (const [what, flow, ...expected] of flows) {
    it(`tells a flow that ${what}`, () => assert.deepEqual(verdict(judge(1000, flow)), expected));
  }

  it('tells a flow that lets an invalid event through, once for each', () => {
    const through = judge(10, (ids) => [...ids.slice(0, 10), ids[11]!, ids[11]!], 3);
    assert.deepEqual(verdict(through), [10, 0, 0, 1, false]);
    assert.deepEqual(verdict(judge(10, (ids) => ids.slice(0, 10), 3)), [10, 0, 0, 0, true]);
  });

  it('an invalid event that is answered 2xx is unexpected, and not a second time when it also comes back', () => {
    const ledger = new Ledger('run1');
    const valid = ledger.issue(true);
    const invalid = ledger.issue(false);
    for (const number of [valid, invalid]) {
      ledger.send(number, 0);
      ledger.deliver(number, 3);
    }
    ledger.process(ledger.idOf(valid), 5);
    assert.deepEqual(verdict(ledger.report()), [1, 0, 0, 1, false]);
    ledger.process(ledger.idOf(invalid), 5);
    assert.equal(ledger.report().unexpected, 1);
  });

  it('an event that was booked but never sent is not unique, and unexpected when it comes back', () => {
    const ledger = new Ledger('run1');
    const sent = ledger.issue(true);
    const kept = ledger.issue(true);
    ledger.send(sent, 0);
    ledger.process(ledger.idOf(sent), 1);
    assert.deepEqual(verdict(ledger.report()), [1, 0, 0, 0, true]);
    ledger.process(ledger.idOf(kept), 1);
    assert.equal(ledger.report().unexpected, 1);
  });

  it('counts sendings, deliveries, refusals and faults apart', () => {
    const ledger = new Ledger('run1');
    const number = ledger.issue(true);
    for (const status of [503, 503, 'ECONNREFUSED']) {
      ledger.send(number, 0);
      ledger.refuse(status);
    }
    for (let n = 0; n < 2; n++) {
      ledger.send(number, 0);
      ledger.deliver(number, 4);
    }
    ledger.fault('duplicate');
    ledger.process(ledger.idOf(number), 40);
    const report = ledger.report();
    assert.deepEqual(report, {
      sent: 5,
      unique: 1,
      delivered: 1,
      refused: { 503: 2, ECONNREFUSED: 1 },
      processed: 1,
      lost: 0,
      doubled: 0,
      unexpected: 0,
      ok: true,
      faults: { duplicate: 1 },
      latencyMs: report.latencyMs,
    });
    assert.ok(Math.abs(report.latencyMs.p50! - 40) < 1);
  });

  it('while a run sends, only what is older than the grace time is lost', () => {
    const ledger = new Ledger('run1');
    for (let n = 0; n < 100_000; n++) ledger.send(ledger.issue(true), n);
    assert.equal(ledger.report(49_999).lost, 50_000);
    assert.equal(ledger.report(-1).lost, 0);
    assert.equal(ledger.report().lost, 100_000);
    assert.equal(ledger.report(49_999).ok, false);
    ledger.process(ledger.idOf(0), 100_000);
    assert.equal(ledger.report(49_999).lost, 49_999);
  });

  it('keeps its times for as long as a run may last', () => {
    const ledger = new Ledger('run1');
    const year = 365 * 86_400_000;
    ledger.send(ledger.issue(true), year);
    assert.equal(ledger.report(year - 5000).lost, 0);
    ledger.process(ledger.idOf(0), year + 100);
    assert.ok(ledger.report().latencyMs.p50! < 200);
  });

  it('nothing sent proves nothing', () => assert.equal(new Ledger('run1').report().ok, false));

  it('is exact for a million events that come back shuffled, with one lost and one doubled', () => {
    const ledger = new Ledger('run1');
    const count = 1_000_000;
    for (let n = 0; n < count; n++) ledger.send(ledger.issue(true), n / 1000);
    // 7919 is prime to a million: every number once, far from its place.
    for (let n = 0; n < count; n++) {
      const number = (n * 7919) % count;
      if (number !== 123_456) ledger.process(ledger.idOf(number), 2000);
    }
    ledger.process(ledger.idOf(654_321), 2000);
    assert.deepEqual(verdict(ledger.report()), [count - 1, 1, 1, 0, false]);
  });
});

describe('device simulator: latency histogram', () => {
  it('quantiles are right within 2 %, over microseconds and minutes', () => {
    const histogram = new Histogram();
    assert.equal(histogram.quantile(0.5), null);
    for (let n = 1; n <= 10_000; n++) histogram.record(n / 10);
    for (const [share, exact] of [
      [0.5, 500],
      [0.99, 990],
      [0.001, 1],
    ] as const) {
      const found = histogram.quantile(share)!;
      assert.ok(Math.abs(found - exact) / exact < 0.02, `${share}: ${found}`);
    }
    const long = new Histogram();
    long.record(600_000);
    assert.ok(Math.abs(long.quantile(0.99)! - 600_000) < 12_000);
    long.record(1e12);
    assert.ok(long.quantile(1)! > 1e7);
  });
});
