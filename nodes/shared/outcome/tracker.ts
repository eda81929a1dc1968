import type { Cancel, Clock } from '../clock';
import type { Outcome, OutcomeTracker, TrackOptions } from './contract';
import { ErrorTap } from './error-tap';
import { closedNode, type Failure, fileFailure, httpFailure, isHttpRequest, raised } from './failure';
import { Live } from './live';
import {
  type CompleteEvent,
  isBystander,
  type Message,
  type ReceiveEvent,
  type RuntimeNode,
  type SendEvent,
  takesMessages,
} from './runtime';
import { type Delivery, Tracking, type TrackingHost } from './tracking';

/**
 * Counts the deliveries of each tracked message by what the runtime's hooks tell: one more when it is delivered, one less when
 * the node that got it is done; none left = success. https://nodered.org/docs/api/hooks/
 */
export class Tracker implements OutcomeTracker {
  readonly available = true;
  readonly #live = new Live();
  /** Deliveries that have not ended, by the very object that was delivered. */
  readonly #deliveries = new WeakMap<Message, Delivery[]>();
  readonly #tap = new ErrorTap((node, error, msg) => this.#raised(node, error, msg));
  /** Nodes whose messages outlive them. */
  readonly #keepers = new WeakSet<object>();
  #lastTag = 0;
  #order = 0;
  #stopping = false;

  readonly #host: TrackingHost;

  /** @param complain told what a listener of ours threw; nothing may reach the runtime from within a hook */
  constructor(
    private readonly clock: Clock,
    private readonly complain: (error: unknown) => void,
    private readonly newMsgid: () => string,
  ) {
    this.#host = {
      clock,
      isStopping: () => this.#stopping,
      settling: ({ options }) => this.#safely(() => options.onSettling?.()),
      ended: (tracking, outcome) => this.#ended(tracking, outcome),
    };
  }

  get tracked(): number {
    return this.#live.size;
  }

  track(message: object, nodeId: string, wired: boolean, options: TrackOptions): Cancel {
    const msg = message as Message;
    this.#sentUnderAnotherTag(msg, nodeId);
    if (typeof msg._msgid !== 'string') msg._msgid = this.newMsgid();
    this.#lastTag += 1;
    const tracking = new Tracking(this.#lastTag, msg._msgid, nodeId, options, this.#host);
    this.#live.add(msg, tracking);
    queueMicrotask(() => tracking.sentAll(wired));
    return () => {
      tracking.cancelled = true;
      if (tracking.ended) return;
      tracking.stop();
      this.#live.remove(tracking);
    };
  }

  report(message: object, outcome: Outcome): void {
    const tracking = this.#live.tagged(message as Message);
    if (!tracking) return;
    const delivery = this.#deliveries.get(message as Message)?.find((one) => one.tracking === tracking);
    if (outcome.kind === 'success') {
      if (delivery) tracking.hasSent(delivery);
    } else if (!delivery || tracking.decides(delivery.station.node)) tracking.end(outcome);
  }

  keeps(node: object): void {
    this.#keepers.add(node);
  }

  /** preDeliver: synchronous within `send`, so before the sender is done. */
  sending({ msg, source, destination }: SendEvent): void {
    if (this.#live.size === 0 || !msg || !this.#live.knows(msg)) return;
    const tracking = this.#live.sentBy(source.node, msg);
    if (!tracking) {
      // Sent by a node that has had nothing of ours, say behind a complete node: `_msgid` must not bring it in further on.
      this.#live.leaveOut(msg);
      return;
    }
    if (isHttpRequest(source.node) && this.#httpFailed(tracking, source.node, msg)) return;
    this.#markSent(tracking, source.node, msg);
    if (destination.node && !isBystander(destination.node)) this.#deliver(tracking, destination.node, msg);
    tracking.look();
  }

  /** onReceive: also what is handed over without a wire, as link nodes do. */
  receiving({ msg, destination: { node } }: ReceiveEvent): void {
    if (this.#live.size === 0 || !msg) return;
    if (isBystander(node)) {
      this.#live.leaveOut(msg);
      return;
    }
    let delivery = this.#delivery(msg, node, (one) => !one.received);
    if (!delivery) {
      // Only by its tag: one that was sent before the tracking began may have the same `_msgid`.
      const tracking = this.#live.tagged(msg);
      if (!tracking) return;
      delivery = this.#deliver(tracking, node, msg);
    }
    delivery.received = true;
    this.#order += 1;
    delivery.station.lastReceived = this.#order;
    if (!takesMessages(node)) this.#fail(delivery.tracking, closedNode(node), delivery.tracking.lossDecides(node));
    else this.#tap.add(node);
    // A node that takes no `done` has had its say once its handler returns, which the runtime calls next. Not by the hook
    // postReceive: each hook costs every message of every flow as much as all that is done here.
    if (node._expectedDoneCount === 0) queueMicrotask(() => this.#safely(() => this.#hadItsSay(msg, node)));
  }

  #hadItsSay(msg: Message, node: RuntimeNode): void {
    const delivery = this.#delivery(msg, node, (one) => one.received);
    if (!delivery) return;
    const { tracking, station } = delivery;
    // Of a subflow the nodes inside report.
    if (!station.silenceTold && !node.type.startsWith('subflow:')) {
      station.silenceTold = true;
      const { id, type, name } = node;
      const silent = name ? { id: node._alias ?? id, type, name } : { id: node._alias ?? id, type };
      this.#safely(() => tracking.options.onSilent?.(silent));
    }
    this.#end(msg, delivery);
  }

  completed({ msg, error, node: { node } }: CompleteEvent): void {
    if (this.#live.size === 0 || !msg) return;
    const delivery = this.#delivery(msg, node, () => true);
    if (!delivery) return;
    const { tracking } = delivery;
    const failure = error ? raised(error, node, msg, this.clock.now()) : fileFailure(node);
    if (failure) this.#fail(tracking, failure, tracking.decides(node));
    else if (isHttpRequest(node)) this.#httpFailed(tracking, node, msg);
    if (!tracking.ended) this.#end(msg, delivery, failure !== undefined);
  }

  /** A deploy is stopping nodes: until it is known which, nothing settles. */
  stopping(): void {
    this.#stopping = true;
  }

  /** After a deploy has stopped nodes: whatever one of those held is lost. */
  stopped(isActive: (node: RuntimeNode) => boolean): void {
    this.#stopping = false;
    for (const tracking of this.#live.all()) {
      for (const { node, open, unsent } of tracking.stations.values()) {
        // Some nodes (core delay) complete what they drop when they close: that counts as held, too.
        if ((open > 0 || unsent.size > 0) && !isActive(node) && !this.#keepers.has(node))
          this.#fail(tracking, closedNode(node), tracking.lossDecides(node));
      }
    }
    this.#tap.release((node) => !isActive(node));
  }

  /** Forgets everything and gives the nodes back. */
  close(): void {
    for (const tracking of this.#live.all()) {
      tracking.stop();
      this.#live.remove(tracking);
    }
    this.#tap.release();
  }

  #ended(tracking: Tracking, outcome: Outcome): void {
    this.#live.remove(tracking);
    // Not from within a hook: what a listener sends or completes must not mix with what the runtime is about to do.
    queueMicrotask(() => {
      if (!tracking.cancelled) this.#safely(() => tracking.options.onOutcome(outcome));
    });
  }

  #safely(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.complain(error);
    }
  }

  #raised(node: RuntimeNode, error: unknown, msg: unknown): void {
    if (this.#live.size === 0 || typeof msg !== 'object' || msg === null) return;
    const own = this.#delivery(msg as Message, node, () => true)?.tracking;
    const tracking = own ?? this.#live.sentBy(node, msg as Message);
    if (tracking) this.#fail(tracking, raised(error, node, msg, this.clock.now()), tracking.decides(node));
  }

  #fail(tracking: Tracking, failure: Failure, decides: boolean): void {
    if (decides) tracking.end(failure);
  }

  #httpFailed(tracking: Tracking, node: RuntimeNode, msg: Message): boolean {
    if (tracking.options.httpErrors === false || !tracking.decides(node)) return false;
    const failure = httpFailure(node, msg, this.clock.now());
    if (failure) tracking.end(failure);
    return failure !== undefined;
  }

  #deliver(tracking: Tracking, node: RuntimeNode, msg: Message): Delivery {
    this.#order += 1;
    const delivery = tracking.delivering(node, this.#order);
    const others = this.#deliveries.get(msg);
    if (others) others.push(delivery);
    else this.#deliveries.set(msg, [delivery]);
    return delivery;
  }

  #delivery(msg: Message, node: RuntimeNode, test: (delivery: Delivery) => boolean): Delivery | undefined {
    return this.#deliveries.get(msg)?.find((one) => one.station.node === node && !one.tracking.ended && test(one));
  }

  #end(msg: Message, delivery: Delivery, failed = false): void {
    const all = this.#deliveries.get(msg) ?? [];
    // The list must not grow with every round of a message that goes in a circle.
    const left = all.filter((one) => one !== delivery && !one.tracking.ended);
    if (left.length > 0) this.#deliveries.set(msg, left);
    else this.#deliveries.delete(msg);
    delivery.tracking.delivered(delivery, failed);
  }

  #markSent(tracking: Tracking, node: RuntimeNode, msg: Message): void {
    const station = tracking.stations.get(node);
    if (!station) return;
    const same = this.#delivery(msg, node, (one) => one.tracking === tracking && station.unsent.has(one));
    const [oldest] = station.unsent;
    const delivery = same ?? oldest;
    if (delivery) tracking.hasSent(delivery);
  }

  /** A nested tracker sends what the outer one will not see: for the outer one its node has sent. */
  #sentUnderAnotherTag(msg: Message, nodeId: string): void {
    const outer = this.#live.tagged(msg);
    if (!outer) return;
    for (const station of outer.stations.values()) {
      const [oldest] = station.node.id === nodeId ? station.unsent : [];
      if (oldest) outer.hasSent(oldest);
    }
  }
}
