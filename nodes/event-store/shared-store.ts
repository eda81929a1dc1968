import { mkdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { createDiskStore, type DiskOptions } from './disk';
import type { Store } from './store';

/** How many operations one after another may follow the last user's. */
const LAST_TURNS = 3;

/** A store that nodes use together. */
export interface Shared {
  readonly store: Store;
  /** Adds a user. What is returned removes it again, and waits for the end of the store where that ends it. */
  acquire(): () => Promise<void>;
}

/**
 * A store with several users, closed by the last: nodes closing in one deploy do so in any order, and what they still have to write
 * must find it open.
 */
export class SharedStore implements Shared {
  readonly store: Store;
  #users = 0;
  #closed: Promise<void> | undefined;

  constructor(store: Store) {
    this.store = store;
  }

  /** Resolves once the store is closed; undefined while it is not closing. */
  get closed(): Promise<void> | undefined {
    return this.#closed;
  }

  acquire(): () => Promise<void> {
    this.#users += 1;
    let held = true;
    return async () => {
      if (!held) return;
      held = false;
      this.#users -= 1;
      // What is still under way may have to write once more when it hears the answer (a claim that comes too late is released).
      for (let turn = 0; turn < LAST_TURNS && this.#users === 0; turn += 1)
        await this.store.flush().catch(() => undefined);
      if (this.#users > 0 || this.#closed) return this.#closed;
      this.#closed = this.store.close();
      await this.#closed;
    };
  }
}

/** The disk stores of this process, by the real path of their directory: two config nodes may name one directory. */
const stores = new Map<string, SharedStore>();

function realPath(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true });
    return realpathSync(directory);
  } catch {
    // Opening the store will say what is wrong with it.
    return path.resolve(directory);
  }
}

/** The one store of this process in that directory, opened where it is not open. The first user's options hold. */
export function sharedDiskStore(options: DiskOptions): SharedStore {
  const directory = realPath(options.directory);
  const known = stores.get(directory);
  if (known && !known.closed) return known;
  const opensAfter = known?.closed;
  const shared = new SharedStore(createDiskStore({ ...options, directory, ...(opensAfter ? { opensAfter } : {}) }));
  stores.set(directory, shared);
  return shared;
}
