import type { Page } from 'playwright-core';

/** What has not moved for so long has arrived, milliseconds. */
export const STILL_MS = 150;

/** Waits until what moves is found twice at the same places. @param places where it is, as text */
export async function still(page: Page, places: () => Promise<string>): Promise<void> {
  for (let last = '', now = await places(); last !== now; now = await places()) {
    last = now;
    await page.waitForTimeout(STILL_MS);
  }
}
