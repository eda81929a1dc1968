import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { chromiumPath } from '../support/browser';
import { type FlowNode, flow, type RunningNodeRed, root, startNodeRed } from '../support/node-red';
import { need } from '../support/skip';
import { Editor } from './support/editor';

const folder = path.join(root, 'examples');
const examples = existsSync(folder)
  ? readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .sort()
  : [];

/** The pairs of nodes that lie on each other, and the groups that begin outside the canvas, in the tab that is shown. */
const BADLY_LAID = `(() => {
  const tab = RED.workspaces.active();
  const boxes = RED.nodes.filterNodes({ z: tab }).map(({ name, type, x, y, w, h }) => ({
    name: name || type, left: x - w / 2, right: x + w / 2, top: y - h / 2, bottom: y + h / 2,
  }));
  const bad = RED.nodes.groups(tab).filter(({ x, y }) => x < 0 || y < 0).map(({ name }) => name);
  boxes.forEach((a, index) => {
    for (const b of boxes.slice(index + 1)) {
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) bad.push(a.name + ' / ' + b.name);
    }
  });
  return bad;
})()`;

describe('in the browser: every example of the Import menu', () => {
  let red: RunningNodeRed;
  let editor: Editor;

  before(async function () {
    need(this, 'chromium', chromiumPath !== undefined);
    red = await startNodeRed({ flows: flow([]) });
    editor = await Editor.open(red);
  });
  after(async () => {
    await editor?.close();
    await red?.stop();
  });
  afterEach(async () => {
    await red.deploy(flow([]));
    await editor.load();
  });

  for (const file of examples) {
    const name = file.replace(/\.json$/, '');
    it(`${name} is imported and deployed`, async () => {
      const ids = await editor.importExample(name);
      await editor.screenshot(`example-${name}`);
      assert.deepEqual(await editor.page.evaluate<string[]>(BADLY_LAID), []);
      await editor.deploy();
      const deployed = (await (await fetch(`${red.url}/flows`)).json()) as FlowNode[];
      for (const id of ids) {
        assert.ok(
          deployed.some((node) => node.id === id),
          `${id} was deployed`,
        );
      }
      const unknown = await editor.page.evaluate<string[]>(
        `RED.nodes.createCompleteNodeSet().filter((node) => !RED.nodes.getType(node.type) && !['tab', 'subflow', 'group'].includes(node.type)).map((node) => node.type)`,
      );
      assert.deepEqual(unknown, []);
      assert.deepEqual(editor.errors, []);
      editor.errors.length = 0;
    });
  }
});
