import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { startBrowser } from '../../support/browser';
import { nodeRedPackage, type RunningNodeRed, root } from '../../support/node-red';
import { IN_PAGE_CHOICES, IN_PAGE_FLAWS, OPEN_TRAYS, paletteHoldsOnly, TRAY_PLACES } from './in-page';
import { STILL_MS, still } from './still';

const SCREENSHOTS = path.join(root, 'build', 'screenshots');

export interface OpenOptions {
  /** Ask for the dark scheme (Node-RED 5 has one). */
  dark?: boolean;
  /** Height of the window in pixels, default 900. */
  height?: number;
}

/** A text that is no translation but the key of one, e.g. `webhook-out.label.url`. */
const RAW_KEY =
  /\b(webhook-in|webhook-out|webhook-auth|event-store|dedupe|retry|device-simulator)\.[a-z][\w-]*\.[\w.-]+/;

/** The Node-RED editor in a browser, driven as a person does it. Every verb waits until the editor has followed. */
export class Editor {
  /** What the page threw or wrote to its console as an error. */
  readonly errors: string[] = [];

  private constructor(
    readonly red: RunningNodeRed,
    private readonly browser: Browser,
    readonly page: Page,
  ) {
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
  }

  static async open(red: RunningNodeRed, options: OpenOptions = {}): Promise<Editor> {
    const browser = await startBrowser();
    const page = await browser.newPage({ viewport: { width: 1400, height: options.height ?? 900 } });
    page.setDefaultTimeout(15_000);
    const editor = new Editor(red, browser, page);
    await editor.load();
    if (options.dark) {
      // The same as User Settings > View; light is the editor's default whatever the system prefers.
      await page.evaluate(`RED.settings.setLocal('view-dark-theme', 'dark')`);
      await editor.load();
      await page.locator('html.nr-theme-dark').waitFor();
    }
    return editor;
  }

  /** Loads the page anew, as after a change of the flows behind its back. */
  async load(): Promise<void> {
    await this.page.goto(this.red.url);
    await this.page.waitForFunction('window.RED && RED.workspaces && RED.workspaces.active()');
    await this.page.locator('#red-ui-loading-progress').waitFor({ state: 'hidden' });
  }

  async close(): Promise<void> {
    await this.browser.close();
  }

  /** The ids of the nodes of the open tab. */
  async nodes(): Promise<string[]> {
    return this.page.evaluate('RED.nodes.filterNodes({ z: RED.workspaces.active() }).map((node) => node.id)');
  }

  /** A property of a node, as the editor holds it. */
  async property<T>(id: string, name: string): Promise<T> {
    return this.page.evaluate(`RED.nodes.node(${JSON.stringify(id)})[${JSON.stringify(name)}]`);
  }

  /** Finds a node in the palette by typing its label, drags it to a place of the workspace and returns its id. */
  async drag(type: string, label: string, x: number, y: number): Promise<string> {
    const before = new Set(await this.nodes());
    const search = this.page.locator('#red-ui-palette-search input');
    await search.fill('');
    await search.pressSequentially(label);
    const entry = await this.found(type, label);
    const chart = await this.box(this.page.locator('#red-ui-workspace-chart'));
    await this.page.mouse.move(entry.x + entry.width / 2, entry.y + entry.height / 2);
    await this.page.mouse.down();
    await this.page.mouse.move(chart.x + x / 2, chart.y + y / 2, { steps: 8 });
    await this.page.mouse.move(chart.x + x, chart.y + y, { steps: 8 });
    await this.page.mouse.up();
    const id = (await this.nodes()).find((node) => !before.has(node));
    if (!id) throw new Error(`${type} did not arrive in the workspace`);
    return id;
  }

  /** Draws a wire from an output (0 = the first) to the input of another node. */
  async wire(from: string, to: string, output = 0): Promise<void> {
    const port = await this.box(
      this.page.locator(`[id="${from}"] .red-ui-flow-port-output .red-ui-flow-port`).nth(output),
    );
    const input = await this.box(this.page.locator(`[id="${to}"] .red-ui-flow-port-input .red-ui-flow-port`));
    await this.page.mouse.move(port.x + port.width / 2, port.y + port.height / 2);
    await this.page.mouse.down();
    await this.page.mouse.move(input.x - 20, input.y + input.height / 2, { steps: 6 });
    await this.page.mouse.move(input.x + input.width / 2, input.y + input.height / 2, { steps: 6 });
    await this.page.mouse.up();
    await this.page.waitForFunction(
      `RED.nodes.filterLinks({ source: { id: ${JSON.stringify(from)} }, target: { id: ${JSON.stringify(to)} } }).length > 0`,
    );
  }

  /** Opens a node's dialog by a double click on it. */
  async openDialog(id: string): Promise<void> {
    await this.settled(async () => {
      await this.page.locator(`[id="${id}"] .red-ui-flow-node`).first().dblclick();
    });
  }

  /** Presses the button that adds a config node, beside the field of an open dialog. */
  async addConfig(property: string): Promise<void> {
    await this.settled(() => this.page.locator(`#node-input-btn-${property}-add`).click());
  }

  /** Opens the config node that a field of the open dialog names. */
  async editConfig(property: string): Promise<void> {
    await this.settled(() => this.page.locator(`#node-input-btn-${property}-edit`).click());
  }

  /** The field of a property in the dialog on top. */
  async field(property: string): Promise<Locator> {
    return this.page.locator(`[id="${await this.fieldId(property)}"]`);
  }

  /** Enters text, ticks a box (`true`, `false`) or chooses an option (its value) in the dialog on top. */
  async fill(property: string, value: string | boolean): Promise<void> {
    const field = await this.field(property);
    const id = JSON.stringify(await this.fieldId(property));
    const tag = await this.page.evaluate(`document.getElementById(${id}).tagName`);
    if (typeof value === 'boolean') await field.setChecked(value);
    else if (tag === 'SELECT') await field.selectOption(value);
    else await field.fill(value);
    await field.dispatchEvent('change');
  }

  /** The content of the dialog on top. */
  async form(): Promise<Locator> {
    return this.page.locator(await this.formSelector());
  }

  /** Opens every fold of the dialog on top. */
  async unfold(): Promise<void> {
    const folded = (await this.form()).locator('details:not([open]) > summary:visible');
    while ((await folded.count()) > 0) await folded.first().click();
  }

  /** The title of the dialog on top. */
  async title(): Promise<string> {
    return (await this.page.locator('.red-ui-tray-breadcrumbs li').last().textContent()) ?? '';
  }

  /** The lists and check boxes that the dialog on top shows, with what can be chosen. */
  async choices(): Promise<{ property: string; values: (string | boolean)[] }[]> {
    const selector = JSON.stringify(await this.formSelector());
    return this.page.evaluate(`(${IN_PAGE_CHOICES})(document.querySelector(${selector}))`);
  }

  /** Presses Done (Add, Update) of the dialog on top. */
  async done(): Promise<void> {
    const button = (await this.configOpen()) ? '#node-config-dialog-ok' : '#node-dialog-ok';
    await this.settled(() => this.page.locator(button).click());
  }

  /** Presses Cancel of the dialog on top. */
  async cancel(): Promise<void> {
    const button = (await this.configOpen()) ? '#node-config-dialog-cancel' : '#node-dialog-cancel';
    await this.settled(() => this.page.locator(button).click());
  }

  /** Presses Cancel until no dialog is open. */
  async cancelAll(): Promise<void> {
    while ((await this.page.evaluate(OPEN_TRAYS)) !== '') await this.cancel();
  }

  /** Presses Deploy and waits until the runtime has started the flows; confirms where nodes are not configured yet. */
  async deploy(): Promise<void> {
    const answer = this.page.waitForResponse(
      (response) => response.url().endsWith('/flows') && response.request().method() === 'POST',
    );
    await this.page.locator('#red-ui-header-button-deploy').click();
    const confirm = this.page.getByRole('button', { name: 'Confirm deploy' });
    await Promise.race([answer, confirm.click().catch(() => undefined)]);
    const response = await answer;
    if (!response.ok()) throw new Error(`deploy: ${response.status()} ${await response.text()}`);
    await this.page.locator('#red-ui-header-button-deploy.disabled').waitFor();
  }

  /** Imports an example of the package by the Import menu; returns the ids of its nodes. */
  async importExample(name: string): Promise<string[]> {
    const before = await this.page.evaluate<string[]>('RED.nodes.createCompleteNodeSet().map((node) => node.id)');
    await this.page.locator('#red-ui-header-button-sidemenu').click();
    await this.page.locator('#menu-item-import').click();
    await this.page.locator('li[id$="import-tab-examples"] a').click();
    const tree = this.page.locator('[id$="import-tab-examples"].red-ui-clipboard-dialog-tab-library');
    const label = (text: string): Locator =>
      tree.locator('.red-ui-treeList-label', { hasText: text }).filter({ visible: true });
    await label('@surewire/node-red-webhooks').click();
    await label(name).click();
    await this.page.locator('#red-ui-clipboard-dialog-ok:not([disabled])').click();
    // Dialogs that say what was imported lie over the workspace's corner only.
    await this.page.waitForFunction(`RED.nodes.createCompleteNodeSet().length > ${before.length}`);
    const after = await this.page.evaluate<string[]>('RED.nodes.createCompleteNodeSet().map((node) => node.id)');
    // Imported nodes hang on the mouse until a click puts them down.
    if (await this.page.evaluate('RED.view.state() === RED.state.IMPORT_DRAGGING')) {
      const chart = await this.box(this.page.locator('#red-ui-workspace-chart'));
      await this.page.mouse.move(chart.x + 100, chart.y + 100, { steps: 3 });
      await this.page.mouse.down();
      await this.page.mouse.up();
    }
    const imported = after.filter((id) => !before.includes(id));
    await this.page.evaluate(
      `for (const id of ${JSON.stringify(imported)}) if (RED.nodes.workspace(id)) RED.workspaces.show(id);`,
    );
    await this.page.waitForTimeout(STILL_MS);
    return imported;
  }

  /** The text of a node type's help. */
  async help(type: string): Promise<string> {
    return this.page.evaluate(`$('<div>').html(RED.nodes.getNodeHelp(${JSON.stringify(type)}) ?? '').text()`);
  }

  /** Opens the debug side bar and returns the texts of its messages, oldest first. */
  async debugMessages(): Promise<string[]> {
    await this.page.evaluate(`RED.sidebar.show('debug')`);
    return this.page.locator('.red-ui-debug-msg-payload').allTextContents();
  }

  /** Waits until the debug side bar shows at least one message that holds `text`. */
  async debugShows(text: string | RegExp): Promise<string> {
    await this.page.evaluate(`RED.sidebar.show('debug')`);
    const message = this.page.locator('.red-ui-debug-msg', { hasText: text }).first();
    await message.waitFor();
    return (await message.textContent()) ?? '';
  }

  /** Presses a node's button (inject, device simulator). */
  async press(id: string): Promise<void> {
    await this.page.locator(`[id="${id}"] .red-ui-flow-node-button-button`).click();
  }

  /** Writes build/screenshots/<line>/<name>.png. */
  async screenshot(name: string): Promise<string> {
    const folder = path.join(SCREENSHOTS, nodeRedPackage);
    mkdirSync(folder, { recursive: true });
    const file = path.join(folder, `${name}.png`);
    await this.page.screenshot({ path: file });
    return file;
  }

  /** What looks wrong in the dialog on top: texts that are keys, things wider than the form. */
  async flaws(): Promise<string[]> {
    const raw = RAW_KEY.exec((await (await this.form()).textContent()) ?? '');
    const selector = JSON.stringify(await this.formSelector());
    const flaws: string[] = await this.page.evaluate(`(${IN_PAGE_FLAWS})(document.querySelector(${selector}))`);
    return raw ? [`the key ${raw[0]} is shown`, ...flaws] : flaws;
  }

  private async fieldId(property: string): Promise<string> {
    return `node-${(await this.configOpen()) ? 'config-' : ''}input-${property}`;
  }

  private async formSelector(): Promise<string> {
    return (await this.configOpen()) ? '#node-config-dialog-edit-form' : '#dialog-form';
  }

  private async configOpen(): Promise<boolean> {
    return (await this.page.locator('#node-config-dialog-edit-form').count()) > 0;
  }

  private async box(locator: Locator): Promise<{ x: number; y: number; width: number; height: number }> {
    await locator.first().waitFor();
    const box = await locator.first().boundingBox();
    if (!box) throw new Error(`not visible: ${String(locator)}`);
    return box;
  }

  /** The place of a node in the palette once its filter, which waits for more letters, has left nothing but what was looked for. */
  private async found(type: string, label: string): ReturnType<Editor['box']> {
    await this.page.waitForFunction(paletteHoldsOnly(label));
    const entry = this.page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
    await still(this.page, async () => JSON.stringify(await this.box(entry)));
    return this.box(entry);
  }

  /** Trays slide, and one that opens above another takes its place: waits until another one is there and nothing moves. */
  private async settled(act: () => Promise<unknown>): Promise<void> {
    const before = await this.page.evaluate<string>(OPEN_TRAYS);
    await act();
    await this.page.waitForFunction(`${OPEN_TRAYS} !== ${JSON.stringify(before)}`);
    await still(this.page, () => this.page.evaluate(TRAY_PLACES));
  }
}
