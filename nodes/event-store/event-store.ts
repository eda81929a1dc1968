import type { Node, NodeAPI, NodeDef } from 'node-red';
import { dueClock } from '../shared/clock';
import { memoryStores } from './memory-stores';
import { type EventStoreConfig, type EventStoreOptions, readOptions } from './options';
import { refusingStore } from './refusing';
import { type Shared, SharedStore, sharedDiskStore } from './shared-store';
import { StoreError } from './store';
import type { EventStoreNode } from './store-for';

function open(RED: NodeAPI, id: string, { kind, directory, commitMs }: EventStoreOptions): Shared {
  switch (kind) {
    case 'memory':
      return memoryStores(RED).of(id);
    case 'disk':
      return sharedDiskStore({ directory, commitMs, clock: dueClock });
    case 'redis':
      return new SharedStore(refusingStore(new StoreError('unsupported', 'redis is not available yet')));
  }
}

/** A store that works as configured, or one that says what is wrong with the configuration. */
function configured(RED: NodeAPI, id: string, config: EventStoreConfig): Shared {
  try {
    return open(RED, id, readOptions(config, RED.settings.userDir ?? process.cwd()));
  } catch (error) {
    return new SharedStore(refusingStore(new StoreError('unsupported', (error as Error).message, { cause: error })));
  }
}

/** Registers the config node; the logic is in shared-store.ts, disk.ts and memory.ts. */
export default function (RED: NodeAPI): void {
  function EventStore(this: Node, config: NodeDef & EventStoreConfig): void {
    RED.nodes.createNode(this, config);
    const shared = configured(RED, this.id, config);
    const { store } = shared;
    Object.assign(this, { store, acquire: () => shared.acquire() } satisfies Pick<EventStoreNode, 'store' | 'acquire'>);
    const release = shared.acquire();
    // A config node has no status: the nodes that use the store show the problem, the log keeps it.
    const say = (problem: string | undefined): void => {
      if (problem === undefined) this.log(RED._('event-store.log.recovered'));
      else this.error(problem);
    };
    if (store.problem !== undefined) say(store.problem);
    const stopListening = store.onProblem(say);
    this.on('close', (done: () => void) => {
      stopListening();
      void release().finally(done);
    });
  }
  RED.nodes.registerType('surewire-event-store', EventStore, { credentials: { url: { type: 'password' } } });
}
