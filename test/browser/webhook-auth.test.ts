import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { Webhook } from 'standardwebhooks';
import { chromiumPath, openEditor, startBrowser } from '../support/browser';
import { webhookIn } from '../support/flows';
import { send } from '../support/http';
import { flow, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { need } from '../support/skip';

describe("webhook auth's form", () => {
  let red: RunningNodeRed;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  before(async function () {
    need(this, 'chromium', chromiumPath !== undefined);
    red = await startNodeRed();
    await red.deploy(
      flow([
        { id: 'auth', type: 'surewire-webhook-auth', scheme: 'none' },
        { id: 'wrong', type: 'surewire-webhook-auth', scheme: 'custom', descriptor: '{"sig":{"headr":"x"}}' },
        ...webhookIn({ path: '/hook', auth: 'auth' }),
      ]),
    );
    browser = await startBrowser();
    ({ page, errors } = await openEditor(browser, red));
  });
  after(async () => {
    await browser?.close();
    await red?.stop();
  });

  const field = (name: string): string => `#node-config-input-${name}`;
  const textOf = async (selector: string): Promise<string> => (await page.locator(selector).textContent()) ?? '';
  const badge = (): Promise<string> => textOf('#surewire-auth-badge');
  const open = async (id: string): Promise<void> => {
    await page.evaluate(`RED.editor.editConfig('', 'surewire-webhook-auth', '${id}')`);
    await page.waitForSelector(field('scheme'), { state: 'visible' });
    await page.waitForSelector('#surewire-auth-badge span');
  };

  it('a wrong descriptor is seen without opening the form, and the message names the field', async () => {
    const found = await page.evaluate("RED.nodes.node('wrong').validationErrors.join()");
    assert.match(String(found), /sig\.headr: unknown field/);
    assert.equal(await page.evaluate("RED.nodes.node('auth').valid"), true);
  });

  it('shows the chosen scheme, only its fields, and how safe it is', async () => {
    await open('auth');
    assert.match(await badge(), /Anyone can post/);
    const table: [scheme: string, visible: string[], hidden: string[], words: RegExp][] = [
      ['none', ['allow'], ['secret', 'descriptor', 'tokenFrom', 'username', 'publicUrl'], /Anyone can post/],
      ['standard-webhooks', ['secret', 'allow'], ['descriptor', 'tokenFrom', 'username', 'publicUrl'], /No secret yet/],
      ['twilio', ['secret', 'publicUrl'], ['descriptor', 'tokenFrom', 'timestampHeader'], /No secret yet/],
      ['grafana', ['secret', 'timestampHeader'], ['descriptor', 'publicUrl'], /No secret yet/],
      ['token', ['secret', 'tokenFrom', 'tokenName', 'allow'], ['username', 'descriptor'], /No secret yet/],
      ['basic', ['secret', 'username'], ['tokenFrom', 'descriptor'], /No secret yet/],
      ['custom', ['secret', 'descriptor'], ['tokenFrom', 'username', 'publicUrl'], /No secret yet/],
    ];
    for (const [scheme, visible, hidden, words] of table) {
      await page.selectOption(field('scheme'), scheme);
      for (const name of visible) assert.ok(await page.isVisible(field(name)), `${scheme} shows ${name}`);
      for (const name of hidden) assert.ok(!(await page.isVisible(field(name))), `${scheme} hides ${name}`);
      assert.match(await badge(), words, scheme);
    }
    await page.selectOption(field('scheme'), 'token');
    await page.click('#surewire-auth-generate');
    assert.match(await badge(), /Token over plain HTTP/);
    await page.fill(field('allow'), '10.0.0.0/8 banana');
    assert.match(await badge(), /address list is wrong/);
    await page.fill(field('allow'), '');
    await page.fill(field('secret'), 'with a space at its end ');
    await page.locator(field('secret')).dispatchEvent('change');
    await page.waitForSelector(`${field('secret')}.input-error`);
    assert.match(await badge(), /not in the form/);
    await page.selectOption(field('scheme'), 'standard-webhooks');
    await page.click('#surewire-auth-generate');
    assert.match(await badge(), /^\s*Signed/);
    await page.click('#surewire-auth-advanced > summary');
    await page.fill(field('previousSecret'), 'whsec_!');
    await page.locator(field('previousSecret')).dispatchEvent('change');
    await page.waitForSelector(`${field('previousSecret')}.input-error`);
    assert.match(await badge(), /not in the form/);
    await page.fill(field('previousSecret'), '');
    await page.fill(field('tolerance'), 'soon');
    assert.match(await badge(), /A field is wrong/);
    await page.selectOption(field('scheme'), 'token');
    assert.doesNotMatch(await badge(), /A field is wrong/);
    await page.selectOption(field('scheme'), 'standard-webhooks');
    await page.fill(field('tolerance'), '300');
    await page.selectOption(field('scheme'), 'custom');
    await page.fill(field('descriptor'), '{"sig":{"header":"x","alg":"md5"}}');
    assert.match(await textOf('#surewire-auth-descriptor-hint'), /sig\.alg: expected one of/);
    await page.waitForSelector(`${field('descriptor')}.input-error`);
  });

  it('a generated secret works from the form to the flow', async () => {
    await page.selectOption(field('scheme'), 'standard-webhooks');
    await page.click('#surewire-auth-generate');
    const secret = await page.inputValue(field('secret'));
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.equal(await page.getAttribute(field('secret'), 'type'), 'text');
    assert.match(await badge(), /^\s*Signed/);
    await page.click('#node-config-dialog-ok');
    // It is wrong on purpose and would make the editor ask.
    await page.evaluate("RED.nodes.remove('wrong')");
    await page.click('#red-ui-header-button-deploy');

    const body = '{"hello":"world"}';
    const at = new Date();
    const headers = {
      'content-type': 'application/json',
      'webhook-id': 'evt_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('evt_1', at, body),
    };
    const post = async (text: string): Promise<number> =>
      (await send(red.port, { path: '/hook', headers, body: text })).status;
    // Before the deploy anyone may post.
    let status = 202;
    for (let tries = 0; status !== 401 && tries < 50; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      status = await post('{}');
    }
    assert.equal(status, 401);
    red.messages.length = 0;
    assert.equal(await post(body), 202);
    const { msg } = await red.until('the event', () => red.messages.find(({ probe }) => probe === 'in'));
    assert.deepEqual(msg.payload, { hello: 'world' });
  });

  it('a stored secret is not shown again', async () => {
    await open('auth');
    assert.equal(await page.inputValue(field('secret')), '__PWRD__');
    assert.ok(await page.isDisabled('#surewire-auth-show'));
    assert.match(await badge(), /^\s*Signed/);
    await page.click('#node-config-dialog-cancel');
    assert.deepEqual(errors, []);
  });
});
