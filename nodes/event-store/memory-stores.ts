import type { NodeAPI } from 'node-red';
import { dueClock } from '../shared/clock';
import { createMemoryStore } from './memory';
import type { Shared } from './shared-store';
import type { Store } from './store';

/** A store in memory with the number of its users, none of whom ends it. */
class Kept implements Shared {
  #users = 0;

  constructor(readonly store: Store) {}

  get used(): boolean {
    return this.#users > 0;
  }

  acquire(): () => Promise<void> {
    this.#users += 1;
    let held = true;
    return async () => {
      if (held) this.#users -= 1;
      held = false;
    };
  }
}

/**
 * The stores in memory of one runtime, each by the id of the node it belongs to. A deploy makes nodes anew, and what they hold in
 * memory outlives it like what they hold on disk: a store ends when nobody has taken it up again once the flows have started.
 */
export class MemoryStores {
  readonly #stores = new Map<string, Kept>();

  constructor(private readonly create: () => Store) {}

  /** The owner's store, made on first use. */
  of(owner: string): Shared {
    let kept = this.#stores.get(owner);
    if (!kept) {
      kept = new Kept(this.create());
      this.#stores.set(owner, kept);
    }
    return kept;
  }

  /** Ends the stores without a user. */
  sweep(): void {
    for (const [owner, kept] of this.#stores) {
      if (kept.used) continue;
      this.#stores.delete(owner);
      void kept.store.close();
    }
  }
}

/** By what all modules of one runtime share. */
const runtimes = new WeakMap<NodeAPI['events'], MemoryStores>();

/** Those of this runtime. */
export function memoryStores({ events }: Pick<NodeAPI, 'events'>): MemoryStores {
  const known = runtimes.get(events);
  if (known) return known;
  const stores = new MemoryStores(() => createMemoryStore({ clock: dueClock }));
  events.on('flows:started', () => stores.sweep());
  runtimes.set(events, stores);
  return stores;
}
