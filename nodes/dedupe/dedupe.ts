import type { Node, NodeAPI, NodeDef, NodeMessage, NodeMessageInFlow, NodeStatus } from 'node-red';
import { storeFor } from '../event-store/store-for';
import { systemClock } from '../shared/clock';
import { acquireTracker } from '../shared/outcome';
import { throttledStatus } from '../shared/status';
import { type Arrival, Deduplicator } from './deduplicator';
import { type KeyReader, keyReader, type Message } from './key';
import { KeyCount } from './key-count';
import { type DedupeOptions, dedupeOptions, scopeOf } from './options';
import { propertyReader } from './property';
import { summary } from './summary';
import { type FlowFileNode, nobodySendsAgain } from './upstream';

interface DedupeConfig extends NodeDef {
  store?: string;
  _alias?: string;
}

/** What the admin endpoint needs of a running node. */
interface DedupeNode extends Node {
  forgetAll?(): Promise<number>;
}

/** Registers the node; the logic is in deduplicator.ts. */
export default function (RED: NodeAPI): void {
  function keysOf(node: Node, options: DedupeOptions): KeyReader {
    const { keyType, key } = options;
    const property = keyType === 'msg' ? propertyReader(RED, key) : () => undefined;
    if (keyType !== 'jsonata') return keyReader(keyType, { property, jsonata: async () => undefined });
    const expression = RED.util.prepareJSONataExpression(key, node);
    const jsonata = (msg: Message): Promise<unknown> =>
      new Promise((resolve, reject) => {
        RED.util.evaluateJSONataExpression(expression, msg as NodeMessage, (error, value) =>
          error ? reject(error) : resolve(value),
        );
      });
    return keyReader(keyType, { property, jsonata });
  }

  function setUp(
    node: Node,
    config: DedupeConfig,
  ): { options: DedupeOptions; readKey: KeyReader } | { problem: Error } {
    try {
      const options = dedupeOptions(config);
      return { options, readKey: keysOf(node, options) };
    } catch (error) {
      const { message } = error as { message: string };
      return { problem: error instanceof Error ? error : new Error(`key: not a JSONata expression: ${message}`) };
    }
  }

  function Dedupe(this: DedupeNode, config: DedupeConfig): void {
    RED.nodes.createNode(this, config);
    const ready = setUp(this, config);
    if ('problem' in ready) {
      const { problem } = ready;
      this.status({ fill: 'red', shape: 'ring', text: RED._('dedupe.status.misconfigured') });
      this.error(problem.message);
      this.on('input', (_msg, _send, done) => done(problem));
      return;
    }
    const { options, readKey } = ready;
    const clock = systemClock;
    const inUse = storeFor(RED, config.store, this.id);
    const { store } = inUse;
    const scope = scopeOf(options.namespace, this.id);
    const tracking = options.confirm === 'success' ? acquireTracker(RED, clock) : undefined;
    const wired = (): boolean => ((this as unknown as FlowFileNode).wires?.[0]?.length ?? 0) > 0;
    const status = throttledStatus((next) => this.status(next), clock);
    const show = (): void => status.update(render);
    const keys = new KeyCount(store, scope, clock, show);
    let keyless = 0;

    const deduplicator = new Deduplicator(options, {
      store,
      scope,
      clock,
      ...(tracking && { following: { tracker: tracking.tracker, nodeId: this.id, wired } }),
      changed: () => {
        keys.touch();
        show();
      },
      troubled: (error) => this.error(RED._('dedupe.error.store', { reason: (error as Error).message })),
    });

    const flowFile: FlowFileNode[] = [];
    if (tracking) RED.nodes.eachNode((other) => flowFile.push(other as unknown as FlowFileNode));
    const nobody = tracking && nobodySendsAgain(flowFile, config._alias ?? this.id);
    const caveat = tracking?.tracker.available === false ? 'deaf' : nobody ? 'nobody' : undefined;

    const render = (): NodeStatus =>
      summary(
        {
          first: deduplicator.first,
          duplicates: deduplicator.duplicates,
          atWork: deduplicator.atWork,
          keyless,
          evicted: keys.evicted,
          trouble: deduplicator.trouble ?? store.problem,
          caveat,
        },
        (key, values) => RED._(`dedupe.status.${key}`, values),
      );

    /** `key` and `command` are taken from the message only where the maker allowed it. */
    const isCommand = (msg: Message): boolean => options.commands && msg.command === 'forget';

    async function obey(msg: Message): Promise<void> {
      const { key } = msg;
      if (key === undefined) await deduplicator.forget();
      else if (typeof key === 'string' && key !== '') await deduplicator.forget(key);
      else if (typeof key === 'number') await deduplicator.forget(String(key));
      else throw new Error(RED._('dedupe.error.command'));
    }

    const withoutKey = ({ msg, send, done }: Arrival): void => {
      keyless += 1;
      show();
      if (options.missing === 'error') {
        done(new Error(RED._(`dedupe.error.missing.${options.keyType}`)));
        return;
      }
      send([msg, null]);
      done();
    };
    const proceed = (arrival: Arrival, key: string | undefined): void => {
      if (key === undefined) withoutKey(arrival);
      else void deduplicator.arrive(arrival, key);
    };
    const asError = (error: unknown): Error =>
      error instanceof Error ? error : new Error(String((error as { message?: unknown })?.message ?? error));
    /** Expressions take their time; messages must not overtake each other meanwhile. */
    let line: Promise<void> = Promise.resolve();

    this.on('input', (msg: NodeMessageInFlow, send, done) => {
      const arrival: Arrival = { msg: msg as unknown as Message, send: send as unknown as Arrival['send'], done };
      if (isCommand(arrival.msg)) {
        obey(arrival.msg).then(
          () => done(),
          (error: unknown) => done(asError(error)),
        );
        return;
      }
      try {
        const key = readKey(arrival.msg);
        if (key instanceof Promise) {
          key.catch(() => undefined);
          line = line.then(async () => {
            try {
              proceed(arrival, await key);
            } catch (error) {
              done(asError(error));
            }
          });
        } else proceed(arrival, key);
      } catch (error) {
        done(asError(error));
      }
    });

    this.forgetAll = () => deduplicator.forget();
    const stopListening = store.onProblem(show);
    show();

    this.on('close', (done: () => void) => {
      stopListening();
      keys.close();
      status.close();
      void deduplicator
        .close()
        .then(() => inUse.close())
        .finally(() => {
          tracking?.release();
          done();
        });
    });
  }

  RED.nodes.registerType('surewire-dedupe', Dedupe);

  RED.httpAdmin.post('/surewire/dedupe/:id/forget', RED.auth.needsPermission('surewire-dedupe.write'), (req, res) => {
    const node = RED.nodes.getNode(String(req.params.id)) as DedupeNode | null;
    if (node?.type !== 'surewire-dedupe' || !node.forgetAll) {
      res.status(404).json({ error: RED._('dedupe.error.not-deployed') });
      return;
    }
    node.forgetAll().then(
      (forgotten) => res.json({ forgotten }),
      (error: Error) => res.status(500).json({ error: error.message }),
    );
  });
}
