import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type FlowNode, flow, type RunningNodeRed, root, startNodeRed } from '../support/node-red';
import { need } from '../support/skip';

const nodes = (work: string): FlowNode[] => [
  { id: 'store', type: 'surewire-event-store', kind: 'disk', directory: 'keys' },
  { id: 'arrival', type: 'surewire-dedupe', store: 'store', wires: [['arrival-first'], ['arrival-dup']] },
  { id: 'success', type: 'surewire-dedupe', store: 'store', confirm: 'success', wires: [['work'], ['success-dup']] },
  { id: 'work', type: 'function', func: work, outputs: 1, wires: [['success-first']] },
  ...['arrival-first', 'arrival-dup', 'success-first', 'success-dup'].map((id) => ({
    id,
    type: 'test-probe',
    wires: [[]],
  })),
];
const HANGS_FOR_ODD = 'if (msg.n % 2) { if (false) node.done(); return null; } node.send(msg); node.done();';

describe('dedupe on disk', () => {
  let red: RunningNodeRed | undefined;

  before(function () {
    need(this, 'the event store node', existsSync(path.join(root, 'dist/event-store/event-store.html')));
  });

  after(async () => {
    if (!red) return;
    const { userDir } = red;
    await red.stop();
    rmSync(userDir, { recursive: true, force: true });
  });

  it('keys survive kill -9; what was at work then is free again', async () => {
    red = await startNodeRed({ flows: flow(nodes(HANGS_FOR_ODD)) });
    const { userDir } = red;
    await red.inject('arrival', { event: { id: 'a' } });
    await red.message('arrival-first');
    await red.inject('success', { n: 1, event: { id: 'hangs' } });
    await red.inject('success', { n: 2, event: { id: 'done' } });
    await red.message('success-first');
    await red.statusWith('success', ({ text }) => text === '2 first, 0 duplicates, 1 at work');
    await red.kill();

    red = await startNodeRed({ userDir, flows: flow(nodes('return msg;')) });
    await red.inject('arrival', { event: { id: 'a' } });
    assert.equal((await red.message('arrival-dup')).duplicate.state, 'done');
    await red.inject('success', { n: 3, event: { id: 'done' } });
    assert.equal((await red.message('success-dup')).n, 3);
    await red.inject('success', { n: 4, event: { id: 'hangs' } });
    assert.equal((await red.message('success-first')).n, 4);
  });

  it('a deploy frees what is at work, and keeps what is done', async () => {
    assert.ok(red);
    await red.deploy(flow(nodes(HANGS_FOR_ODD)));
    await red.inject('success', { n: 5, event: { id: 'x' } });
    await red.inject('success', { n: 6, event: { id: 'y' } });
    await red.message('success-first', 2);
    await red.deploy(flow(nodes('return msg;')));
    await red.inject('success', { n: 7, event: { id: 'y' } });
    assert.equal((await red.message('success-dup', 2)).n, 7);
    await red.inject('success', { n: 8, event: { id: 'x' } });
    assert.equal((await red.message('success-first', 3)).n, 8);
  });
});
