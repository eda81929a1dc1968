import type { NodeAPI } from 'node-red';
import type { Clock } from '../clock';
import type { OutcomeTracker } from './contract';
import type { CompleteEvent, Hooks, ReceiveEvent, Runtime, RuntimeNode, SendEvent } from './runtime';
import { TimeoutsOnly } from './timeouts-only';
import { Tracker } from './tracker';

export type { Outcome, OutcomeTracker, TrackOptions } from './contract';

interface Shared {
  tracker: Tracker;
  users: number;
  unhook(): void;
}

/** One tracker per runtime; each node module has a `RED` of its own, but they share the hooks. */
const shared = new WeakMap<Hooks, Shared>();
const warned = new WeakSet<object>();

/** Labels are unique in the runtime; a second copy of this package must not fail because of the first. */
function freeLabel(hooks: Hooks, preDeliver: (event: SendEvent) => void): string {
  for (let copy = 1; ; copy += 1) {
    const label = copy === 1 ? 'surewire-outcome' : `surewire-outcome-${copy}`;
    try {
      hooks.add(`preDeliver.${label}`, preDeliver);
      return label;
    } catch (error) {
      if (copy === 20) throw error;
    }
  }
}

function hook(runtime: Runtime, hooks: Hooks, tracker: Tracker): () => void {
  // A throw in onReceive would drop the message, and one elsewhere be blamed on an innocent node.
  const safely =
    <E>(listener: (event: E) => void) =>
    (event: E): void => {
      try {
        listener(event);
      } catch (error) {
        runtime.log.error(`Surewire: the outcome tracker failed: ${String(error)}`);
      }
    };
  const label = freeLabel(
    hooks,
    safely((event: SendEvent) => tracker.sending(event)),
  );
  const add = (id: string, handler: (event: never) => void): void => hooks.add(`${id}.${label}`, handler);
  add(
    'onReceive',
    safely((event: ReceiveEvent) => tracker.receiving(event)),
  );
  add(
    'onComplete',
    safely((event: CompleteEvent) => tracker.completed(event)),
  );
  const stopped = safely(() => tracker.stopped((node: RuntimeNode) => runtime.nodes.getNode(node.id) === node));
  const stopping = safely(() => tracker.stopping());
  runtime.events?.on('flows:stopping', stopping as () => void);
  runtime.events?.on('flows:stopped', stopped as () => void);
  return () => {
    hooks.remove(`*.${label}`);
    runtime.events?.removeListener('flows:stopping', stopping as () => void);
    runtime.events?.removeListener('flows:stopped', stopped as () => void);
    tracker.close();
  };
}

/**
 * The outcome tracker of this Node-RED. Its hooks are registered when the first user acquires it and removed when the last
 * releases it. Where the runtime has no hooks (said once in the log) `available` is false and only timeouts are heard.
 * @returns the tracker, and `release`, to be called once when the node closes (it cancels nothing of what the node tracks)
 */
export function acquireTracker(RED: NodeAPI, clock: Clock): { tracker: OutcomeTracker; release: () => void } {
  const runtime = RED as unknown as Runtime;
  const { hooks } = runtime;
  if (!hooks) {
    if (!warned.has(RED)) {
      warned.add(RED);
      runtime.log.warn(
        'Surewire: this runtime offers no hooks, so how a message fares in the flow cannot be seen; only timeouts are heard',
      );
    }
    return { tracker: new TimeoutsOnly(clock), release: () => {} };
  }
  let entry = shared.get(hooks);
  if (!entry) {
    const complain = (error: unknown): void =>
      runtime.log.error(`Surewire: a listener of the outcome tracker failed: ${String(error)}`);
    const tracker = new Tracker(clock, complain, () => RED.util.generateId());
    entry = { tracker, users: 0, unhook: hook(runtime, hooks, tracker) };
    shared.set(hooks, entry);
  }
  entry.users += 1;
  const mine = entry;
  let released = false;
  return {
    tracker: mine.tracker,
    release() {
      if (released) return;
      released = true;
      mine.users -= 1;
      if (mine.users > 0) return;
      shared.delete(hooks);
      mine.unhook();
    },
  };
}
