import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDiskStore, type DiskOptions } from '../../nodes/event-store/disk';
import { defaultEngine, type EngineName } from '../../nodes/event-store/sqlite';
import type { Store } from '../../nodes/event-store/store';
import { FakeClock } from '../support/fake-clock';

/** The engines that this runtime has: node:sqlite comes with Node 22.13, so the run on Node 24 is the one that tests both. */
export const engines: readonly EngineName[] = defaultEngine() === 'node' ? ['wasm', 'node'] : ['wasm'];

/** The same tests over every engine of this runtime. */
export function eachEngine(what: string, tests: (engine: EngineName) => void): void {
  for (const engine of engines) {
    describe(`${what}, ${engine === 'node' ? 'node:sqlite' : 'node-sqlite3-wasm'}`, () => tests(engine));
  }
}

/** Directories that go when the tests of the file are over. */
export function scratch(): () => string {
  const made: string[] = [];
  after(() => {
    for (const directory of made) rmSync(directory, { recursive: true, force: true });
  });
  return () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'surewire-store-'));
    made.push(directory);
    return directory;
  };
}

export async function openDisk(options: Partial<DiskOptions> & { directory: string }): Promise<Store> {
  const store = createDiskStore({ clock: new FakeClock(), ...options });
  await store.ready;
  return store;
}
