import { createMemoryStore } from '../event-store/memory';
import type { Store } from '../event-store/store';
import type { Clock } from '../shared/clock';
import type { Custody } from './delivery';

/** What one retry node holds in this process. It outlives a deploy, because the node's own end must not lose it. */
export interface Holding {
  /** The incoming messages that are not completed yet, by event id. */
  readonly custody: Map<string, Custody>;
  /** The store of a node without one of its own choice. */
  privateStore?: Store;
}

/** The holdings of all retry nodes, by node id. */
export class Holdings {
  readonly #byNode = new Map<string, Holding>();

  constructor(private readonly clock: Clock) {}

  /** What the node held before, or nothing. */
  of(nodeId: string): Holding {
    let holding = this.#byNode.get(nodeId);
    if (!holding) {
      holding = { custody: new Map() };
      this.#byNode.set(nodeId, holding);
    }
    return holding;
  }

  /** The node's private store in memory, made on first use. */
  privateStore(nodeId: string): Store {
    const holding = this.of(nodeId);
    holding.privateStore ??= createMemoryStore({ clock: this.clock });
    return holding.privateStore;
  }

  /**
   * The node uses a store of its own choice now: what its private one still holds is dropped.
   * @returns how many events waited there
   */
  async dropPrivateStore(nodeId: string, queue: string): Promise<number> {
    const holding = this.of(nodeId);
    const store = holding.privateStore;
    if (!store) return 0;
    delete holding.privateStore;
    const { waiting, leased } = await store.counts(queue);
    await store.close();
    return waiting + leased;
  }

  /** The node has been deleted. @returns the messages nobody will complete any more */
  remove(nodeId: string): Custody[] {
    const holding = this.#byNode.get(nodeId);
    this.#byNode.delete(nodeId);
    void holding?.privateStore?.close();
    return [...(holding?.custody.values() ?? [])];
  }
}
