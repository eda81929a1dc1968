import { ClaimTable, NIL } from './claim-table';
import type { Digest } from './digest';
import type { HeldClaim } from './ledger';
import type { Undo } from './undo';

/** Rows of one scope lie side by side in the file, in the order in which they were written: they leave by range. */
export const ROWS_PER_SCOPE = 2 ** 37;
/** As many scopes as there are such ranges among the integers that JavaScript counts exactly. */
const MAX_SCOPES = 2 ** 16 - 1;

/** The lists of a scope: claims under a lease, claims held by an event, keys that are done; oldest first. */
export const LEASED = 0;
export const HELD = 1;
export const DONE = 2;

export interface Scope {
  readonly id: number;
  readonly name: string;
  readonly heads: number[];
  readonly tails: number[];
  count: number;
  evicted: number;
  /** The last row given out. */
  row: number;
}

/** Scopes, and the slots of the table in the lists of their scope. Every change can be taken back. */
export class ClaimSlots {
  readonly table = new ClaimTable();
  readonly byName = new Map<string, Scope>();
  readonly byId = new Map<number, Scope>();
  readonly #undo: Undo;
  #lastScope = 0;

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  scopeOf(slot: number): Scope {
    return this.byId.get(this.table.scope[slot] as number) as Scope;
  }

  newScope(name: string): Scope {
    let id = this.#lastScope + 1;
    if (id > MAX_SCOPES) for (id = 1; this.byId.has(id); ) id += 1;
    const scope = this.addScope(id, name);
    this.byName.set(name, scope);
    this.#undo.add(() => {
      this.byName.delete(name);
      this.byId.delete(id);
    });
    return scope;
  }

  /** A scope that no name leads to (yet). */
  addScope(id: number, name: string): Scope {
    const ends = (): number[] => [NIL, NIL, NIL];
    const scope: Scope = { id, name, heads: ends(), tails: ends(), count: 0, evicted: 0, row: id * ROWS_PER_SCOPE };
    this.#lastScope = Math.max(this.#lastScope, id);
    this.byId.set(id, scope);
    return scope;
  }

  /** A slot for a key, in no list yet. */
  enter(scope: Scope, digest: Digest, firstSeen: number, until: number): number {
    const slot = this.table.add(digest);
    this.table.scope[slot] = scope.id;
    this.table.firstSeen[slot] = firstSeen;
    this.table.until[slot] = until;
    scope.count += 1;
    this.#undo.add(() => {
      scope.count -= 1;
      this.table.remove(slot);
    });
    return slot;
  }

  /** Takes a slot that is in no list out of the table. */
  drop(slot: number): void {
    const { table } = this;
    const scope = this.scopeOf(slot);
    if (this.#undo.kept) {
      const { digest, firstSeen, until } = this.claim(slot);
      const row = table.row[slot] as number;
      this.#undo.add(() => {
        // The table hands out the slot last given back first, so that it is the same one again.
        table.add(digest);
        table.scope[slot] = scope.id;
        table.firstSeen[slot] = firstSeen;
        table.until[slot] = until;
        table.row[slot] = row;
        scope.count += 1;
      });
    }
    table.remove(slot);
    scope.count -= 1;
  }

  claim(slot: number): HeldClaim {
    const { table } = this;
    return {
      scope: table.scope[slot] as number,
      digest: table.digest(slot),
      firstSeen: table.firstSeen[slot] as number,
      until: table.until[slot] as number,
    };
  }

  append(slot: number, list: number): void {
    const scope = this.scopeOf(slot);
    this.table.list[slot] = list;
    this.#link(scope, slot, list, scope.tails[list] as number, NIL);
    if (this.#undo.kept) this.#undo.add(() => this.#cut(scope, slot, list));
  }

  unlink(slot: number): void {
    const { table } = this;
    const scope = this.scopeOf(slot);
    const list = table.list[slot] as number;
    const prev = table.prev[slot] as number;
    const next = table.next[slot] as number;
    this.#cut(scope, slot, list);
    if (!this.#undo.kept) return;
    this.#undo.add(() => {
      table.list[slot] = list;
      this.#link(scope, slot, list, prev, next);
    });
  }

  #link(scope: Scope, slot: number, list: number, prev: number, next: number): void {
    const { table } = this;
    table.prev[slot] = prev;
    table.next[slot] = next;
    if (prev === NIL) scope.heads[list] = slot;
    else table.next[prev] = slot;
    if (next === NIL) scope.tails[list] = slot;
    else table.prev[next] = slot;
  }

  #cut(scope: Scope, slot: number, list: number): void {
    const { table } = this;
    const prev = table.prev[slot] as number;
    const next = table.next[slot] as number;
    if (prev === NIL) scope.heads[list] = next;
    else table.next[prev] = next;
    if (next === NIL) scope.tails[list] = prev;
    else table.prev[next] = prev;
  }
}
