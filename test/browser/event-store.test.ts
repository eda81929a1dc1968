import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { chromiumPath, openEditor, startBrowser } from '../support/browser';
import { flow, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { need } from '../support/skip';

describe("event store's form", () => {
  let red: RunningNodeRed;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  before(async function () {
    need(this, 'chromium', chromiumPath !== undefined);
    red = await startNodeRed();
    await red.deploy(
      flow([
        { id: 'bare', type: 'surewire-event-store' },
        { id: 'later', type: 'surewire-event-store', kind: 'redis' },
        { id: 'wrong', type: 'surewire-event-store', kind: 'disk', commitMs: 'soon' },
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
  const open = async (id: string): Promise<void> => {
    await page.evaluate(`RED.editor.editConfig('', 'surewire-event-store', '${id}')`);
    await page.waitForSelector(field('kind'), { state: 'visible' });
  };
  const close = async (button: string): Promise<void> => {
    await page.click(button);
    await page.waitForSelector(field('kind'), { state: 'detached' });
  };

  it('shows what is wrong without being opened, and names a store by what it is', async () => {
    const problems = (id: string): Promise<unknown> => page.evaluate(`RED.nodes.node('${id}').validationErrors.join()`);
    assert.match(String(await problems('later')), /redis is not available yet/);
    assert.match(String(await problems('wrong')), /Gather for: expected a number from 0 to 10000/);
    assert.equal(await page.evaluate("RED.nodes.node('bare').valid !== false"), true);
    const label = (id: string): Promise<unknown> => page.evaluate(`RED.utils.getNodeLabel(RED.nodes.node('${id}'))`);
    assert.deepEqual([await label('bare'), await label('wrong')], ['memory', 'disk: surewire']);
  });

  it('offers memory and disk, and shows the fields of the one chosen', async () => {
    await open('bare');
    assert.equal(await page.inputValue(field('kind')), 'memory');
    assert.deepEqual(
      await page.$$eval(`${field('kind')} option`, (options) => options.map((option) => option.getAttribute('value'))),
      ['memory', 'disk'],
    );
    assert.ok(!(await page.isVisible(field('directory'))));
    assert.match((await page.textContent('#surewire-store-kind-hint')) ?? '', /gone when Node-RED stops/);
    await page.selectOption(field('kind'), 'disk');
    assert.ok(await page.isVisible(field('directory')));
    assert.ok(!(await page.isVisible(field('commitMs'))), 'folded away');
    await page.click('#surewire-store-advanced summary');
    assert.ok(await page.isVisible(field('commitMs')));
    await page.fill(field('directory'), 'mine');
    await close('#node-config-dialog-ok');
  });

  it('keeps a kind that it does not offer', async () => {
    await open('later');
    assert.equal(await page.inputValue(field('kind')), 'redis');
    await close('#node-config-dialog-cancel');
  });

  it('keeps what was chosen', async () => {
    const kept = await page.evaluate(
      "(({ kind, directory, commitMs }) => [kind, directory, commitMs])(RED.nodes.node('bare'))",
    );
    assert.deepEqual(kept, ['disk', 'mine', '0']);
    assert.deepEqual(errors, []);
  });
});
