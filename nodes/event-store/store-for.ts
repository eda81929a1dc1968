import type { Node, NodeAPI } from 'node-red';
import { memoryStores } from './memory-stores';
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
   * To be called and awaited as the last thing when the node closes: ends a store that nobody uses any more. Until then it works, also
   * while its config node is closed in the same deploy.
   */
  readonly close: () => Promise<void>;
}

/**
 * The store that a node's `store` field names: that of the config node; a private one in memory where the field is blank; one that
 * refuses every operation, and says so in `problem`, where the config node is missing or disabled. To be called in the node's constructor.
 * @param nodeId the node that asks, whose private store outlives deploys
 */
export function storeFor(RED: NodeAPI, id: string | undefined, nodeId: string): StoreUse {
  if (!id) {
    const mine = memoryStores(RED).of(nodeId);
    return { store: mine.store, close: mine.acquire() };
  }
  const node = RED.nodes.getNode(id) as EventStoreNode | null;
  const missing = new StoreError('missing', 'the event store of this node is missing or disabled');
  if (!node?.store) return { store: refusingStore(missing), close: async () => undefined };
  return { store: node.store, close: node.acquire() };
}
