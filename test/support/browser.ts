import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { RunningNodeRed } from './node-red';

/** The browser of the machine, if it has one. */
export const chromiumPath = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((file) => file !== undefined && existsSync(file));

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath as string, args: FLAGS });
}

/** The editor of a running Node-RED, ready to be used; `errors` gathers what its scripts throw. */
export async function openEditor(browser: Browser, red: RunningNodeRed): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(red.url);
  await page.waitForFunction('window.RED && RED.workspaces && RED.workspaces.active()');
  await page.waitForSelector('#red-ui-loading-progress', { state: 'hidden' });
  return { page, errors };
}
