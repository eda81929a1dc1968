import type { Cancel } from '../shared/clock';
import type { ArrivalParts, Core, RawDead, RawLease } from './core';
import { decode, encode } from './encode';
import {
  type Accepted,
  type Burial,
  type Claim,
  type ClaimOptions,
  type DeadLetter,
  type Enqueued,
  type LeasedEvent,
  type NewEvent,
  type QueueCounts,
  type Store,
  StoreError,
} from './store';

/** The operations of the core that a channel carries. */
export type Operation = Exclude<
  { [Name in keyof Core]: Core[Name] extends (...args: never[]) => unknown ? Name : never }[keyof Core],
  'loadQueue' | 'loadEvent' | 'loadDead'
>;

/** Brings an operation to the core, wherever it lives, and its result back once it is durable. */
export interface Channel {
  readonly durable: boolean;
  readonly ready: Promise<void>;
  readonly problem: string | undefined;
  onProblem(listener: (problem: string | undefined) => void): Cancel;
  call<Name extends Operation>(name: Name, ...args: Parameters<Core[Name]>): Promise<ReturnType<Core[Name]>>;
  flush(): Promise<unknown>;
  close(): Promise<void>;
}

/** Node-RED's HTTP request and response: sockets, which no store can keep. */
const NEVER_STORED = ['req', 'res'];

/** The latest a Date can be, in the year 275760; node:sqlite cannot read numbers back that are not much larger. */
const LATEST = 8.64e15;

/** The Store as its users see it: messages become text on the way in and values again on the way out, in the user's thread. */
export class StoreFront implements Store {
  readonly #channel: Channel;
  readonly #wall: () => number;
  readonly #uuid: () => string;

  constructor(channel: Channel, wall: () => number, uuid: () => string) {
    this.#channel = channel;
    this.#wall = wall;
    this.#uuid = uuid;
  }

  get durable(): boolean {
    return this.#channel.durable;
  }

  get ready(): Promise<void> {
    return this.#channel.ready;
  }

  get problem(): string | undefined {
    return this.#channel.problem;
  }

  onProblem(listener: (problem: string | undefined) => void): Cancel {
    return this.#channel.onProblem(listener);
  }

  claim(scope: string, key: string, options: ClaimOptions): Promise<Claim> {
    return this.#channel.call('claim', scope, key, options);
  }

  confirm(scope: string, key: string, token: string): Promise<boolean> {
    return this.#channel.call('confirm', scope, key, token);
  }

  release(scope: string, key: string, token: string): Promise<boolean> {
    return this.#channel.call('release', scope, key, token);
  }

  extend(scope: string, key: string, token: string, leaseMs: number): Promise<boolean> {
    return this.#channel.call('extend', scope, key, token, leaseMs);
  }

  forget(scope: string, key?: string): Promise<number> {
    return this.#channel.call('forget', scope, key);
  }

  keys(scope: string): Promise<{ count: number; evicted: number }> {
    return this.#channel.call('keys', scope);
  }

  async enqueue(queue: string, event: NewEvent): Promise<Enqueued> {
    const parts = this.#parts(event);
    return enqueued(parts, await this.#channel.call('enqueue', queue, ...parts));
  }

  async accept(queue: string, event: NewEvent, scope: string, key: string, options: ClaimOptions): Promise<Accepted> {
    const parts = this.#parts(event);
    const accepted = await this.#channel.call('accept', queue, scope, key, options, ...parts);
    return typeof accepted === 'string' ? { state: 'first', ...enqueued(parts, accepted) } : accepted;
  }

  async lease(queue: string, limit: number): Promise<LeasedEvent[]> {
    const events: LeasedEvent[] = [];
    const raw = await this.#channel.call('lease', queue, limit);
    for (const lease of raw) {
      const event = readable(lease);
      if (event) events.push(event);
      // An event that cannot be read must not be handed out for ever, nor block the ones behind it.
      else await this.bury(queue, lease.id, lease.token, { reason: 'unreadable', outcome: UNREADABLE });
    }
    return events;
  }

  nextDue(queue: string): Promise<number | undefined> {
    return this.#channel.call('nextDue', queue);
  }

  acknowledge(queue: string, id: string, token: string): Promise<boolean> {
    return this.#channel.call('acknowledge', queue, id, token);
  }

  async reschedule(queue: string, id: string, token: string, dueAt: number, note?: unknown): Promise<boolean> {
    return this.#channel.call('reschedule', queue, id, token, dueTime(dueAt), noteText(note));
  }

  bury(queue: string, id: string, token: string, burial: Burial): Promise<boolean> {
    return this.#channel.call('bury', queue, id, token, burial);
  }

  releaseLeases(queue: string): Promise<number> {
    return this.#channel.call('releaseLeases', queue);
  }

  counts(queue: string): Promise<QueueCounts> {
    return this.#channel.call('counts', queue);
  }

  async deadLetters(queue: string, page: { after?: string; limit: number }): Promise<DeadLetter[]> {
    return (await this.#channel.call('deadLetters', queue, page.after, page.limit)).map(deadLetter);
  }

  replay(queue: string, ids?: readonly string[], everyMs = 0): Promise<number> {
    return this.#channel.call('replay', queue, ids, everyMs);
  }

  purge(queue: string, ids?: readonly string[]): Promise<number> {
    return this.#channel.call('purge', queue, ids);
  }

  async flush(): Promise<void> {
    await this.#channel.flush();
  }

  close(): Promise<void> {
    return this.#channel.close();
  }

  #parts(event: NewEvent): ArrivalParts {
    const { id = this.#uuid(), message, note, dueAt = this.#wall(), lane, lease = false } = event;
    return [id, encode(message, 'msg', NEVER_STORED), noteText(note), dueTime(dueAt), lane, lease];
  }
}

function dueTime(ms: number): number {
  return Math.min(Math.round(ms), LATEST);
}

function enqueued([id]: ArrivalParts, token: string): Enqueued {
  return token === '' ? { id } : { id, token };
}

const UNREADABLE = 'the stored message cannot be read';

function noteText(note: unknown): string | undefined {
  return note === undefined ? undefined : encode(note, 'note');
}

function tryDecode(text: string): { value: unknown } | undefined {
  try {
    return { value: decode(text) };
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}

function readable(raw: RawLease): LeasedEvent | undefined {
  const { lane, note, message, ...rest } = raw;
  const read = tryDecode(message);
  const noted = note === undefined ? undefined : tryDecode(note);
  if (!read || (note !== undefined && !noted)) return undefined;
  return {
    ...rest,
    message: read.value,
    ...(lane === undefined ? {} : { lane }),
    ...(noted ? { note: noted.value } : {}),
  };
}

function deadLetter(raw: RawDead): DeadLetter {
  return {
    id: raw.id,
    message: tryDecode(raw.message)?.value,
    deadLetterReason: raw.reason,
    deliveryAttempts: raw.attempts,
    lastDeliveryOutcome: raw.outcome,
    publishTime: new Date(raw.enqueuedAt).toISOString(),
    lastDeliveryAttemptTime: new Date(raw.attemptedAt).toISOString(),
  };
}
