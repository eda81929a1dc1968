import assert from 'node:assert/strict';
import { FAULTS, type FaultKind } from '../../nodes/device-simulator/faults';
import type { Report } from '../../nodes/device-simulator/ledger';
import { type FlowNode, flow, type RunningNodeRed, startNodeRed } from '../support/node-red';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const COUNT = 120;

/** Simulator, HTTP, webhook in, dedupe, and back to the simulator. */
const stack = (faults: object, more: Record<string, unknown> = {}): FlowNode[] =>
  flow([
    { id: 'auth', type: 'surewire-webhook-auth', name: 'shared secret', credentials: { secret: SECRET } },
    {
      id: 'sim',
      type: 'surewire-device-simulator',
      devices: 12,
      profile: 'mixed',
      intervalMs: 100,
      count: COUNT,
      seed: 'matrix',
      target: 'http',
      url: '/hooks/devices',
      auth: 'auth',
      faults: JSON.stringify({ delayMs: 300, offlineMs: 400, burstSize: 4, ...faults }),
      wires: [[], ['report']],
      ...more,
    },
    { id: 'report', type: 'test-probe', name: 'report', wires: [[]] },
    { id: 'hook', type: 'surewire-webhook-in', path: '/hooks/devices', auth: 'auth', wires: [['dedupe'], ['refused']] },
    { id: 'refused', type: 'test-probe', name: 'refused', wires: [[]] },
    { id: 'dedupe', type: 'surewire-dedupe', wires: [['sim'], ['duplicates']] },
    { id: 'duplicates', type: 'test-probe', name: 'duplicates', wires: [[]] },
  ]);

/** How webhook in answers each kind of invalid request. */
const REFUSED: Partial<Record<FaultKind, number>> = {
  badSignature: 401,
  missingSignature: 401,
  truncated: 401,
  malformed: 400,
  oversize: 413,
};

function judge(report: Report, faults: Record<string, number>): void {
  assert.ok(report.ok, JSON.stringify(report));
  const made = report.faults;
  assert.deepEqual(Object.keys(made).sort(), Object.keys(faults).sort());
  assert.equal(report.unique, COUNT - (made.drop ?? 0));
  assert.deepEqual(
    [report.delivered, report.processed, report.lost, report.doubled, report.unexpected],
    [report.unique, report.unique, 0, 0, 0],
  );
  const expected: Record<string, number> = {};
  for (const [kind, status] of Object.entries(REFUSED)) {
    const times = made[kind as FaultKind] ?? 0;
    if (times > 0) expected[status] = (expected[status] ?? 0) + times;
  }
  assert.deepEqual(report.refused, expected);
  const repeated = (made.duplicate ?? 0) + (made.replay ?? 0);
  const invalid = Object.values(expected).reduce((sum, times) => sum + times, 0);
  assert.equal(report.sent, report.unique + repeated + invalid);
}

describe('device simulator: the fault matrix through webhook in and dedupe', () => {
  let red: RunningNodeRed;
  before(async () => {
    red = await startNodeRed({ flows: stack({}) });
  });
  after(() => red.stop());

  async function run(faults: object, more: Record<string, unknown> = {}): Promise<Report> {
    await red.deploy(stack(faults, more));
    red.messages.length = 0;
    await red.inject('sim', { payload: 'start' });
    return (await red.message('report', 1, 30_000)).payload as Report;
  }

  it('no fault', async () => judge(await run({}), {}));

  for (const kind of FAULTS) {
    it(`${kind} alone`, async () => {
      const report = await run({ [kind]: 0.2 });
      judge(report, { [kind]: 0.2 });
      assert.equal(red.seen('duplicates').length, (report.faults.duplicate ?? 0) + (report.faults.replay ?? 0));
    });
  }

  it('all together', async () => {
    const faults = Object.fromEntries(FAULTS.map((kind) => [kind, 0.1]));
    judge(await run(faults), faults);
  });

  it('all together, in batches', async () => {
    const faults = Object.fromEntries(FAULTS.map((kind) => [kind, 0.1]));
    const report = await run(faults, { batch: 7 });
    assert.ok(report.ok, JSON.stringify(report));
    assert.equal(report.unique, COUNT - report.faults.drop!);
    assert.equal(red.seen('duplicates').length, report.faults.duplicate! + report.faults.replay!);
  });

  it('without dedupe the ledger says how many were doubled', async () => {
    const nodes = stack({ duplicate: 0.2 }).map((node) =>
      node.id === 'hook' ? { ...node, wires: [['sim'], []] } : node,
    );
    await red.deploy(nodes);
    red.messages.length = 0;
    await red.inject('sim', { payload: 'start' });
    const report = (await red.message('report', 1, 30_000)).payload as Report;
    assert.deepEqual([report.doubled, report.lost, report.ok], [report.faults.duplicate, 0, false]);
  });
});
