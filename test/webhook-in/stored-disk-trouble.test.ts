import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defaultEngine } from '../../nodes/event-store/sqlite';
import { openAuth } from '../support/flows';
import { sendJson } from '../support/http';
import { type FlowNode, flow, type RunningNodeRed, root, type StartOptions, startNodeRed } from '../support/node-red';
import { smallDisk } from '../support/small-disk';

const nodes = (directory: string): FlowNode[] => [
  openAuth,
  { id: 'store', type: 'surewire-event-store', kind: 'disk', directory },
  {
    id: 'hook',
    type: 'surewire-webhook-in',
    path: '/hooks/door',
    auth: 'open',
    answer: 'stored',
    store: 'store',
    eventId: '{/id}',
    wires: [['handed'], ['refused']],
  },
  { id: 'handed', type: 'test-probe', wires: [['work']] },
  { id: 'work', type: 'delay', pauseType: 'delay', timeout: '300', timeoutUnits: 'milliseconds', wires: [['done']] },
  { id: 'done', type: 'test-probe', wires: [[]] },
  { id: 'refused', type: 'test-probe', wires: [[]] },
];

describe('webhook in, stored, when the disk is in trouble', function () {
  this.timeout(60_000);
  let red: RunningNodeRed | undefined;
  afterEach(async () => {
    await red?.stop();
    red = undefined;
  });

  /** An event is at work while trouble begins; what comes during it is refused; afterwards all goes on, in the same process. */
  async function walk(options: StartOptions, directory: string, trouble: { begin(): void; end(): void }, says: RegExp) {
    const running = await startNodeRed({ ...options, flows: flow(nodes(directory)) });
    red = running;
    const post = (id: string) => sendJson(running.port, '/hooks/door', { id, filler: 'x'.repeat(200_000) });
    const handed = (): string[] => running.seen('handed').map(({ event }) => String(event.id));
    assert.equal((await post('before')).status, 202);
    await running.message('handed');
    trouble.begin();
    // A little of it may still fit.
    const accepted = ['before'];
    let refused = await post('during-0');
    for (let n = 1; refused.status === 202; n += 1) {
      accepted.push(`during-${n - 1}`);
      refused = await post(`during-${n}`);
    }
    assert.equal(refused.status, 503);
    assert.equal((refused.json as { reason: string }).reason, 'store-failed');
    assert.equal(refused.headers['retry-after'], '10');
    assert.match(String(refused.headers['content-type']), /problem\+json/);
    assert.equal((await post('after')).status, 503);
    const { payload } = await running.message('refused');
    assert.deepEqual([payload.reason, payload.status], ['store-failed', 503]);
    assert.match(payload.detail, says);
    const status = await running.statusWith('hook', ({ fill }) => fill === 'red');
    assert.match(status.text ?? '', says);
    await running.until('the flow to be done with what it has', () => running.seen('done').length >= accepted.length);
    assert.deepEqual(handed(), accepted, 'what was refused was not handed on');

    trouble.end();
    await running.statusWith('hook', ({ fill }) => fill === 'green');
    assert.equal((await post('after')).status, 202);
    assert.equal((await post('before')).status, 202, 'a duplicate');
    await running.until('all of it done', () => running.seen('done').length === accepted.length + 1);
    const url = `${running.url}/surewire/webhook-in/hook/dead-letters`;
    for (let busy = true; busy; ) {
      const { counts, deadLetters } = await (await fetch(url)).json();
      assert.deepEqual(deadLetters, []);
      busy = counts.waiting + counts.atWork > 0;
    }
    assert.deepEqual(handed(), [...accepted, 'after'], 'nothing was handed on twice');
  }

  for (const fault of ['write', 'sync']) {
    it(`fails to ${fault}: 503 store-failed, and on it goes without a restart`, async () => {
      const userDir = mkdtempSync(path.join(tmpdir(), 'surewire-test-'));
      const file = path.join(userDir, 'fault');
      const faults = path.join(root, 'test', 'event-store', 'fixtures', 'faults.cjs');
      // The faults are put below the WebAssembly engine.
      const engine = defaultEngine() === 'node' ? ['--no-experimental-sqlite'] : [];
      const options = { userDir, execArgv: ['--require', faults, ...engine], env: { FAULT_FILE: file } };
      const trouble = { begin: () => writeFileSync(file, fault), end: () => writeFileSync(file, '') };
      await walk(options, 'events', trouble, /cannot be written/);
    });
  }

  describe('full', () => {
    const mount = smallDisk('full-webhook-in', 4);

    it('503 store-failed, and on it goes once there is space', async () => {
      const ballast = path.join(mount, 'ballast');
      const begin = (): void => {
        try {
          writeFileSync(ballast, Buffer.alloc(8_000_000));
        } catch {
          // Full, as it should be.
        }
      };
      await walk({}, path.join(mount, 'events'), { begin, end: () => rmSync(ballast) }, /full/);
    });
  });
});
