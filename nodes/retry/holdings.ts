import type { Store } from '../event-store/store';
import type { Custody } from './delivery';

/** What one retry node holds in this process. It outlives a deploy, because the node's own end must not lose it. */
interface Holding {
  custody: Map<string, Custody>;
  /** Where the messages in custody wait. */
  store?: Store;
  /** Whether the node is there; between its end and its being made anew it is not. */
  inUse: boolean;
  /** Whether a command has paused it. */
  paused: boolean;
}

/** The holdings of all retry nodes, by node id. */
export class Holdings {
  readonly #byNode = new Map<string, Holding>();

  /**
   * The node uses this store from now on.
   * @returns the incoming messages not completed yet, by event id; and those that are lost because they waited in another store in
   * memory, which the node has left or which has ended; and whether the node was paused before it was made anew
   */
  use(nodeId: string, store: Store): { custody: Map<string, Custody>; lost: Custody[]; paused: boolean } {
    const holding = this.#of(nodeId);
    const lost = holding.store && holding.store !== store ? [...holding.custody.values()] : [];
    if (lost.length > 0) holding.custody = new Map();
    holding.store = store;
    holding.inUse = true;
    return { custody: holding.custody, lost, paused: holding.paused };
  }

  /** The node has been paused or resumed. */
  setPaused(nodeId: string, paused: boolean): void {
    this.#of(nodeId).paused = paused;
  }

  /** The node closes, perhaps to be made anew. */
  leave(nodeId: string): void {
    const holding = this.#byNode.get(nodeId);
    if (holding) holding.inUse = false;
  }

  /** To be called once the flows have started. @returns the messages of nodes that are gone, which nobody will complete any more */
  sweep(): Custody[] {
    const left: Custody[] = [];
    for (const [nodeId, { inUse, custody }] of this.#byNode) {
      if (inUse) continue;
      left.push(...custody.values());
      this.#byNode.delete(nodeId);
    }
    return left;
  }

  #of(nodeId: string): Holding {
    let holding = this.#byNode.get(nodeId);
    if (!holding) {
      holding = { custody: new Map(), inUse: false, paused: false };
      this.#byNode.set(nodeId, holding);
    }
    return holding;
  }
}
