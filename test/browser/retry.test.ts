import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { probe, retryNode } from '../retry/support';
import { chromiumPath, openEditor, startBrowser } from '../support/browser';
import { flow, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { need } from '../support/skip';

describe("retry's form", function () {
  this.timeout(120_000);
  let red: RunningNodeRed;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  before(async function () {
    need(this, 'chromium', chromiumPath !== undefined);
    red = await startNodeRed();
    await red.deploy(
      flow([
        { id: 'retry', type: 'surewire-retry', wires: [['next'], [], []] },
        probe('next'),
        ...retryNode({ id: 'wrong', attempts: 'many', schedule: 'soon' })
          .slice(0, 1)
          .map((node) => ({ ...node, id: 'wrong' })),
        { id: 'picky', type: 'surewire-retry', scope: ['unnamed', 'next'], wires: [['next', 'unnamed'], [], []] },
        { id: 'unnamed', type: 'surewire-dedupe', wires: [[], []] },
      ]),
    );
    browser = await startBrowser();
    ({ page, errors } = await openEditor(browser, red));
  });
  after(async () => {
    await browser?.close();
    await red?.stop();
  });

  const open = async (id: string): Promise<void> => {
    await page.evaluate(`RED.editor.edit(RED.nodes.node('${id}'))`);
    await page.waitForSelector('#node-input-strategy', { state: 'visible' });
    // The tray slides in; what is clicked before it has come to rest may be missed.
    await page.waitForTimeout(500);
  };
  const text = async (selector: string): Promise<string> => (await page.locator(selector).textContent()) ?? '';
  const close = async (): Promise<void> => {
    await page.click('#node-dialog-ok');
    await page.waitForSelector('#node-input-strategy', { state: 'detached' });
  };
  const property = async (id: string, name: string): Promise<unknown> =>
    page.evaluate(`RED.nodes.node('${id}').${name}`);

  it('what is wrong is seen without opening the form', async () => {
    assert.match(String(await property('wrong', 'validationErrors.join()')), /Attempts: expected a whole number/);
    assert.match(
      String(await property('wrong', 'validationErrors.join()')),
      /Waits: expected seconds separated by commas/,
    );
  });

  it('a node without fields shows the defaults, with everything but the main fields folded away', async () => {
    await open('retry');
    assert.deepEqual(
      await Promise.all(
        ['strategy', 'outcome', 'baseMs', 'attempts', 'giveUpOn', 'jitter', 'breakerOpen'].map(async (name) =>
          page.inputValue(`#node-input-${name}`),
        ),
      ),
      ['exponential', 'automatic', '1000', '10', '400,401,403,410,413,422', '0.2', '30'],
    );
    assert.equal(await page.locator('details.surewire-advanced[open]').count(), 0);
    assert.match(await text('#surewire-retry-plan'), /Waits: 1 s, 2 s, 4 s, .*gives up after about 8\.5 min/);
    assert.match(await text('#surewire-retry-store'), /In memory/);
    await page.selectOption('#node-input-strategy', 'schedule');
    assert.ok(await page.isVisible('#node-input-schedule'));
    assert.ok(!(await page.isVisible('#node-input-baseMs')));
    await page.evaluate(
      "document.querySelectorAll('details.surewire-advanced').forEach((fold) => { fold.open = true; })",
    );
    assert.ok(!(await page.isVisible('#node-input-breakerOpen')));
    await page.check('#node-input-breaker');
    assert.ok(await page.isVisible('#node-input-breakerOpen'));
  });

  it('the nodes that decide are picked in the workspace, saved, and given back', async () => {
    await page.click('#surewire-retry-scope-select');
    await page.waitForTimeout(500);
    await page.locator('[id="next"] .red-ui-flow-node').click();
    await page.locator('.red-ui-notification button.primary').last().click();
    await page.waitForSelector('#surewire-retry-scope', { state: 'visible' });
    assert.equal(await text('#surewire-retry-scope'), '1 selected: next');
    await page.waitForTimeout(500);
    await close();
    assert.deepEqual(await property('retry', 'scope'), ['next']);
    await open('retry');
    assert.equal(await page.locator('#surewire-retry-outcome[open]').count(), 1);
    await page.click('#surewire-retry-scope-clear');
    await close();
    assert.equal(await property('retry', 'scope'), null);
    assert.equal(await property('retry', 'breaker'), true);
    assert.deepEqual(errors, []);
  });

  it('nodes without a name are called what the workspace calls them', async () => {
    await open('picky');
    assert.equal(await text('#surewire-retry-scope'), '2 selected: dedupe, next');
    await close();
    assert.deepEqual(errors, []);
  });
});
