import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type FlowNode, flow, type RunningNodeRed, root, startNodeRed } from '../support/node-red';

/** Faster than for people, on the port of the test, and with a secret; its wires stay as they are. */
const CHANGES: Record<string, Record<string, unknown>> = {
  sw33_sim: { intervalMs: 40 },
  sw33_retry: { baseMs: 100, drainRate: 0 },
  sw33_auth: { credentials: { secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}` } },
};

describe('webhook out: the example that forwards through an outage', () => {
  let red: RunningNodeRed;

  before(async () => {
    red = await startNodeRed({ flows: flow([]), env: { http_proxy: '' } });
    const text = readFileSync(path.join(root, 'examples', '33-forward-signed-to-the-cloud.json'), 'utf8');
    const example = JSON.parse(text.replaceAll(':1880/', `:${red.port}/`)) as FlowNode[];
    const probes = ['sw33_ledger', 'sw33_sent', 'sw33_gaveup', 'sw33_refused'];
    await red.deploy(
      example.map((node) => ({
        ...node,
        ...CHANGES[node.id],
        ...(probes.includes(node.id) ? { type: 'test-probe', name: node.id } : {}),
      })),
    );
  });
  after(() => red.stop());

  it('loses none and doubles none', async () => {
    await red.inject('sw33_begin', {});
    await red.inject('sw33_sim', { payload: 'start' });
    await red.until('failed attempts', () => red.status('sw33_out').text?.includes('503'), 30_000);
    assert.equal(red.seen('sw33_sent').length, 0);
    await red.inject('sw33_end', {});
    await red.until('all 60 at the cloud', () => red.seen('sw33_sent').length >= 60, 30_000);
    const report = (await red.message('sw33_ledger', 1, 30_000)).payload;
    assert.equal(report.lost, 0, JSON.stringify(report));
    assert.equal(report.doubled, 0);
    assert.equal(report.processed, 60);
    assert.equal(red.seen('sw33_gaveup').length, 0);
    assert.equal(red.seen('sw33_refused').length, 0);
  });
});
