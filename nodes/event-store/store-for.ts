import type { Node, NodeAPI } from 'node-red';
import { dueClock } from '../shared/clock';
import { createMemoryStore } from './memory';
import { refusingStore } from './refusing';
import { type Store, StoreError } from './store';

/** The config node as other nodes see it. Its store's `problem` says in words what is wrong with it. */
export interface EventStoreNode extends Node {
  readonly store: Store;
  /** Keeps the store open until the returned function is called; it resolves at once, or once the store is closed for the last user. */
  readonly acquire: () => () => Promise<void>;
}

/** A store in use by one node. */
export interface StoreUse {
  readonly store: Store;
  /**
   * To be called and awaited as the last thing when the node closes: ends a private store, and a shared one where nobody uses it any
   * more. Until then a shared store works, also while its config node is closed in the same deploy.
   */
  readonly close: () => Promise<void>;
}

/**
 * The store that a node's `store` field names: that of the config node; a private one in memory where the field is blank; one that
 * refuses every operation, and says so in `problem`, where the config node is missing or disabled. To be called in the node's constructor.
 */
export function storeFor(RED: NodeAPI, id: string | undefined): StoreUse {
  if (!id) {
    const store = createMemoryStore({ clock: dueClock });
    return { store, close: () => store.close() };
  }
  const node = RED.nodes.getNode(id) as EventStoreNode | null;
  const missing = new StoreError('missing', 'the event store of this node is missing or disabled');
  if (!node?.store) return { store: refusingStore(missing), close: async () => undefined };
  return { store: node.store, close: node.acquire() };
}
