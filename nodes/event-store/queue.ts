import { Heap } from '../shared/heap';
import type { Holder } from './claim-holders';
import type { Claims } from './claims';
import { type EventRow, KEEP, type Ledger } from './ledger';
import { type Linked, List } from './list';
import type { QueueCounts } from './store';
import type { Moment } from './timeline';
import type { Undo } from './undo';

/** An event that waits or is leased. Its message lies in the ledger. */
export interface Entry extends Linked, Holder {
  seq: number;
  id: string;
  /** Its place in its lane. */
  seat: Seat | undefined;
  dueAt: number;
  enqueuedAt: number;
  deliveries: number;
  /** Wall clock ms of the last hand-out. */
  attemptedAt: number;
  token: string | undefined;
  /** Whether the ledger was told of a change since it came. */
  changed: boolean;
  /** False once it has left the queue. */
  present: boolean;
}

interface Seat extends Linked {
  entry: Entry;
  lane: string;
}

export interface Arrival {
  id: string;
  message: string;
  note: string | undefined;
  dueAt: number;
  lane: string | undefined;
  lease: boolean;
}

/** What queues share. */
export interface QueueContext {
  ledger: Ledger;
  undo: Undo;
  claims: Claims;
  token(): string;
  /** Numbers events and dead letters in order. */
  nextSeq(): number;
}

/** Events in due order. Only the head of a lane is ever eligible, so that a lane keeps its order and waits for a slow head. */
export class Queue {
  readonly entries = new List<Entry>();
  readonly byId = new Map<string, Entry>();
  readonly leased = new Set<Entry>();
  readonly #lanes = new Map<string, List<Seat>>();
  /** Holds stale pairs too: an entry counts only where its due time still agrees. */
  readonly #due = new Heap<{ dueAt: number; entry: Entry }>((a, b) =>
    a.dueAt === b.dueAt ? a.entry.seq < b.entry.seq : a.dueAt < b.dueAt,
  );

  constructor(
    readonly number: number,
    readonly context: QueueContext,
  ) {}

  add(arrival: Arrival, now: Moment, claim?: number): Entry {
    const { id, dueAt, lane } = arrival;
    const entry = this.entry({ seq: this.context.nextSeq(), id, dueAt, lane, enqueuedAt: now.wall, deliveries: 0 });
    entry.claim = claim;
    // A lane that is not empty goes on in order: the event then waits although it was to be leased at once.
    const hand = arrival.lease && !(arrival.lane !== undefined && this.#lanes.has(arrival.lane));
    this.put(entry, !hand);
    if (hand) this.#hand(entry, now);
    this.context.ledger.eventAdded(this.row(entry), arrival.message, arrival.note);
    return entry;
  }

  entry(
    from: Pick<Entry, 'seq' | 'id' | 'dueAt' | 'enqueuedAt' | 'deliveries'> & {
      changed?: boolean;
      lane?: string | undefined;
    },
  ): Entry {
    const { ledger } = this.context;
    const entry: Entry = {
      seq: from.seq,
      id: from.id,
      seat: undefined,
      dueAt: from.dueAt,
      enqueuedAt: from.enqueuedAt,
      deliveries: from.deliveries,
      attemptedAt: 0,
      token: undefined,
      changed: from.changed ?? false,
      present: true,
      claim: undefined,
      detached: () => ledger.claimDetached(entry.seq, false),
    };
    if (from.lane !== undefined) entry.seat = { entry, lane: from.lane };
    return entry;
  }

  row(entry: Entry): EventRow {
    const { seq, id, dueAt, enqueuedAt, deliveries, seat, claim, changed } = entry;
    const held = claim === undefined ? undefined : this.context.claims.held(claim);
    return { seq, queue: this.number, id, lane: seat?.lane, dueAt, enqueuedAt, deliveries, claim: held, changed };
  }

  /** Puts an entry at the end, for anyone to lease unless it is handed out in the same step. */
  put(entry: Entry, waiting = true): void {
    this.entries.append(entry);
    this.byId.set(entry.id, entry);
    const { seat } = entry;
    if (seat) {
      const lane = this.#lanes.get(seat.lane) ?? new List<Seat>();
      this.#lanes.set(seat.lane, lane);
      lane.append(seat);
    }
    if (waiting) this.#offer(entry);
    this.context.undo.add(() => {
      entry.present = false;
      this.entries.remove(entry);
      this.byId.delete(entry.id);
      if (seat) this.#leaveLane(seat);
    });
  }

  /** Takes a leased entry out; the next of its lane becomes eligible. */
  take(entry: Entry): void {
    const { seat } = entry;
    this.#setToken(entry, undefined);
    entry.present = false;
    this.entries.remove(entry);
    this.byId.delete(entry.id);
    if (seat) {
      const next = this.#leaveLane(seat)?.head?.entry;
      if (next) this.#offer(next);
    }
    this.context.undo.add(() => {
      entry.present = true;
      this.entries.restore(entry);
      this.byId.set(entry.id, entry);
      if (!seat) return;
      const lane = this.#lanes.get(seat.lane) ?? new List<Seat>();
      this.#lanes.set(seat.lane, lane);
      lane.restore(seat);
    });
  }

  lease(limit: number, now: Moment): Entry[] {
    const leased: Entry[] = [];
    while (leased.length < limit) {
      const entry = this.#first();
      if (!entry || entry.dueAt > now.wall) break;
      this.#due.pop();
      this.#hand(entry, now);
      this.#change(entry, KEEP);
      leased.push(entry);
    }
    return leased;
  }

  nextDue(): number | undefined {
    return this.#first()?.dueAt;
  }

  held(id: string, token: string): Entry | undefined {
    const entry = this.byId.get(id);
    return entry?.token === token ? entry : undefined;
  }

  reschedule(entry: Entry, dueAt: number, deliveries: number, note: string | undefined | typeof KEEP): void {
    const before = { dueAt: entry.dueAt, deliveries: entry.deliveries };
    this.#setToken(entry, undefined);
    entry.dueAt = dueAt;
    entry.deliveries = deliveries;
    this.#offer(entry);
    this.#change(entry, note);
    this.context.undo.add(() => Object.assign(entry, before));
  }

  counts(): Omit<QueueCounts, 'dead'> {
    const oldest = this.entries.head?.enqueuedAt;
    return {
      waiting: this.entries.size - this.leased.size,
      leased: this.leased.size,
      ...(oldest === undefined ? {} : { oldest }),
    };
  }

  /** Should the change be rolled back, being called changed does no harm. */
  #change(entry: Entry, note: string | undefined | typeof KEEP): void {
    entry.changed = true;
    this.context.ledger.eventChanged(entry.seq, entry.dueAt, entry.deliveries, note);
  }

  #first(): Entry | undefined {
    for (let top = this.#due.peek(); top; top = this.#due.peek()) {
      const { entry } = top;
      if (entry.present && !entry.token && entry.dueAt === top.dueAt && this.#eligible(entry)) return entry;
      this.#due.pop();
    }
    return undefined;
  }

  #eligible(entry: Entry): boolean {
    return !entry.seat || this.#lanes.get(entry.seat.lane)?.head === entry.seat;
  }

  #offer(entry: Entry): void {
    if (this.#eligible(entry)) this.#due.push({ dueAt: entry.dueAt, entry });
  }

  /** Hands an entry out, counted. */
  #hand(entry: Entry, now: Moment): void {
    this.#setToken(entry, this.context.token());
    entry.deliveries += 1;
    entry.attemptedAt = now.wall;
    this.context.undo.add(() => {
      entry.deliveries -= 1;
    });
  }

  #setToken(entry: Entry, token: string | undefined): void {
    const before = entry.token;
    const set = (value: string | undefined): void => {
      entry.token = value;
      if (value) this.leased.add(entry);
      else this.leased.delete(entry);
    };
    set(token);
    this.context.undo.add(() => {
      set(before);
      if (!before) this.#offer(entry);
    });
  }

  /** The lane, unless nobody is left in it. */
  #leaveLane(seat: Seat): List<Seat> | undefined {
    const lane = this.#lanes.get(seat.lane);
    lane?.remove(seat);
    if (lane?.size !== 0) return lane;
    this.#lanes.delete(seat.lane);
    return undefined;
  }
}
