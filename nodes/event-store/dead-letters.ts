import type { Holder } from './claim-holders';
import type { DeadRow } from './ledger';
import { type Linked, List } from './list';
import type { Entry, Queue, QueueContext } from './queue';
import type { Burial } from './store';
import type { Moment } from './timeline';

export interface Dead extends Linked, Holder, Omit<DeadRow, 'queue' | 'claim'> {}

/** A queue's dead letters, oldest burial first. */
export class DeadLetters {
  readonly letters = new List<Dead>();
  readonly #byId = new Map<string, Dead>();

  constructor(
    readonly queue: Queue,
    readonly context: QueueContext,
  ) {}

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** A leased entry leaves its queue and becomes a dead letter; the letters beyond the bounds leave. */
  bury(entry: Entry, burial: Burial, now: Moment): void {
    this.queue.take(entry);
    const dead = this.letter({
      seq: this.context.nextSeq(),
      id: entry.id,
      lane: entry.seat?.lane,
      enqueuedAt: entry.enqueuedAt,
      buriedAt: now.wall,
      attemptedAt: entry.attemptedAt || now.wall,
      attempts: burial.attempts ?? entry.deliveries,
      reason: burial.reason,
      outcome: burial.outcome,
    });
    this.#inherit(entry, dead);
    this.put(dead);
    this.context.ledger.eventBuried(entry.seq, entry.changed, this.#row(dead));
    const { max = Number.POSITIVE_INFINITY, maxAgeMs } = burial.keep ?? {};
    const eldest = maxAgeMs === undefined ? Number.NEGATIVE_INFINITY : now.wall - maxAgeMs;
    for (let head = this.letters.head; head; head = this.letters.head) {
      if (this.letters.size <= max && head.buriedAt >= eldest) break;
      this.#purge(head);
    }
  }

  page(after: string | undefined, limit: number): Dead[] {
    const page: Dead[] = [];
    let letter = after === undefined ? this.letters.head : this.#byId.get(after)?.next;
    for (; letter && page.length < limit; letter = letter.next) page.push(letter);
    return page;
  }

  replay(ids: readonly string[] | undefined, everyMs: number, now: Moment): number {
    const letters = this.#named(ids);
    letters.forEach((dead, index) => {
      this.#remove(dead);
      const { id, lane } = dead;
      const seq = this.context.nextSeq();
      const dueAt = now.wall + index * everyMs;
      const entry = this.queue.entry({ seq, id, lane, dueAt, enqueuedAt: now.wall, deliveries: 0 });
      this.#inherit(dead, entry);
      this.queue.put(entry);
      this.context.ledger.deadReplayed(dead.seq, this.queue.row(entry));
    });
    return letters.length;
  }

  purge(ids: readonly string[] | undefined): number {
    const letters = this.#named(ids);
    for (const dead of letters) this.#purge(dead);
    return letters.length;
  }

  letter(from: Omit<DeadRow, 'queue' | 'claim'>): Dead {
    const { ledger } = this.context;
    return { ...from, claim: undefined, detached: () => ledger.claimDetached(from.seq, true) };
  }

  put(dead: Dead): void {
    this.letters.append(dead);
    this.#byId.set(dead.id, dead);
    this.context.undo.add(() => {
      this.letters.remove(dead);
      this.#byId.delete(dead.id);
    });
  }

  #row(dead: Dead): DeadRow {
    const { prev: _prev, next: _next, detached: _detached, claim, ...row } = dead;
    const held = claim === undefined ? undefined : this.context.claims.held(claim);
    return { ...row, queue: this.queue.number, claim: held };
  }

  #named(ids: readonly string[] | undefined): Dead[] {
    if (!ids) return [...this.letters];
    const found = [...new Set(ids)].map((id) => this.#byId.get(id)).filter((dead) => dead !== undefined);
    return found.sort((a, b) => a.seq - b.seq);
  }

  #remove(dead: Dead): void {
    this.letters.remove(dead);
    this.#byId.delete(dead.id);
    this.context.undo.add(() => {
      this.letters.restore(dead);
      this.#byId.set(dead.id, dead);
    });
  }

  /** A dead letter given up on frees its key: the event was never handled. */
  #purge(dead: Dead): void {
    this.#remove(dead);
    if (dead.claim !== undefined) this.context.claims.abandon(dead.claim);
    this.context.ledger.deadRemoved(dead.seq);
  }

  #inherit(from: Holder, to: Holder): void {
    const slot = from.claim;
    if (slot === undefined) return;
    to.claim = slot;
    this.context.claims.pass(slot, to);
  }
}
