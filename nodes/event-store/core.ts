import { Claims } from './claims';
import { LONGEST_PAGE } from './dead-letter-page';
import { type Dead, DeadLetters } from './dead-letters';
import type { DeadRow, EventRow, HeldClaim, Ledger } from './ledger';
import { KEEP } from './ledger';
import { type Arrival, Queue, type QueueContext } from './queue';
import { type Burial, type Claim, type ClaimOptions, type QueueCounts, StoreError } from './store';
import type { Moment } from './timeline';
import { Undo } from './undo';

/** A leased event whose message and note are still text. */
export interface RawLease {
  id: string;
  token: string;
  lane: string | undefined;
  deliveries: number;
  enqueuedAt: number;
  dueAt: number;
  message: string;
  note: string | undefined;
}

/** A dead letter whose message is still text. */
export interface RawDead extends Pick<Dead, 'id' | 'reason' | 'outcome' | 'attempts' | 'enqueuedAt' | 'attemptedAt'> {
  message: string;
}

/** The token where the event is leased; else ''. */
export type RawEnqueued = string;

export type RawAccepted = RawEnqueued | Exclude<Claim, { state: 'first' }>;

/** An arrival as arguments: a list crosses threads at less cost than an object. */
export type ArrivalParts = [
  id: string,
  message: string,
  note: string | undefined,
  dueAt: number,
  lane: string | undefined,
  lease: boolean,
];

function arrivalOf([id, message, note, dueAt, lane, lease]: ArrivalParts): Arrival {
  return { id, message, note, dueAt, lane, lease };
}

interface QueueSet {
  queue: Queue;
  dead: DeadLetters;
}

/**
 * Every store's logic: synchronous, on what is in memory, writing each change down in a ledger. Memory and disk share it, so that
 * they cannot differ in anything but durability. Times come in with every call; nothing here reads a clock.
 */
export class Core {
  readonly undo: Undo;
  readonly claims: Claims;
  readonly #context: QueueContext;
  readonly #queues = new Map<string, QueueSet>();
  readonly #byNumber = new Map<number, QueueSet>();
  #seq = 0;
  #tokens = 0;
  #lastQueue = 0;
  now: Moment = { wall: 0, t: 0 };

  /**
   * @param transactional whether changes may have to be taken back
   * @param opening a text that no other opening of this store has, so that tokens of an earlier one hold nothing
   */
  constructor(
    readonly ledger: Ledger,
    options: { transactional: boolean; salt: string; opening: string },
  ) {
    this.undo = new Undo(options.transactional);
    const token = (): string => {
      this.#tokens += 1;
      return `${options.opening}-${this.#tokens.toString(36)}`;
    };
    this.claims = new Claims(options.salt, ledger, this.undo, token);
    const nextSeq = (): number => {
      this.#seq += 1;
      return this.#seq;
    };
    this.#context = { ledger, undo: this.undo, claims: this.claims, token, nextSeq };
  }

  claim(scope: string, key: string, options: ClaimOptions): Claim {
    return this.claims.claim(scope, key, options, this.now);
  }

  confirm(scope: string, key: string, token: string): boolean {
    return this.claims.confirm(scope, key, token, this.now);
  }

  release(scope: string, key: string, token: string): boolean {
    return this.claims.release(scope, key, token, this.now);
  }

  extend(scope: string, key: string, token: string, leaseMs: number): boolean {
    return this.claims.extend(scope, key, token, leaseMs, this.now);
  }

  forget(scope: string, key?: string): number {
    return this.claims.forget(scope, key, this.now);
  }

  keys(scope: string): { count: number; evicted: number } {
    return this.claims.keys(scope, this.now);
  }

  enqueue(name: string, ...given: ArrivalParts): RawEnqueued {
    const arrival = arrivalOf(given);
    const set = this.#open(name);
    this.#mustBeNew(set, arrival.id);
    return set.queue.add(arrival, this.now).token ?? '';
  }

  accept(name: string, scope: string, key: string, options: ClaimOptions, ...given: ArrivalParts): RawAccepted {
    const arrival = arrivalOf(given);
    const set = this.#open(name);
    // The claim comes first and needs a holder; the entry takes over once there is one.
    const placeholder = { claim: undefined, detached: () => undefined };
    const claimed = this.claims.hold(scope, key, options, placeholder, this.now);
    if (typeof claimed === 'object') return claimed as Exclude<Claim, { state: 'first' }>;
    const slot = options.confirmed ? undefined : claimed;
    if (set.queue.byId.has(arrival.id) || set.dead.has(arrival.id)) {
      if (slot === undefined) this.claims.forget(scope, key, this.now);
      else this.claims.abandon(slot);
      this.#mustBeNew(set, arrival.id);
    }
    const entry = set.queue.add(arrival, this.now, slot);
    if (slot !== undefined) this.claims.pass(slot, entry);
    return entry.token ?? '';
  }

  lease(name: string, limit: number): RawLease[] {
    const leased = this.#queues.get(name)?.queue.lease(limit, this.now) ?? [];
    return leased.map((entry) => {
      const { id, deliveries, enqueuedAt, dueAt } = entry;
      const token = entry.token as string;
      return { id, token, lane: entry.seat?.lane, deliveries, enqueuedAt, dueAt, ...this.ledger.message(entry.seq) };
    });
  }

  nextDue(name: string): number | undefined {
    return this.#queues.get(name)?.queue.nextDue();
  }

  acknowledge(name: string, id: string, token: string): boolean {
    const queue = this.#queues.get(name)?.queue;
    const entry = queue?.held(id, token);
    if (!queue || !entry) return false;
    queue.take(entry);
    this.ledger.eventRemoved(entry.seq, entry.changed);
    if (entry.claim !== undefined) this.claims.settle(entry.claim, this.now);
    return true;
  }

  reschedule(name: string, id: string, token: string, dueAt: number, note: string | undefined): boolean {
    const queue = this.#queues.get(name)?.queue;
    const entry = queue?.held(id, token);
    if (!queue || !entry) return false;
    queue.reschedule(entry, dueAt, entry.deliveries, note);
    return true;
  }

  bury(name: string, id: string, token: string, burial: Burial): boolean {
    const set = this.#queues.get(name);
    const entry = set?.queue.held(id, token);
    if (!set || !entry) return false;
    set.dead.bury(entry, burial, this.now);
    return true;
  }

  releaseLeases(name: string): number {
    const queue = this.#queues.get(name)?.queue;
    if (!queue) return 0;
    const leased = [...queue.leased];
    for (const entry of leased) queue.reschedule(entry, entry.dueAt, entry.deliveries - 1, KEEP);
    return leased.length;
  }

  counts(name: string): QueueCounts {
    const set = this.#queues.get(name);
    if (!set) return { waiting: 0, leased: 0, dead: 0 };
    return { ...set.queue.counts(), dead: set.dead.letters.size };
  }

  deadLetters(name: string, after: string | undefined, limit: number): RawDead[] {
    const page = this.#queues.get(name)?.dead.page(after, Math.min(limit, LONGEST_PAGE)) ?? [];
    return page.map(({ id, reason, outcome, attempts, enqueuedAt, attemptedAt, seq }) => {
      return { id, reason, outcome, attempts, enqueuedAt, attemptedAt, message: this.ledger.deadMessage(seq) };
    });
  }

  replay(name: string, ids: readonly string[] | undefined, everyMs: number): number {
    return this.#queues.get(name)?.dead.replay(ids, everyMs, this.now) ?? 0;
  }

  purge(name: string, ids: readonly string[] | undefined): number {
    return this.#queues.get(name)?.dead.purge(ids) ?? 0;
  }

  /** Lets up to `limit` keys whose time is over leave. True when there may be more. */
  sweep(limit: number): boolean {
    return this.claims.sweep(this.now, limit);
  }

  loadQueue(number: number, name: string): void {
    this.#add(number, name);
  }

  loadEvent(row: EventRow): void {
    const { queue } = this.#byNumber.get(row.queue) as QueueSet;
    this.#seq = Math.max(this.#seq, row.seq);
    const entry = queue.entry(row);
    if (row.claim) entry.claim = this.claims.loadHeld(row.claim, entry);
    queue.put(entry);
  }

  loadDead(row: DeadRow): void {
    const { dead } = this.#byNumber.get(row.queue) as QueueSet;
    this.#seq = Math.max(this.#seq, row.seq);
    const { claim, queue: _queue, ...rest } = row;
    const letter = dead.letter(rest);
    if (claim) letter.claim = this.claims.loadHeld(claim as HeldClaim, letter);
    dead.put(letter);
  }

  #mustBeNew(set: QueueSet, id: string): void {
    if (set.queue.byId.has(id)) throw new StoreError('exists', 'an event with this id is already in the queue');
    if (set.dead.has(id))
      throw new StoreError('exists', 'an event with this id is among the dead letters of the queue');
  }

  #open(name: string): QueueSet {
    const known = this.#queues.get(name);
    if (known) return known;
    const set = this.#add(this.#lastQueue + 1, name);
    this.ledger.queueAdded(set.queue.number, name);
    this.undo.add(() => {
      this.#queues.delete(name);
      this.#byNumber.delete(set.queue.number);
    });
    return set;
  }

  #add(number: number, name: string): QueueSet {
    const queue = new Queue(number, this.#context);
    this.#lastQueue = Math.max(this.#lastQueue, number);
    const set = { queue, dead: new DeadLetters(queue, this.#context) };
    this.#queues.set(name, set);
    this.#byNumber.set(number, set);
    return set;
  }
}
