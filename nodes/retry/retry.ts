import { randomBytes } from 'node:crypto';
import type { Node, NodeAPI, NodeDef } from 'node-red';
import { serveDeadLetters } from '../event-store/dead-letter-routes';
import { storeFor } from '../event-store/store-for';
import { dueClock } from '../shared/clock';
import { acquireTracker } from '../shared/outcome';
import { throttledStatus } from '../shared/status';
import { isCommand, obey, readCommand } from './commands';
import { Complaints } from './complaints';
import type { Custody, Message } from './delivery';
import { Engine } from './engine';
import { Holdings } from './holdings';
import { type RetryConfig, readOptions } from './options';
import { nodeOutputs, type Sender, type SilentNode } from './outputs';
import { type Say, statusOf } from './status-text';
import { attemptName, wiredOutcome } from './wired';

type Done = (error?: Error) => void;

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

export default function (RED: NodeAPI): void {
  const clock = dueClock;
  const engines = new Map<string, Engine>();
  const holdings = new Holdings();

  // What is sent to a node that is not created yet, or is closed already, vanishes: nothing leaves while flows start or stop.
  let flowing = false;
  const setFlowing = (running: boolean) => (): void => {
    flowing = running;
    for (const engine of engines.values()) engine.setFlowing(running);
  };
  RED.events.on('flows:started', () => {
    abandon(holdings.sweep(), 'the retry node that held the message has been removed');
    setFlowing(true)();
  });
  RED.events.on('flows:stopping', setFlowing(false));
  if (typeof RED.httpAdmin === 'function') {
    serveDeadLetters(
      'retry',
      RED.httpAdmin,
      (permission) => RED.auth.needsPermission(permission),
      (id) => engines.get(id),
    );
  }

  function laneOf(laneBy: string): (message: Message) => string | undefined {
    if (laneBy === '') return () => undefined;
    return (message) => {
      let value: unknown;
      try {
        value = RED.util.getMessageProperty(message, laneBy);
      } catch {
        // Where a part on the way to it is missing. A message without the property is in no lane.
      }
      return ['string', 'number', 'boolean'].includes(typeof value) && value !== '' ? String(value) : undefined;
    };
  }

  /** Tells whoever waits further up for these messages that nobody will complete them. */
  function abandon(held: Custody[], error: string): void {
    if (held.length === 0) return;
    const { tracker, release } = acquireTracker(RED, clock);
    for (const { message } of held) tracker.report(message, { kind: 'failure', error });
    release();
  }

  /** The options and everything that is wrong with them, in sentences. */
  function configure(config: RetryConfig) {
    const { options, problems } = readOptions(config);
    try {
      if (options.laneBy !== '') RED.util.normalisePropertyExpression(options.laneBy, undefined, false);
    } catch {
      problems.push(`laneBy must be the name of a message property, such as event.device, but is "${options.laneBy}"`);
    }
    return { options, problems };
  }

  function Retry(this: Node, config: NodeDef & RetryConfig): void {
    RED.nodes.createNode(this, config);
    const { options, problems } = configure(config);
    const storeId = typeof config.store === 'string' ? config.store : '';
    const use = storeFor(RED, storeId, this.id);
    const { store } = use;
    // Also where a field is wrong: what waits in memory is there when it has been put right.
    const { custody, lost, paused } = holdings.use(this.id, store);
    const tracking = acquireTracker(RED, clock);
    const { tracker } = tracking;
    // In memory the messages of senders that wait stay open, and outlive a deploy.
    if (!store.durable) tracker.keeps(this);
    const leave = async (): Promise<void> => {
      holdings.leave(this.id);
      await use.close();
      tracking.release();
    };
    if (lost.length > 0) this.warn(RED._('retry.warn.lost', { count: lost.length }));
    abandon(lost, 'its store in memory has ended');
    if (problems.length > 0) {
      for (const problem of problems) this.error(problem);
      this.status({ fill: 'red', shape: 'ring', text: RED._('retry.status.misconfigured') });
      this.on('input', (_msg, _send, done) => done(new Error(`misconfigured: ${problems.join('; ')}`)));
      this.on('close', (closed: () => void) => void leave().finally(closed));
      return;
    }

    const queue = `retry/${this.id}`;
    const complaints = new Complaints(clock, (text) => this.error(text));
    const silent = new Map<string, string>();
    // An open breaker is half-open after a while, and nothing happens then where nothing waits.
    const status = throttledStatus(
      (next) => this.status(next),
      clock,
      () => engine.counts.breaker === 'open',
    );
    const say: Say = (key, values) => RED._(`retry.status.${key}`, values);
    const show = (): void =>
      status.update(() =>
        store.problem === undefined
          ? statusOf(engine.counts, [...silent.values()], say)
          : { fill: 'red', shape: 'ring', text: store.problem },
      );
    const onSilent = ({ id, type, name }: SilentNode): void => {
      if (silent.has(id)) return;
      silent.set(id, name ?? type);
      this.warn(RED._('retry.warn.silent', { node: name ? `${type} "${name}"` : `${type} ${id}` }));
      show();
    };

    const clone = (message: Message): Message => RED.util.cloneMessage(message);
    const engine: Engine = new Engine({
      store,
      queue,
      options,
      clock,
      random: Math.random,
      // Ids name the node, so that an answer that comes too late is not taken for a new message.
      newId: () => `${this.id}.${randomBytes(12).toString('base64url')}`,
      owns: (id) => id.startsWith(`${this.id}.`),
      lane: laneOf(options.laneBy),
      delivery: nodeOutputs(this as unknown as Sender, tracker, options, clone, onSilent),
      custody,
      changed: () => show(),
      problem: (error) => complaints.say(asError(error).message),
    });
    engines.set(this.id, engine);
    // Where commands are off now, none could resume it.
    engine.setPaused(paused && options.commands);
    engine.setFlowing(flowing);
    engine.opened.catch((error: unknown) => complaints.say(asError(error).message));
    const unlisten = store.onProblem(show);
    show();

    const run = async (msg: Message): Promise<void> => {
      const answer = await obey(readCommand(msg), engine);
      holdings.setPaused(this.id, engine.counts.paused);
      if (answer !== undefined) (this as unknown as Sender).send([null, { ...msg, payload: answer }, null]);
    };
    this.on('input', (incoming, _send, done) => {
      const msg = incoming as Message;
      const finish: Done = (error) => {
        // A tracker further up need not wait for something to come after all: this node has taken the message over.
        if (!error) tracker.report(msg, { kind: 'success' });
        done(error);
      };
      if (options.commands && isCommand(msg)) {
        run(msg).then(
          () => finish(),
          (error: unknown) => finish(asError(error)),
        );
        return;
      }
      const name = attemptName(msg);
      if (name && engine.answer(name, wiredOutcome(msg, clock.now())) !== 'foreign') finish();
      else engine.accept(msg, finish).catch((error: unknown) => finish(asError(error)));
    });

    this.on('close', (closed: () => void) => {
      if (engines.get(this.id) === engine) engines.delete(this.id);
      unlisten();
      status.close();
      void engine.close().then(leave).finally(closed);
    });
  }

  RED.nodes.registerType('surewire-retry', Retry as (this: Node, config: NodeDef) => void);
}
