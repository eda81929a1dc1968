import { Feed } from '../event-store/feed';
import { Persist } from '../event-store/persist';
import { type Accepted, type LeasedEvent, type Store, StoreError } from '../event-store/store';
import type { Cancel, Clock } from '../shared/clock';
import type { Outcome } from '../shared/outcome/contract';
import { DrainRate } from './drain-rate';
import type { EventMessage } from './message';
import { type Refusal, refuse } from './refusal';
import { StoredDeadLetters } from './stored-dead-letters';
import { type Delivered, delivered, failuresOf, noteAfterClose } from './stored-delivery';
import type { StoredOptions, StoredPorts } from './stored-ports';
import { StoredSettlement } from './stored-settlement';

/** How long an accepted event id is remembered; longer than the longest common retry schedule (Standard Webhooks, 75.6 h). */
const DUPLICATE_WINDOW_MS = 96 * 3_600_000;
/** Event ids remembered a node; the oldest leave. */
const MAX_IDS = 1_000_000;
/** How often what is known of the store is compared with the store: others may have put dead letters back, or purged them. */
const LOOK_EVERY_MS = 60_000;

/** An event at work in the flow, or whose outcome is being written down. */
interface Running {
  event: Delivered;
  stop: Cancel;
  settling: boolean;
}

/**
 * The life of stored events: durable before the sender hears 2xx, handed to the flow, kept until the flow is done with them, handed
 * on again after a crash or a failed flow, and a dead letter when that has happened too often.
 */
export class StoredEvents {
  readonly deadLetters: StoredDeadLetters;
  readonly #running = new Map<string, Running>();
  readonly #drain: DrainRate;
  readonly #feed: Feed;
  readonly #persist: Persist;
  readonly #settlement: StoredSettlement;
  readonly #stopWatching: Cancel;
  /** Events in the store, waiting or at work, as far as known. */
  #held = 0;
  /** Events of requests whose storing is under way. */
  #arriving = 0;
  /** Places taken for events that go straight to the flow once they are stored. */
  #reserved = 0;
  #started = false;
  #closed = false;
  #look: Cancel | undefined;

  constructor(
    readonly store: Store,
    readonly queue: string,
    readonly options: StoredOptions,
    readonly clock: Clock,
    readonly ports: StoredPorts,
  ) {
    this.#drain = new DrainRate(clock);
    // The store says itself what is wrong with it; here it is only tried again.
    const ignore = (): void => undefined;
    this.#persist = new Persist(clock, ignore);
    this.deadLetters = new StoredDeadLetters(store, queue, clock);
    this.#settlement = new StoredSettlement({
      store,
      queue,
      clock,
      options,
      deadLetters: this.deadLetters,
      persist: this.#persist,
      gaveUp: (message, reason) => {
        if (!this.#closed) ports.gaveUp(message, reason);
      },
      left: () => {
        this.#held -= 1;
        this.#drain.add();
      },
    });
    this.#feed = new Feed({
      store,
      queue,
      clock,
      room: () => this.#room(),
      waitMs: () => 0,
      take: (event) => this.#take(event),
      problem: ignore,
    });
    // A store that came back may have freed every lease (its thread had ended).
    this.#stopWatching = store.onProblem((problem) => {
      if (problem === undefined) this.#feed.changed();
    });
  }

  get atWork(): number {
    return this.#running.size;
  }

  get waiting(): number {
    return Math.max(0, this.#held - this.#running.size);
  }

  get counts(): { waiting: number; atWork: number } {
    return { waiting: this.waiting, atWork: this.atWork };
  }

  /** Hands on, beginning with what an earlier run left; to be called whenever the flows have started. */
  start(): void {
    if (this.#closed) return;
    const first = !this.#started;
    this.#started = true;
    this.#feed.changed();
    if (!first) return;
    void this.#persist.watch(this.#persist.keep(async () => this.#recount()).then(() => this.#planLook()));
  }

  /** Room for `n` more events, or the refusal that says when to come back. */
  room(n: number): Refusal | undefined {
    const backlog = this.#held + this.#arriving;
    const excess = backlog + n - this.options.maxBacklog;
    if (excess <= 0) return undefined;
    const after = String(this.#drain.secondsFor(excess));
    return refuse('overloaded', `${backlog} events wait for the flow`, { 'Retry-After': after });
  }

  /** Stores the events of one request; resolves once all are durable, or to the refusal. A duplicate counts as stored. */
  async accept(messages: readonly EventMessage[]): Promise<Refusal | undefined> {
    if (this.#closed) return refuse('redeploying', 'the node is being redeployed');
    this.#arriving += messages.length;
    // All are asked for in one turn, so that one commit holds them.
    const asked = messages.map((message) => this.#acceptOne(message));
    const stored = await this.#persist.watch(Promise.allSettled(asked));
    const failed = stored.find((one) => one.status === 'rejected');
    this.ports.changed();
    return failed && refusalFor(failed.reason);
  }

  /** Puts dead letters (all, or those named) back, as new, paced. Resolves to how many. */
  async replay(ids?: readonly string[]): Promise<number> {
    const count = await this.deadLetters.replay(ids);
    this.#held += count;
    this.#feed.changed();
    this.ports.changed();
    return count;
  }

  /** Deletes dead letters (all, or those named); their ids are free again. Resolves to how many. */
  async purge(ids?: readonly string[]): Promise<number> {
    return this.deadLetters.purge(ids);
  }

  /** Stops handing on; what is at work goes back to the queue uncounted, for the node that comes after. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#look?.();
    this.#stopWatching();
    const { store, queue } = this;
    const ignore = (): void => undefined;
    // All of it is asked for at once: on a full deploy the store may be told to close right after this node.
    const givenBack = [...this.#running.values()]
      .filter(({ settling }) => !settling)
      .map(async ({ event, stop }) => {
        stop();
        await store.reschedule(queue, event.id, event.token, event.dueAt, noteAfterClose(event)).catch(ignore);
      });
    const released = store.releaseLeases(queue).catch(ignore);
    await Promise.all([...givenBack, released, this.#feed.close(), this.#persist.close()]);
    this.#running.clear();
  }

  #room(): number {
    if (this.#closed || !this.#started || !this.ports.flowing()) return 0;
    return this.options.maxInFlight - this.#running.size - this.#reserved;
  }

  async #acceptOne(message: EventMessage): Promise<void> {
    // Straight to the flow where it has room and nothing older is due: one durable step instead of two.
    const lease = this.#feed.empty && this.#room() > 0;
    if (lease) this.#reserved += 1;
    let accepted: Accepted | undefined;
    try {
      accepted = await this.#store(message, lease);
    } finally {
      this.#arriving -= 1;
      if (lease) this.#reserved -= 1;
      // The place is free for one that waits.
      if (lease && accepted?.state !== 'first') this.#feed.pump();
    }
    if (accepted.state !== 'first') return;
    this.#held += 1;
    const { id, token } = accepted;
    if (token === undefined || this.#closed) return this.#feed.changed();
    const event = { id, token, message, deliveries: 1, closings: 0, dueAt: this.clock.now() };
    if (this.ports.flowing()) this.#hand(event);
    else void this.#persist.watch(this.#giveBack(event));
  }

  async #store(message: EventMessage, lease: boolean): Promise<Accepted> {
    const { id, source } = message.event;
    const event = { message, lease };
    if (id === undefined) return { state: 'first', ...(await this.store.enqueue(this.queue, event)) };
    return this.store.accept(this.queue, event, this.queue, JSON.stringify([source ?? '', id]), {
      leaseMs: DUPLICATE_WINDOW_MS,
      windowMs: DUPLICATE_WINDOW_MS,
      maxKeys: MAX_IDS,
    });
  }

  #take(leased: LeasedEvent): void {
    if (this.#closed) return;
    const event = delivered(leased);
    const running = this.#running.get(event.id);
    // The store's thread ended, and with it the lease, while the flow was at work, which it still is.
    if (running) running.event.token = event.token;
    else if (!this.ports.flowing()) void this.#persist.watch(this.#giveBack(event));
    // A delivery that never came back (a flow that ends Node-RED) has been counted; it must not go on for ever.
    else if (failuresOf(event) > this.options.redeliveries + 1)
      this.#bury(event, 'Node-RED ended while the flow was at work');
    else this.#hand(event);
  }

  #hand(event: Delivered): void {
    const { message } = event;
    const handed = event.deliveries > 1 ? { ...message, event: { ...message.event, redelivered: true } } : message;
    const running: Running = { event, stop: () => undefined, settling: false };
    this.#running.set(event.id, running);
    const settled = (outcome: Outcome): void => {
      if (this.#closed || running.settling) return;
      running.settling = true;
      void this.#persist.watch(this.#end(running, this.#settlement.conclude(event, outcome)));
    };
    try {
      running.stop = this.ports.deliver(handed, settled);
    } catch (error) {
      settled({ kind: 'failure', error: textOf(error) });
    }
    this.ports.changed();
  }

  #bury(event: Delivered, reason: string): void {
    const running: Running = { event, stop: () => undefined, settling: true };
    this.#running.set(event.id, running);
    void this.#persist.watch(this.#end(running, this.#settlement.giveUp(event, reason)));
  }

  /** Leased just when the flows were stopped: not a delivery. */
  async #giveBack(event: Delivered): Promise<void> {
    const note = noteAfterClose(event);
    const { store, queue } = this;
    await this.#persist.keep(async () => store.reschedule(queue, event.id, event.token, event.dueAt, note));
    this.#feed.changed();
  }

  /** The event keeps its place until the store knows how it fared: a full disk must not lose the verdict. */
  async #end(running: Running, settled: Promise<number | undefined>): Promise<void> {
    const dueAt = await settled;
    // First, or it would be taken for one that is still at work when it is leased again.
    this.#running.delete(running.event.id);
    if (dueAt !== undefined) this.#feed.wakeBy(dueAt);
    this.#feed.pump();
    this.ports.changed();
  }

  /** Not awaited in between: events stored or done with after the store counted must count here after it, too. */
  async #recount(): Promise<void> {
    await this.store.counts(this.queue).then(({ waiting, leased }) => {
      this.#held = waiting + leased;
      if (waiting > 0) this.#feed.changed();
      this.ports.changed();
    });
  }

  #planLook(): void {
    if (this.#closed) return;
    this.#look = this.clock.after(LOOK_EVERY_MS, () => {
      const looked = Promise.allSettled([this.#recount(), this.deadLetters.prune()]);
      void this.#persist.watch(looked.then(() => this.#planLook()));
    });
  }
}

function refusalFor(error: unknown): Refusal {
  const code = error instanceof StoreError ? error.code : undefined;
  if (code === 'closed') return refuse('redeploying', textOf(error));
  // Coming again would not help: the message around it makes the deepest body too deep for a store.
  if (code === 'unstorable') return refuse('body-too-deep', textOf(error));
  return refuse('store-failed', textOf(error));
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
