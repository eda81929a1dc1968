import type { Cancel } from '../shared/clock';

/**
 * The contract of every event store: claims (has this key been seen?) and queues (events that wait, with dead letters).
 * Every promise resolves only once the change is as durable as the store can make it, and rejects with a StoreError otherwise.
 * A lease dies with its holder: opening a disk store frees every unconfirmed claim and every leased event.
 */
export interface Store {
  /** False for memory: what it holds dies with the process. */
  readonly durable: boolean;
  /** Resolves once the store is open; rejects with a StoreError when it cannot be opened. Operations wait for it by themselves. */
  readonly ready: Promise<void>;
  /** What is wrong with the store as a whole (cannot be opened, disk full), for people; undefined = it works. */
  readonly problem: string | undefined;
  /** Calls `listener` whenever `problem` changes, so that a node can show it in its status. Does not call it for what is so already. */
  onProblem(listener: (problem: string | undefined) => void): Cancel;

  /**
   * Claims `key` atomically; a lease until confirmed. Free again is a claim that was not confirmed before its lease ran out, and a
   * confirmed one whose window has passed.
   */
  claim(scope: string, key: string, options: ClaimOptions): Promise<Claim>;
  /** Marks a claim done for the rest of its window. False when the token no longer holds the claim. */
  confirm(scope: string, key: string, token: string): Promise<boolean>;
  /** Frees a claim. False when the token no longer holds it. */
  release(scope: string, key: string, token: string): Promise<boolean>;
  /** Prolongs the lease of an unconfirmed claim, counted from now. False when the token no longer holds the claim. */
  extend(scope: string, key: string, token: string, leaseMs: number): Promise<boolean>;
  /** Forgets one key, or every key of the scope. Resolves to how many there were. */
  forget(scope: string, key?: string): Promise<number>;
  /**
   * How many keys a scope holds, and how many have left it early because of `maxKeys` since it was opened. Keys leave in the order
   * in which they were confirmed: one that expires before an older one may be counted until that has left too.
   */
  keys(scope: string): Promise<{ count: number; evicted: number }>;

  /**
   * Puts an event into a queue. With `lease` it is handed to the caller at once (its first delivery is counted) and the token
   * returned; unless events of its lane are in the queue already: then it waits for them, and no token is returned.
   * Rejects with `exists` where the id is in the queue or among its dead letters.
   */
  enqueue(queue: string, event: NewEvent): Promise<Enqueued>;
  /**
   * `claim` and `enqueue` in one durable step. Where the key is a duplicate nothing is enqueued. The claim is confirmed by the
   * acknowledgement of its event and stays (pending) while the event is queued or among the dead letters, whatever lease and
   * window say; with the dead letter it is freed. `leaseMs` is not used.
   */
  accept(queue: string, event: NewEvent, scope: string, key: string, options: ClaimOptions): Promise<Accepted>;
  /**
   * Leases up to `limit` events that are due, earliest due time first; each delivery is counted (`deliveries`) durably before it
   * resolves. Of the events of one lane only the oldest is ever due, and none while another of that lane is leased.
   */
  lease(queue: string, limit: number): Promise<LeasedEvent[]>;
  /** When the next event that is not leased falls due (wall clock ms; in the past = due now); undefined = none waits. */
  nextDue(queue: string): Promise<number | undefined>;
  /** The event is done with and leaves the store. False when the token no longer holds it. */
  acknowledge(queue: string, id: string, token: string): Promise<boolean>;
  /** Gives a leased event back, due at `dueAt` (wall clock ms), with the holder's note. */
  reschedule(queue: string, id: string, token: string, dueAt: number, note?: unknown): Promise<boolean>;
  /** Moves a leased event to the queue's dead letters. */
  bury(queue: string, id: string, token: string, burial: Burial): Promise<boolean>;
  /** Gives back every lease of a queue (its holder closes); these deliveries are not counted. Due times and notes stay. */
  releaseLeases(queue: string): Promise<number>;
  counts(queue: string): Promise<QueueCounts>;

  /** Dead letters, oldest first, after the id given (none where that one has left); `limit` at most 1000. */
  deadLetters(queue: string, page: { after?: string; limit: number }): Promise<DeadLetter[]>;
  /** Puts dead letters (all, or those named) back into the queue with `deliveries` 0 and no note, due at once, spread by `everyMs`, as if enqueued now: behind the events of their lane. */
  replay(queue: string, ids?: readonly string[], everyMs?: number): Promise<number>;
  /** Deletes dead letters (all, or those named), and frees the keys they held. */
  purge(queue: string, ids?: readonly string[]): Promise<number>;

  /** Resolves once what was called before is answered, and lets nothing of it gather any longer. */
  flush(): Promise<void>;
  /** Finishes what is under way and closes; later operations reject. */
  close(): Promise<void>;
}

export interface ClaimOptions {
  /** How long the claim holds unless it is confirmed or extended. Runs on the monotonic clock. */
  leaseMs: number;
  /**
   * How long a confirmed key is remembered, counted from the claim. Runs on the monotonic clock, so that setting the wall clock
   * loses nothing; what passes while no process has the store open is added by the wall clock.
   */
  windowMs: number;
  /** The scope's bound: beyond it the oldest confirmed keys leave, then the oldest unconfirmed; never one held by an event. Default: no bound. */
  maxKeys?: number;
  /** Confirm in the same step (the key counts as seen at once). */
  confirmed?: boolean;
}

export type Claim =
  | { state: 'first'; token: string }
  /** `firstSeen`: wall clock ms of the claim that holds the key. */
  | { state: 'pending' | 'done'; firstSeen: number };

export interface NewEvent {
  /** Default: a random UUID. */
  id?: string;
  /**
   * Kept: JSON values, undefined, NaN and the infinities, BigInt, Date, Buffer, typed arrays, ArrayBuffer, Map, Set, circular
   * references. Left out: `req`, `res` of a message, members named by symbols. Anything else, and more than 64 levels, rejects
   * with StoreError `unstorable` that names the path.
   */
  message: unknown;
  /** Wall clock ms; default now. */
  dueAt?: number;
  /** Events of one lane keep their order; default none. */
  lane?: string;
  /** Lease it to the caller at once. */
  lease?: boolean;
  note?: unknown;
}

export interface Enqueued {
  id: string;
  /** Only with `lease`. */
  token?: string;
}

export type Accepted = ({ state: 'first' } & Enqueued) | { state: 'pending' | 'done'; firstSeen: number };

export interface LeasedEvent {
  id: string;
  token: string;
  message: unknown;
  lane?: string;
  /** How often it has been handed out, this time included. */
  deliveries: number;
  /** Wall clock ms. */
  enqueuedAt: number;
  dueAt: number;
  /** What the last reschedule left. */
  note?: unknown;
}

export interface Burial {
  reason: string;
  /** How the last delivery ended, in words. */
  outcome: string;
  /** Default: the event's deliveries; for a holder that counts attempts itself. */
  attempts?: number;
  /** Bounds of the dead letters of this queue, applied in the same step; the oldest leave. */
  keep?: { max?: number; maxAgeMs?: number };
}

export interface QueueCounts {
  /** Waiting, due or not. */
  waiting: number;
  leased: number;
  dead: number;
  /** Enqueue time of the oldest event that is waiting or leased, wall clock ms. */
  oldest?: number;
}

/** Field names as Event Grid's dead-letter schema has them. */
export interface DeadLetter {
  id: string;
  /** Undefined where the file was changed by others and the message cannot be read any more. */
  message: unknown;
  deadLetterReason: string;
  deliveryAttempts: number;
  lastDeliveryOutcome: string;
  /** When the event was enqueued, ISO 8601. */
  publishTime: string;
  lastDeliveryAttemptTime: string;
}

/**
 * closed: the store is closed (or its worker ended). locked: another process has the directory. damaged, foreign, newer-version:
 * the file is broken, not ours, or from a newer Surewire. full, io: the disk; works again by itself when the disk does.
 * unstorable: a message holds what cannot be kept. exists: the event's id is taken. unsupported: a kind of store that does not
 * exist (yet). missing: a node refers to an event store that is not there.
 */
export type StoreErrorCode =
  | 'closed'
  | 'locked'
  | 'damaged'
  | 'foreign'
  | 'newer-version'
  | 'full'
  | 'io'
  | 'unstorable'
  | 'exists'
  | 'unsupported'
  | 'missing';

/** Every failure of a store. `message` says what is wrong and what to do, and holds no payload. */
export class StoreError extends Error {
  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'StoreError';
  }
}
