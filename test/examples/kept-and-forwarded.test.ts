import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import { send } from '../support/http';
import { type FlowNode, freePort, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { observed, readExample, withSecrets } from './examples';

/** The examples that stand a crash and an outage, with devices that report ten times as often. */
describe('the examples that keep events do what their comments say', () => {
  let red: RunningNodeRed;
  let secrets: Record<string, string>;

  async function start(name: string): Promise<void> {
    const filled = withSecrets(readExample(name));
    secrets = filled.secrets;
    const port = await freePort();
    const faster = (node: FlowNode): FlowNode =>
      node.type === 'surewire-device-simulator' ? { ...node, intervalMs: 100 } : node;
    red = await startNodeRed({ port });
    await red.deploy(observed(filled.nodes, port).map(faster));
  }
  afterEach(() => red?.stop());

  it('22: without a crash the report is ok', async () => {
    await start('22');
    await red.inject('sw22_sim', { payload: 'start' });
    const { payload } = await red.message('report', 1, 40_000);
    assert.equal(payload.ok, true, JSON.stringify(payload));
    assert.equal(red.seen('handled').length, 20);
  });

  it('22: what was answered comes out after kill -9, marked as handed on again', async () => {
    await start('22');
    const now = new Date();
    const sign = new Webhook(secrets.sw22_auth as string);
    for (const id of ['a', 'b', 'c']) {
      const body = JSON.stringify({ id });
      const headers = {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': sign.sign(id, now, body),
      };
      assert.equal((await send(red.port, { path: '/examples/kept', headers, body })).status, 202);
    }
    // The flow takes five seconds over each; what it has not begun with yet would not be handed on *again*.
    await red.statusWith('sw22_hook', ({ text }) => /3 at work/.test(text ?? ''));
    assert.deepEqual(red.seen('handled'), []);
    await red.kill();
    red = await startNodeRed({ userDir: red.userDir, port: red.port });
    await red.message('handled', 3, 30_000);
    const events = red.seen('handled').map(({ event }) => `${event.id} ${event.redelivered}`);
    assert.deepEqual(events.sort(), ['a true', 'b true', 'c true']);
  });

  it('33: sixty readings through an outage: sent 60, processed 60, lost 0, doubled 0', async () => {
    await start('33');
    const press = (id: string): Promise<void> => red.inject(id, {});
    await press('sw33_begin');
    await press('sw33_start');
    await red.statusWith('sw33_retry', ({ text }) => /waiting/.test(text ?? ''));
    await press('sw33_end');
    await red.until('all in the cloud', () => red.seen('the cloud has it').length === 60, 60_000);
    const { payload } = await red.message('ledger', 1, 30_000);
    assert.deepEqual([payload.sent, payload.processed, payload.lost, payload.doubled], [60, 60, 0, 0]);
  });
});
