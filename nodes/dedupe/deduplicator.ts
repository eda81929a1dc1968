import type { Claim, Store } from '../event-store/store';
import type { Cancel, Clock } from '../shared/clock';
import type { Outcome, OutcomeTracker } from '../shared/outcome/contract';
import { ClaimsAtWork } from './claims-at-work';
import type { Message } from './key';
import type { DedupeOptions } from './options';
import { isRedelivered, RedeliveredEvents } from './redelivered';

/** One message that came in, and the two things the node can do with it. */
export interface Arrival {
  msg: Message;
  send: (outputs: [first: Message | null, duplicate: Message | null]) => void;
  done: (error?: Error) => void;
}

/** How the node follows a message through the flow behind output 1. */
export interface Following {
  tracker: OutcomeTracker;
  nodeId: string;
  /** Whether output 1 has a wire. */
  wired: () => boolean;
}

export interface Surroundings {
  store: Store;
  scope: string;
  clock: Clock;
  /** Only with `confirm: success`. */
  following?: Following;
  /** Something worth showing has changed. */
  changed: () => void;
  /** The store failed at something that no message can be told of. */
  troubled: (error: unknown) => void;
}

interface Held {
  arrival: Arrival;
  key: string;
  cancel: Cancel;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** What becomes of a message with a key: first or duplicate, and with `confirm: success` the life of its claim. */
export class Deduplicator {
  first = 0;
  duplicates = 0;
  /** What the store said when it last failed; cleared by the next success. */
  trouble: string | undefined;
  readonly #atWork: ClaimsAtWork;
  readonly #claimOptions: Parameters<Store['claim']>[2];
  /** Messages held until the flow has dealt with their copies, by the token of their claim, oldest first. */
  readonly #held = new Map<string, Held>();
  /** Whose message has a key, by the key, until the store knows how it fared. */
  readonly #holders = new Map<string, { token: string; msgid: unknown }>();
  readonly #redelivered: RedeliveredEvents<Arrival>;
  #closed = false;

  constructor(
    private readonly options: DedupeOptions,
    private readonly around: Surroundings,
  ) {
    const { leaseMs, windowMs, maxKeys } = options;
    this.#claimOptions = { leaseMs, windowMs, maxKeys, confirmed: options.confirm === 'arrival' };
    this.#redelivered = new RedeliveredEvents(around.clock, 2 * leaseMs, (arrival, key) => {
      void this.arrive(arrival, key);
    });
    this.#atWork = new ClaimsAtWork(around.store, around.scope, leaseMs, around.clock, (error) => {
      this.#failed(error);
      around.troubled(error);
    });
  }

  /** How many messages the flow is working on. */
  get atWork(): number {
    return this.#atWork.size;
  }

  async arrive(arrival: Arrival, key: string): Promise<void> {
    const { store, scope } = this.around;
    let claim: Claim;
    try {
      claim = await store.claim(scope, key, this.#claimOptions);
    } catch (error) {
      this.#failed(error);
      arrival.done(asError(error));
      return;
    }
    this.trouble = undefined;
    if (claim.state !== 'first') this.#duplicate(arrival, key, claim);
    else if (this.#closed) await this.#unsent(key, claim.token);
    else this.#first(arrival, key, claim.token);
    this.around.changed();
  }

  /** Forgets one key, or all. @returns how many there were */
  async forget(key?: string): Promise<number> {
    const count = await this.around.store.forget(this.around.scope, key);
    this.around.changed();
    return count;
  }

  /** What was at work is given up: its keys are free, so that what comes again is processed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#redelivered.close();
    for (const { cancel } of this.#held.values()) cancel();
    this.#held.clear();
    await this.#atWork.close();
  }

  /** The node closed before the message could be sent: its key must not count as seen. */
  async #unsent(key: string, token: string): Promise<void> {
    if (!this.#claimOptions.confirmed) return this.#atWork.release(key, token);
    await this.around.store.forget(this.around.scope, key).catch((error: unknown) => this.#failed(error));
  }

  #duplicate(arrival: Arrival, key: string, { state, firstSeen }: Extract<Claim, { firstSeen: number }>): void {
    if (state === 'pending' && this.#mayStillFail(arrival, key)) {
      if (!this.#closed) this.#redelivered.wait(arrival, key, this.#holders.has(key));
      return;
    }
    this.duplicates += 1;
    arrival.msg.duplicate = { key, state, firstSeen };
    this.#pass(arrival, [null, arrival.msg]);
  }

  /** Not where the flow has led the very message back here: it would wait for itself. */
  #mayStillFail({ msg }: Arrival, key: string): boolean {
    if (!this.around.following || !isRedelivered(msg)) return false;
    const holder = this.#holders.get(key);
    return holder === undefined || holder.msgid !== msg._msgid;
  }

  #first(arrival: Arrival, key: string, token: string): void {
    this.first += 1;
    const { following } = this.around;
    if (following) this.#follow(arrival, key, token, following);
    else this.#pass(arrival, [arrival.msg, null]);
  }

  /** Sending clones for further wires, which a hopelessly deep message does not survive. */
  #pass(arrival: Arrival, outputs: Parameters<Arrival['send']>[0]): void {
    try {
      arrival.send(outputs);
    } catch (error) {
      arrival.done(asError(error));
      return;
    }
    arrival.done();
  }

  #follow(arrival: Arrival, key: string, token: string, { tracker, nodeId, wired }: Following): void {
    this.#atWork.begin(key, token);
    this.#holders.set(key, { token, msgid: arrival.msg._msgid });
    // A copy, because its tag must not be that of the message that is held here.
    const copy: Message = { ...arrival.msg };
    const cancel = tracker.track(copy, nodeId, wired(), {
      timeoutMs: this.#patienceMs(tracker),
      onOutcome: (outcome) => {
        this.#held.delete(token);
        void this.#settle(arrival, key, token, outcome, tracker);
      },
    });
    this.#held.set(token, { arrival, key, cancel });
    if (this.#held.size > this.options.maxKeys) this.#giveUpOldest(tracker);
    try {
      arrival.send([copy, null]);
    } catch (error) {
      cancel();
      this.#held.delete(token);
      void this.#atWork.release(key, token).then(() => {
        this.#left(key, token);
        arrival.done(asError(error));
      });
    }
  }

  /**
   * Without hooks nothing but this timeout is ever heard. With them a node may hold a message for long (a retry node does), but one
   * that never reports must not keep a key for ever.
   */
  #patienceMs(tracker: OutcomeTracker): number {
    const { leaseMs, windowMs } = this.options;
    return tracker.available ? Math.max(leaseMs, windowMs) : leaseMs;
  }

  /** A flow that never says it is done (mqtt out while offline) must not fill the memory. */
  #giveUpOldest(tracker: OutcomeTracker): void {
    const [oldest] = this.#held;
    if (!oldest) return;
    const [token, { arrival, key, cancel }] = oldest;
    cancel();
    this.#held.delete(token);
    void this.#settle(arrival, key, token, { kind: 'timeout' }, tracker);
  }

  /** From the inside out: the key is free before whoever waits upstream hears of the failure and sends the event again. */
  async #settle(
    arrival: Arrival,
    key: string,
    token: string,
    outcome: Outcome,
    tracker: OutcomeTracker,
  ): Promise<void> {
    if (outcome.kind === 'success') await this.#atWork.confirm(key, token);
    else await this.#atWork.release(key, token);
    this.#left(key, token);
    tracker.report(arrival.msg, outcome);
    arrival.done();
    this.around.changed();
  }

  #left(key: string, token: string): void {
    if (this.#holders.get(key)?.token === token) this.#holders.delete(key);
  }

  #failed(error: unknown): void {
    this.trouble = asError(error).message;
    this.around.changed();
  }
}
