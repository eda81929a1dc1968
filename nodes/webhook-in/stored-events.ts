import type { Accepted, LeasedEvent, NewEvent, Store } from '../event-store/store';
import type { Cancel, Clock } from '../shared/clock';
import type { Outcome } from '../shared/outcome/contract';
import { Counter } from './counters';
import type { EventMessage } from './message';
import { type Refusal, refuse } from './refusal';

/** How long an accepted event id is remembered; longer than the longest common retry schedule (Standard Webhooks, 75.6 h). */
const DUPLICATE_WINDOW_MS = 96 * 3_600_000;
/** Event ids remembered a node; the oldest leave. */
const MAX_IDS = 1_000_000;
/** A delay between two deliveries never grows beyond this. */
const LONGEST_DELAY_MS = 3_600_000;
/** A flow that has not said how an event fared by then has failed with it: its slot must not be lost for ever. */
export const FLOW_TIMEOUT_MS = 600_000;
/** After a store error the queue is tried again after this long. */
const STORE_PAUSE_MS = 1000;
const MOST_RETRY_AFTER_S = 3600;

export interface StoredOptions {
  redeliveries: number;
  redeliveryBaseMs: number;
  maxInFlight: number;
  maxBacklog: number;
}

/** What the node does for the queue. */
export interface StoredPorts {
  /** Hands a message to the flow and says once how it fared; returns a way to stop listening. */
  deliver(message: EventMessage, settled: (outcome: Outcome) => void): Cancel;
  /** An event whose flow failed for the last time; it is among the dead letters by then. */
  gaveUp(message: EventMessage, detail: string): void;
}

/**
 * The life of stored events: durable before the sender hears 2xx, handed to the flow, kept until the flow is done with them, handed
 * on again after a crash or a failed flow, and a dead letter when that has happened too often.
 */
export class StoredEvents {
  readonly #atWork = new Map<string, Cancel>();
  readonly #drained: Counter;
  /** Events in the store that are not at work. */
  #waiting = 0;
  #arriving = 0;
  #open = false;
  #closed = false;
  #pumping = false;
  #again = false;
  #alarm: Cancel | undefined;

  constructor(
    readonly store: Store,
    readonly queue: string,
    readonly options: StoredOptions,
    readonly clock: Clock,
    readonly ports: StoredPorts,
  ) {
    this.#drained = new Counter(clock);
  }

  get atWork(): number {
    return this.#atWork.size;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Begins to hand on, including what an earlier run left; call after the flows have started. */
  async start(): Promise<void> {
    try {
      const counts = await this.store.counts(this.queue);
      this.#waiting = counts.waiting;
    } catch {
      // The store says itself what is wrong with it; the queue is tried until it works.
      this.#waiting = 1;
    }
    this.#open = true;
    void this.#pump();
  }

  /** Room for `n` more events, or the refusal that says when to come back. */
  room(n: number): Refusal | undefined {
    const backlog = this.#waiting + this.#atWork.size + this.#arriving;
    if (backlog + n <= this.options.maxBacklog) return undefined;
    const perSecond = Math.max(this.#drained.lastMinute / 60, 1 / 60);
    const seconds = Math.min(
      MOST_RETRY_AFTER_S,
      Math.max(1, Math.ceil((backlog + n - this.options.maxBacklog) / perSecond)),
    );
    return refuse('overloaded', `${backlog} events wait for the flow`, { 'Retry-After': String(seconds) });
  }

  /** Stores the events of one request; resolves once all are durable, or to the refusal. A duplicate counts as stored. */
  async accept(messages: readonly EventMessage[]): Promise<Refusal | undefined> {
    this.#arriving += messages.length;
    try {
      await Promise.all(messages.map((message) => this.#acceptOne(message)));
      return undefined;
    } catch (error) {
      return refuse('store-failed', text(error), { 'Retry-After': '10' });
    } finally {
      this.#arriving -= messages.length;
    }
  }

  async #acceptOne(message: EventMessage): Promise<void> {
    // Straight to the flow where it has room and nothing older waits: one durable step instead of two.
    const lease =
      this.#open &&
      !this.#closed &&
      this.#waiting === 0 &&
      this.#atWork.size + this.#arriving <= this.options.maxInFlight;
    const event: NewEvent = { message, lease };
    const { id: eventId, source } = message.event;
    const accepted: Accepted =
      eventId === undefined
        ? { state: 'first', ...(await this.store.enqueue(this.queue, event)) }
        : await this.store.accept(this.queue, event, this.queue, JSON.stringify([source ?? '', eventId]), {
            leaseMs: DUPLICATE_WINDOW_MS,
            windowMs: DUPLICATE_WINDOW_MS,
            maxKeys: MAX_IDS,
          });
    if (accepted.state !== 'first') return;
    if (accepted.token !== undefined && !this.#closed) {
      this.#hand({ id: accepted.id, token: accepted.token, message, deliveries: 1, enqueuedAt: 0, dueAt: 0 });
    } else if (accepted.token === undefined) {
      this.#waiting += 1;
      void this.#pump();
    }
  }

  /** Leases what is due while there is room; one pump at a time. */
  async #pump(): Promise<void> {
    if (this.#pumping) {
      this.#again = true;
      return;
    }
    this.#pumping = true;
    this.#alarm?.();
    this.#alarm = undefined;
    try {
      do {
        this.#again = false;
        const room = this.options.maxInFlight - this.#atWork.size;
        if (!this.#open || this.#closed || room <= 0 || this.#waiting === 0) break;
        const leased = await this.store.lease(this.queue, room);
        this.#waiting = Math.max(0, this.#waiting - leased.length);
        for (const event of leased) await this.#take(event);
        if (leased.length > 0) this.#again = true;
      } while (this.#again);
      if (this.#open && !this.#closed && this.#waiting > 0) await this.#setAlarm();
    } catch {
      if (!this.#closed) {
        this.#alarm = this.clock.after(STORE_PAUSE_MS, () => void this.#pump());
      }
    } finally {
      this.#pumping = false;
      // Something came while the alarm was being set.
      if (this.#again && !this.#closed && !this.#alarm) void this.#pump();
    }
  }

  async #setAlarm(): Promise<void> {
    const due = await this.store.nextDue(this.queue);
    if (due === undefined && !this.#again) this.#waiting = 0;
    if (due === undefined || this.#closed || this.#atWork.size >= this.options.maxInFlight) return;
    this.#alarm?.();
    this.#alarm = this.clock.after(Math.max(0, due - this.clock.now()), () => void this.#pump());
  }

  async #take(event: LeasedEvent): Promise<void> {
    if (this.#closed) return;
    const message = event.message as EventMessage;
    // A delivery that never came back (a flow that ends Node-RED) has been counted; it must not go on for ever.
    if (event.deliveries > this.options.redeliveries + 1)
      return this.#bury(event, message, 'Node-RED ended while the flow was at work');
    this.#hand({ ...event, message });
  }

  #hand(event: Omit<LeasedEvent, 'message'> & { message: EventMessage }): void {
    const { message } = event;
    if (event.deliveries > 1) message.event = { ...message.event, redelivered: true };
    this.#atWork.set(event.id, () => undefined);
    const cancel = this.ports.deliver(message, (outcome) => {
      this.#atWork.delete(event.id);
      void this.#settle(event, outcome);
    });
    if (this.#atWork.has(event.id)) this.#atWork.set(event.id, cancel);
  }

  async #settle(event: Omit<LeasedEvent, 'message'> & { message: EventMessage }, outcome: Outcome): Promise<void> {
    if (this.#closed) return;
    try {
      if (outcome.kind === 'success') {
        await this.store.acknowledge(this.queue, event.id, event.token);
        this.#drained.add();
      } else {
        const reason =
          outcome.kind === 'failure' ? outcome.error : `the flow was not done within ${FLOW_TIMEOUT_MS / 1000} s`;
        if (event.deliveries > this.options.redeliveries) await this.#bury(event, event.message, reason);
        else await this.#reschedule(event, outcome);
      }
    } catch {
      // The store holds the event until it is told; a full disk must not lose the verdict.
      if (!this.#closed) this.clock.after(STORE_PAUSE_MS, () => void this.#settle(event, outcome));
      return;
    }
    void this.#pump();
  }

  async #reschedule(event: Omit<LeasedEvent, 'message'>, outcome: Outcome): Promise<void> {
    const delay = Math.min(LONGEST_DELAY_MS, this.options.redeliveryBaseMs * 2 ** (event.deliveries - 1));
    const asked = outcome.kind === 'failure' ? (outcome.retryAfterMs ?? 0) : 0;
    const wait = Math.max(delay, Math.min(asked, LONGEST_DELAY_MS));
    this.#waiting += 1;
    await this.store.reschedule(this.queue, event.id, event.token, this.clock.now() + wait);
  }

  async #bury(event: Omit<LeasedEvent, 'message'>, message: EventMessage, reason: string): Promise<void> {
    await this.store.bury(this.queue, event.id, event.token, { reason: 'gave-up', outcome: reason });
    this.#drained.add();
    this.ports.gaveUp(message, reason);
  }

  /** Stops handing on; what is at work goes back to the queue uncounted, for the node that comes after. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#alarm?.();
    for (const cancel of this.#atWork.values()) cancel();
    this.#atWork.clear();
    await this.store.releaseLeases(this.queue).catch(() => undefined);
  }
}

const text = (error: unknown): string => (error instanceof Error ? error.message : String(error));
