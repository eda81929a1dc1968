import assert from 'node:assert/strict';
import { chromiumPath } from '../support/browser';
import { flow, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { need } from '../support/skip';
import { Editor } from './support/editor';

describe('in the browser: webhook out', () => {
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

  it('comes out of the palette, is filled in and deployed as it was filled in', async () => {
    const id = await editor.drag('surewire-webhook-out', 'webhook out', 300, 200);
    await editor.openDialog(id);
    await editor.screenshot('webhook-out');
    await editor.fill('url', 'https://cloud.example/in');
    await editor.unfold();
    await editor.fill('timeout', '5');
    await editor.page.locator('.red-ui-editableList-addButton').click();
    await editor.page.locator('[data-part="name"]').fill('x-own');
    await editor.page.locator('[data-part="value"]').fill('yes');
    await editor.screenshot('webhook-out-advanced');
    assert.deepEqual(await editor.flaws(), []);
    await editor.done();
    await editor.deploy();
    const flows = (await (await fetch(`${red.url}/flows`)).json()) as Record<string, unknown>[];
    const node = flows.find((entry) => entry.id === id);
    assert.equal(node?.url, 'https://cloud.example/in');
    assert.equal(node?.timeout, '5');
    assert.deepEqual(node?.headers, [{ name: 'x-own', value: 'yes' }]);
    assert.deepEqual(editor.errors, []);
  });
});
