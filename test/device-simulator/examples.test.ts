import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Report } from '../../nodes/device-simulator/ledger';
import { type FlowNode, type RunningNodeRed, root, startNodeRed } from '../support/node-red';

const folder = path.join(root, 'examples');
const files = readdirSync(folder).filter((file) => /^(01-tour|4\d-.*)\.json$/.test(file));
const read = (file: string): FlowNode[] => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));

/** Faults that a maker's button sends while the example runs. */
const PRESSED: Record<string, object> = {
  '41': { offline: 0.2, offlineMs: 1000 },
  '42': { duplicate: 0.6, replay: 0.6, badSignature: 0.6, malformed: 0.6, oversize: 0.4, truncated: 0.6, drop: 0.3 },
};

describe('examples with the simulator, all in one Node-RED', () => {
  let red: RunningNodeRed;
  before(async () => {
    red = await startNodeRed();
    // A shorter load test than the one a maker sees.
    const nodes = files.flatMap(read).map((node) => (node.count === 10_000 ? { ...node, count: 500 } : node));
    assert.equal(new Set(nodes.map((node) => node.id)).size, nodes.length, 'no id is used twice');
    await red.deploy(nodes);
  });
  after(() => red.stop());

  interface State {
    busy: boolean;
    report: Report;
  }
  const ask = async (id: string): Promise<State> =>
    (await (await fetch(`${red.url}/surewire-device-simulator/${id}`)).json()) as State;
  const press = async (id: string, command: string): Promise<void> => {
    await fetch(`${red.url}/surewire-device-simulator/${id}/${command}`, { method: 'POST' });
  };

  for (const file of files) {
    it(`${file}: start, trouble, stop; nothing is lost or doubled`, async () => {
      const { id } = read(file).find((node) => node.type === 'surewire-device-simulator') as FlowNode;
      await press(id, 'start');
      const faults = PRESSED[file.slice(0, 2)];
      if (faults) await red.inject(id, { faults });
      await new Promise((resolve) => setTimeout(resolve, 4000));
      await press(id, 'stop');
      let state = await ask(id);
      for (let n = 0; state.busy && n < 300; n++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        state = await ask(id);
      }
      assert.ok(state.report.ok, JSON.stringify(state.report));
      assert.ok(state.report.unique > 10);
      for (const kind of Object.keys(faults ?? {})) {
        if (!kind.endsWith('Ms')) assert.ok(Object.keys(state.report.faults).includes(kind), kind);
      }
    });
  }
});
