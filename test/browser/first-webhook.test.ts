import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import { chromiumPath } from '../support/browser';
import { send } from '../support/http';
import { flow, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { need } from '../support/skip';
import { Editor } from './support/editor';

describe('in the browser: the first webhook', () => {
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

  it('from the palette to a signed event in the debug side bar', async () => {
    const hook = await editor.drag('surewire-webhook-in', 'webhook in', 200, 200);
    await editor.openDialog(hook);
    await editor.fill('path', '/hooks/:device');
    await editor.addConfig('auth');
    await editor.page.locator('#surewire-auth-generate').click();
    const secret = await (await editor.field('secret')).inputValue();
    assert.match(secret, /^whsec_/);
    await editor.done();
    await editor.done();
    const debug = await editor.drag('debug', 'debug', 500, 200);
    await editor.wire(hook, debug);
    await editor.deploy();
    await red.statusWith(hook, (status) => status.fill !== 'red');
    await editor.screenshot('first-webhook');

    const body = '{"door":"opened by the sender"}';
    const at = new Date();
    const headers = {
      'content-type': 'application/json',
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('evt_1', at, body),
    };
    const post = (text: string) => send(red.port, { path: '/hooks/door', headers, body: text });
    assert.equal((await post(body.replace('opened', 'forged'))).status, 401);
    assert.equal((await post(body)).status, 202);
    assert.match(await editor.debugShows('opened by the sender'), /door/);
    assert.equal((await editor.debugMessages()).length, 1);
    assert.deepEqual(editor.errors, []);
  });
});
