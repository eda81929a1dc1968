import type { Cancel, Clock } from '../clock';
import type { Outcome, TrackOptions } from './contract';
import { nobody } from './failure';
import { publicId, type RuntimeNode, wiredOnward } from './runtime';

const DEFAULT_SETTLE_MS = 150;

/** One message object handed to one node. */
export interface Delivery {
  readonly tracking: Tracking;
  readonly station: Station;
  /** The node's input handler has it. */
  received: boolean;
  /** The node is done with it. */
  ended: boolean;
}

/** A node on the way of a tracked message. */
export interface Station {
  readonly node: RuntimeNode;
  /** Deliveries the node is not done with. */
  open: number;
  /** Deliveries after which nothing has been sent yet, oldest first; they stay here when the node is done with them. */
  readonly unsent: Set<Delivery>;
  /** When it last received, in the order of all deliveries. */
  lastReceived: number;
  silenceTold: boolean;
}

/** What a tracking needs of the tracker it belongs to. */
export interface TrackingHost {
  readonly clock: Clock;
  /** While nodes are being stopped it is not known yet who has dropped a message. */
  isStopping(): boolean;
  settling(tracking: Tracking): void;
  ended(tracking: Tracking, outcome: Outcome): void;
}

/** What has become of one tracked message: how many deliveries are under way, and the outcome when it is known. */
export class Tracking {
  readonly stations = new Map<RuntimeNode, Station>();
  ended = false;
  /** Nobody wants to hear the outcome any more. */
  cancelled = false;
  #open = 0;
  /** Ended deliveries at nodes wired onward that have sent nothing (yet): they may be working behind our back. */
  #loose = 0;
  #delivered = false;
  #decided = false;
  #settlingTold = false;
  #succeeding = false;
  #settle: Cancel | undefined;
  #timeout: Cancel | undefined;

  constructor(
    readonly id: number,
    readonly msgid: string,
    readonly nodeId: string,
    readonly options: TrackOptions,
    private readonly host: TrackingHost,
  ) {
    if (options.timeoutMs) this.#timeout = host.clock.after(options.timeoutMs, () => this.end({ kind: 'timeout' }));
  }

  /** To be called once everything that is sent at once has been sent. */
  sentAll(wired: boolean): void {
    if (this.#delivered || this.ended) return;
    if (!wired) this.end({ kind: 'success' });
    // A hook of another package may hold a delivery back for a moment.
    else this.#settle = this.host.clock.after(this.#settleMs, () => this.end(nobody(this.nodeId)));
  }

  get #settleMs(): number {
    return this.options.settleMs ?? DEFAULT_SETTLE_MS;
  }

  /** Whether what this node does decides the outcome (`scope`). */
  decides(node: RuntimeNode): boolean {
    const { scope } = this.options;
    return !scope || scope.length === 0 || scope.includes(node.id) || scope.includes(publicId(node));
  }

  /** A node that is lost takes the message with it, unless the nodes that decide have it already. */
  lossDecides(node: RuntimeNode): boolean {
    return this.decides(node) || (!this.#decided && this.#open === 0);
  }

  delivering(node: RuntimeNode, order: number): Delivery {
    this.#delivered = true;
    this.#stopSettling();
    let station = this.stations.get(node);
    if (!station) {
      station = { node, open: 0, unsent: new Set(), lastReceived: order, silenceTold: false };
      this.stations.set(node, station);
    }
    station.open += 1;
    if (this.decides(node)) this.#open += 1;
    const delivery: Delivery = { tracking: this, station, received: false, ended: false };
    station.unsent.add(delivery);
    return delivery;
  }

  /** The node has sent something for this delivery, so it does not work behind our back. */
  hasSent(delivery: Delivery): void {
    if (!delivery.station.unsent.delete(delivery) || !delivery.ended) return;
    if (this.decides(delivery.station.node)) this.#loose -= 1;
  }

  /** The node is done with a delivery. `failed`: it cannot be at work any more. */
  delivered(delivery: Delivery, failed = false): void {
    const { station } = delivery;
    delivery.ended = true;
    station.open -= 1;
    const decides = this.decides(station.node);
    if (failed || !wiredOnward(station.node)) station.unsent.delete(delivery);
    else if (decides && station.unsent.has(delivery)) this.#loose += 1;
    if (decides) {
      this.#open -= 1;
      this.#decided = true;
    }
    this.look();
  }

  /** Ends with success where the way has come to an end. */
  look(): void {
    if (this.ended || this.#open > 0 || !this.#decided) return;
    if (this.#loose === 0) this.#succeed();
    else if (!this.#settle) {
      this.#settle = this.host.clock.after(this.#settleMs, () => this.#settled());
      if (!this.#settlingTold) {
        this.#settlingTold = true;
        this.host.settling(this);
      }
    }
  }

  /** Not at once: some nodes (core file) are done first, and raise the error in the same step after that. */
  #succeed(): void {
    if (this.#succeeding) return;
    this.#succeeding = true;
    queueMicrotask(() => {
      this.#succeeding = false;
      if (this.#open === 0 && this.#loose === 0) this.end({ kind: 'success' });
    });
  }

  #settled(): void {
    if (this.host.isStopping()) this.#settle = this.host.clock.after(this.#settleMs, () => this.#settled());
    else this.end({ kind: 'success' });
  }

  end(outcome: Outcome): void {
    if (this.ended) return;
    this.stop();
    this.host.ended(this, outcome);
  }

  /** Ends without an outcome. */
  stop(): void {
    this.ended = true;
    this.#stopSettling();
    this.#timeout?.();
    this.stations.clear();
  }

  #stopSettling(): void {
    this.#settle?.();
    this.#settle = undefined;
  }
}
