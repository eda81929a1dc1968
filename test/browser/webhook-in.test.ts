import assert from 'node:assert/strict';
import { chromiumPath } from '../support/browser';
import { openAuth, webhookIn } from '../support/flows';
import { flow, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { need } from '../support/skip';
import { Editor } from './support/editor';

describe("webhook in's form", () => {
  let red: RunningNodeRed;
  let editor: Editor;

  before(async function () {
    need(this, 'chromium', chromiumPath !== undefined);
    red = await startNodeRed({
      flows: flow([
        openAuth,
        { id: 'wrong', type: 'surewire-webhook-auth', scheme: 'none', allow: 'banana' },
        ...webhookIn({ schema: '{"type": "object"}' }),
        ...webhookIn({ id: 'unknown', path: '/a', schema: '{"properties": {"n": {"type": "numbr"}}}' }),
        ...webhookIn({ id: 'cut', path: '/b', schema: '{\n"type": }' }),
        ...webhookIn({ id: 'noauth', path: '/c', auth: '' }),
        ...webhookIn({ id: 'badauth', path: '/d', auth: 'wrong' }),
        ...webhookIn({ id: 'nostore', path: '/e', answer: 'stored', store: '' }),
        ...webhookIn({ id: 'template', path: '/f', eventId: '{x-id}' }),
      ]),
    });
    editor = await Editor.open(red);
  });
  after(async () => {
    await editor?.close();
    await red?.stop();
  });

  for (const [id, expected] of [
    ['unknown', /^JSON Schema: \/properties\/n\/type: must be one of/],
    ['cut', /^JSON Schema: line 2, column 9: this is not JSON/],
    ['noauth', /^Auth: choose or add/],
    ['badauth', /^Auth: choose or add/],
    ['nostore', /^Store: choose or add/],
    ['template', /^Event id: "\{x-id\}" is not a placeholder/],
  ] as const) {
    it(`${id} is marked as wrong without being opened, and told why`, async () => {
      await editor.page.waitForFunction(`RED.nodes.node('${id}').valid === false`);
      const errors = await editor.property<string[]>(id, 'validationErrors');
      assert.match(errors.join(), expected);
    });
  }

  it('a schema is judged by the runtime while it is written', async () => {
    assert.equal(await editor.property('hook', 'valid'), true);
    await editor.openDialog('hook');
    await editor.unfold();
    const hint = editor.page.locator('#surewire-webhook-in-schema');
    await hint.getByText('The schema is fine.').waitFor();
    const schema = await editor.field('schema');
    await editor.fill('schema', '{"type": "object", "requird": []}');
    await hint.getByText('/requird: unknown keyword').waitFor();
    await editor.page.locator('#node-input-schema.input-error').waitFor();
    await editor.fill('schema', '{"type": "array"}');
    await hint.getByText('The schema is fine.').waitFor();
    assert.doesNotMatch((await schema.getAttribute('class')) ?? '', /input-error/);
    await editor.cancel();
    assert.deepEqual(editor.errors, []);
  });
});
