import assert from 'node:assert/strict';
import { chromiumPath } from '../support/browser';
import { flow, nodeRedPackage, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { need } from '../support/skip';
import { Editor } from './support/editor';

const NODES = ['webhook-in', 'webhook-out', 'dedupe', 'retry', 'device-simulator'];
/** Each config node, and the field of another node's dialog that leads to it. */
const CONFIGS = [
  { name: 'webhook-auth', from: 'webhook-in', property: 'auth' },
  { name: 'event-store', from: 'dedupe', property: 'store' },
];
/** Node-RED 5 has a dark scheme, 4.1 has none of its own. */
const SCHEMES = nodeRedPackage === 'node-red-5' ? ['light', 'dark'] : ['light'];

const flows = flow([
  ...NODES.map((name, index) => ({
    id: name,
    type: `surewire-${name}`,
    x: 240,
    y: 80 + index * 80,
    ...(name === 'dedupe' || name === 'retry' ? { store: 'event-store' } : { auth: 'webhook-auth' }),
  })),
  { id: 'webhook-auth', type: 'surewire-webhook-auth', scheme: 'token' },
  { id: 'event-store', type: 'surewire-event-store', kind: 'disk' },
]);

for (const scheme of SCHEMES) {
  describe(`in the browser: every dialog, ${scheme}`, () => {
    let red: RunningNodeRed;
    let editor: Editor;

    before(async function () {
      need(this, 'chromium', chromiumPath !== undefined);
      red = await startNodeRed({ flows });
      editor = await Editor.open(red, { dark: scheme === 'dark', height: 1300 });
    });
    after(async () => {
      await editor?.close();
      await red?.stop();
    });
    afterEach(() => editor.cancelAll());

    /** Makes every choice of the open dialog in turn, those that a choice brings up included, and looks at each. */
    const choose = async (name: string, seen = new Set<string>()): Promise<void> => {
      for (const { property, values } of await editor.choices()) {
        if (seen.has(property)) continue;
        seen.add(property);
        for (const value of values) {
          await editor.fill(property, value);
          await editor.screenshot(`${name}-${scheme}-${property}-${value}`);
          assert.deepEqual(await editor.flaws(), [], `${property}: ${value}`);
          await choose(name, seen);
        }
      }
    };

    /** Looks at the open dialog folded as it came, unfolded, and with everything that can be chosen. */
    const look = async (name: string): Promise<void> => {
      assert.equal(await editor.title(), `Edit ${name.replace('-', ' ')} node`);
      await editor.screenshot(`${name}-${scheme}`);
      assert.deepEqual(await editor.flaws(), []);
      await editor.unfold();
      await editor.screenshot(`${name}-${scheme}-all`);
      assert.deepEqual(await editor.flaws(), []);
      await choose(name);
    };

    for (const name of NODES) {
      it(`${name} fits, in words`, async () => {
        await editor.openDialog(name);
        await look(name);
      });
    }

    for (const { name, from, property } of CONFIGS) {
      it(`${name} fits, in words`, async () => {
        await editor.openDialog(from);
        await editor.editConfig(property);
        await look(name);
      });
    }

    it('has no text that is only a key in the help either', async () => {
      for (const name of NODES) {
        const help = await editor.help(`surewire-${name}`);
        assert.ok(help.length > 200, `the help of ${name}`);
      }
    });

    it('has shown no error in the console', () => assert.deepEqual(editor.errors, []));
  });
}
