import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import type { Report } from '../../nodes/device-simulator/ledger';
import { chromiumPath, openEditor, startBrowser } from '../support/browser';
import { flow, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { need } from '../support/skip';

const field = (name: string): string => `#node-input-${name}`;
const button = (id: string): string => `[id="${id}"] .red-ui-flow-node-button-button`;

describe("device simulator's form", () => {
  let red: RunningNodeRed;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  before(async function () {
    need(this, 'chromium', chromiumPath !== undefined);
    red = await startNodeRed();
    await red.deploy(
      flow([
        { id: 'sim', type: 'surewire-device-simulator', name: 'sim', wires: [[], []] },
        {
          id: 'wrong',
          type: 'surewire-device-simulator',
          name: 'wrong',
          faults: '{"dropp":1}',
          devices: 0,
          wires: [[], []],
        },
        {
          id: 'template',
          type: 'surewire-device-simulator',
          name: 'template',
          profile: 'custom',
          template: '{ "a": ',
          wires: [[], []],
        },
      ]),
    );
    browser = await startBrowser();
    ({ page, errors } = await openEditor(browser, red));
  });
  after(async () => {
    await browser?.close();
    await red?.stop();
  });

  const faults = async (): Promise<unknown> => JSON.parse((await page.inputValue(field('faults'))) || '{}');

  it('mistakes are seen without opening the form, and named', async () => {
    const said = (id: string): Promise<string> => page.evaluate(`RED.nodes.node('${id}').validationErrors.join('; ')`);
    assert.match(await said('wrong'), /Devices: expected a whole number from 1/);
    assert.match(await said('wrong'), /faults\.dropp: unknown/);
    assert.match(await said('template'), /JSONata|expression/i);
    assert.equal(await page.evaluate("RED.nodes.node('sim').valid"), true);
  });

  it('shows only the fields that matter, and warns of a foreign address', async () => {
    await page.evaluate("RED.editor.edit(RED.nodes.node('sim'))");
    await page.waitForSelector(field('devices'), { state: 'visible' });
    for (const name of ['url', 'auth', 'template', 'maxRate']) assert.ok(!(await page.isVisible(field(name))), name);
    await page.selectOption(field('profile'), 'custom');
    assert.ok(await page.isVisible(field('template')));
    await page.selectOption(field('profile'), 'mixed');
    assert.ok(!(await page.isVisible(field('template'))));
    await page.selectOption(field('target'), 'http');
    assert.ok(await page.isVisible(field('url')));
    for (const [url, warned] of [
      ['/hooks/x', false],
      ['http://192.168.1.5/x', false],
      ['http://[::1]:1880/x', false],
      ['http://nas.local/x', false],
      ['https://example.com/x', true],
      ['http://8.8.8.8/', true],
      ['http://10.0.0.1.example.com/', true],
    ] as const) {
      await page.fill(field('url'), url);
      assert.equal(await page.isVisible('#surewire-simulator-foreign'), warned, url);
    }
    await page.fill(field('url'), '/hooks/x');
  });

  it('faults are rows, and JSON only in the flow', async () => {
    await page.click('#surewire-simulator-faults-fold summary');
    const bad = '#surewire-simulator-faults-bad';
    await page.fill('#surewire-simulator-fault-duplicate', '2');
    await page.press('#surewire-simulator-fault-duplicate', 'Tab');
    assert.match((await page.textContent(bad)) ?? '', /faults\.duplicate/);
    await page.fill('#surewire-simulator-fault-duplicate', '0.25');
    await page.fill('#surewire-simulator-fault-delayMs', '50');
    await page.fill('#surewire-simulator-fault-burst', '');
    await page.press('#surewire-simulator-fault-burst', 'Tab');
    assert.deepEqual(await faults(), { duplicate: 0.25, delayMs: 50 });
    assert.equal(await page.textContent(bad), '');
    await page.click('#node-dialog-ok');
    await page.waitForSelector(field('devices'), { state: 'detached' });
    assert.equal(await page.evaluate("RED.nodes.node('sim').faults"), '{"duplicate":0.25,"delayMs":50}');
    await page.evaluate("RED.editor.edit(RED.nodes.node('sim'))");
    await page.waitForSelector('#surewire-simulator-fault-duplicate', { state: 'visible' });
    assert.equal(await page.inputValue('#surewire-simulator-fault-duplicate'), '0.25');
    await page.click('#node-dialog-cancel');
    await page.waitForSelector(field('devices'), { state: 'detached' });
  });

  it('what a flow file holds and no row shows is named, and gone after Done', async () => {
    await page.evaluate("RED.editor.edit(RED.nodes.node('wrong'))");
    await page.waitForSelector('#surewire-simulator-faults-bad', { state: 'visible' });
    assert.match((await page.textContent('#surewire-simulator-faults-bad')) ?? '', /faults\.dropp: unknown/);
    await page.click('#node-dialog-ok');
    await page.waitForSelector(field('devices'), { state: 'detached' });
    assert.equal(await page.evaluate("RED.nodes.node('wrong').faults"), '');
  });

  it('nothing went wrong in the page', () => assert.deepEqual(errors, []));
});

describe('the tour in the editor', () => {
  let red: RunningNodeRed;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  before(async function () {
    need(this, 'chromium', chromiumPath !== undefined);
    red = await startNodeRed();
    browser = await startBrowser();
    ({ page, errors } = await openEditor(browser, red));
  });
  after(async () => {
    await browser?.close();
    await red?.stop();
  });

  it('is imported from the menu, deployed, started, watched and stopped; the report says ok', async () => {
    await page.click('#red-ui-header-button-sidemenu');
    await page.click('#menu-item-import');
    await page.click('a[href="#red-ui-clipboard-dialog-import-tab-examples"]');
    const entry = (text: string): ReturnType<Page['locator']> =>
      page.locator('#red-ui-clipboard-dialog-import-tab-examples .red-ui-treeList-label-text', { hasText: text });
    await entry('node-red-webhooks').click();
    await entry('01-tour').click();
    await page.click('#red-ui-clipboard-dialog-ok');
    const find = "RED.nodes.filterNodes({ type: 'surewire-device-simulator' })[0]?.id";
    await page.waitForFunction(find);
    // The editor gives imported nodes ids of its own.
    const id: string = await page.evaluate(find);
    const node = `RED.nodes.node('${id}')`;
    await page.evaluate(`RED.workspaces.show(${node}.z)`);
    await page.click('#red-ui-header-button-deploy');
    await page.waitForFunction('!RED.nodes.dirty()');
    // Where a Node-RED has no debug tab open yet.
    await page.evaluate("RED.sidebar.show('debug')");
    await page.waitForFunction(`!${node}.changed`);

    await page.click(button(id));
    await page.waitForFunction(`${node}.running === true`);
    const status = `document.querySelector('[id="${id}"] .red-ui-flow-node-status-label')?.textContent ?? ''`;
    const says = async (pattern: RegExp): Promise<void> => {
      try {
        await page.waitForFunction(`${pattern}.test(${status})`);
      } catch {
        assert.match(await page.evaluate(status), pattern);
      }
    };
    await says(/^sent [1-9][\d,]*, \d+\/s, lost 0, doubled 0$/);
    await page.waitForTimeout(3000);
    await page.click(button(id));
    await page.waitForFunction(`${node}.running === false`);
    await page.waitForSelector('.red-ui-debug-msg', { timeout: 30_000 });
    await says(/^sent [\d,]+, lost 0, doubled 0$/);
    const state = await (await fetch(`${red.url}/surewire-device-simulator/${id}`)).json();
    const { report } = state as { report: Report };
    assert.ok(report.ok && report.unique > 50, JSON.stringify(report));
    if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/tour.png` });
  });

  it('nothing went wrong in the page', () => assert.deepEqual(errors, []));
});
