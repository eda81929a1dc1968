import { ClaimTable, NIL } from './claim-table';
import { type Digest, digestOf } from './digest';
import { Heap } from './heap';
import type { ClaimRow, HeldClaim, Ledger } from './ledger';
import type { Claim, ClaimOptions } from './store';
import type { Moment } from './timeline';
import type { Undo } from './undo';

/** Rows of one scope lie side by side in the file, in the order in which they were written: they leave by range. */
export const ROWS_PER_SCOPE = 2 ** 37;

/** What keeps a claim without a lease: an event in a queue or among the dead letters. */
export interface Holder {
  claim: number | undefined;
  /** The claim was forgotten. */
  readonly detached: () => void;
}

interface Lease {
  slot: number;
  token: string;
  deadline: number;
}

const LEASED = 0;
const HELD = 1;
const DONE = 2;

interface Scope {
  readonly id: number;
  readonly name: string;
  readonly heads: number[];
  readonly tails: number[];
  count: number;
  evicted: number;
  /** The last row given out. */
  row: number;
}

/** How many expired keys leave in passing, at most, with each operation: more than one, so that they leave faster than new ones come. */
const SWEEP = 64;

/** The claims of every scope. Nothing but keys that are done outlives a restart: leases die with their holder. */
export class Claims {
  readonly #table = new ClaimTable();
  readonly #scopes = new Map<string, Scope>();
  readonly #byId = new Map<number, Scope>();
  /** Scopes forgotten as a whole; their keys leave bit by bit. */
  readonly #dying: Scope[] = [];
  readonly #leases = new Map<number, Lease>();
  readonly #holders = new Map<number, Holder>();
  readonly #lapsing = new Heap<Lease>((a, b) => a.deadline < b.deadline);
  #lastScope = 0;

  /**
   * @param salt see digestOf
   * @param token makes a token that no other claim ever had
   */
  constructor(
    readonly salt: string,
    readonly ledger: Ledger,
    readonly undo: Undo,
    readonly token: () => string,
  ) {}

  claim(scopeName: string, key: string, options: ClaimOptions, now: Moment): Claim {
    const found = this.#take(scopeName, key, options, now);
    if (typeof found === 'object') return found;
    const slot = found;
    if (options.confirmed) {
      this.#finish(slot);
      this.#bound(slot, options);
      return { state: 'first', token: this.token() };
    }
    this.#append(slot, LEASED);
    const lease = { slot, token: this.token(), deadline: now.t + options.leaseMs };
    this.#setLease(slot, lease);
    this.#lapsing.push(lease);
    this.#bound(slot, options);
    return { state: 'first', token: lease.token };
  }

  /** Claims a key for an event: the claim stays as long as the event does. Returns the claim's slot, or who has the key. */
  hold(scopeName: string, key: string, options: ClaimOptions, holder: Holder, now: Moment): number | Claim {
    const found = this.#take(scopeName, key, options, now);
    if (typeof found === 'object') return found;
    if (options.confirmed) this.#finish(found);
    else {
      this.#append(found, HELD);
      this.#setHolder(found, holder);
    }
    this.#bound(found, options);
    return found;
  }

  /** Another holder takes the claim over. */
  pass(slot: number, holder: Holder): void {
    this.#setHolder(slot, holder);
  }

  /** The event that holds the claim is done. */
  settle(slot: number, now: Moment): void {
    this.#setHolder(slot, undefined);
    this.#unlink(slot);
    if ((this.#table.until[slot] as number) > now.t) this.#finish(slot);
    else this.#drop(slot);
  }

  /** The event that holds the claim has left unhandled. */
  abandon(slot: number): void {
    this.#setHolder(slot, undefined);
    this.#unlink(slot);
    this.#drop(slot);
  }

  confirm(scopeName: string, key: string, token: string, now: Moment): boolean {
    const lease = this.#leaseOf(scopeName, key, token, now);
    if (!lease) return false;
    this.#setLease(lease.slot, undefined);
    this.#unlink(lease.slot);
    if ((this.#table.until[lease.slot] as number) > now.t) this.#finish(lease.slot);
    else this.#drop(lease.slot);
    return true;
  }

  release(scopeName: string, key: string, token: string, now: Moment): boolean {
    const lease = this.#leaseOf(scopeName, key, token, now);
    if (!lease) return false;
    this.#remove(lease.slot);
    return true;
  }

  extend(scopeName: string, key: string, token: string, leaseMs: number, now: Moment): boolean {
    const lease = this.#leaseOf(scopeName, key, token, now);
    if (!lease) return false;
    const extended = { ...lease, deadline: now.t + leaseMs };
    this.#setLease(lease.slot, extended);
    this.#lapsing.push(extended);
    return true;
  }

  forget(scopeName: string, key: string | undefined, now: Moment): number {
    this.#sweepLeases(now);
    const scope = this.#scopes.get(scopeName);
    if (!scope) return 0;
    if (key !== undefined) {
      const slot = this.#table.find(digestOf(this.salt, scopeName, key));
      if (slot === NIL || this.#table.scope[slot] !== scope.id) return 0;
      const live = this.#table.list[slot] !== DONE || (this.#table.until[slot] as number) > now.t;
      this.#remove(slot);
      return live ? 1 : 0;
    }
    this.#sweepScope(scope, now, Number.POSITIVE_INFINITY);
    const { count } = scope;
    for (const list of [LEASED, HELD])
      for (let slot = scope.heads[list] as number; slot !== NIL; slot = scope.heads[list] as number) this.#remove(slot);
    this.#scopes.delete(scopeName);
    this.#dying.push(scope);
    this.ledger.scopeDropped(scope.id);
    this.undo.add(() => {
      this.#dying.pop();
      this.#scopes.set(scopeName, scope);
    });
    return count;
  }

  keys(scopeName: string, now: Moment): { count: number; evicted: number } {
    this.#sweepLeases(now);
    const scope = this.#scopes.get(scopeName);
    if (!scope) return { count: 0, evicted: 0 };
    this.#sweepScope(scope, now, 100 * SWEEP);
    return { count: scope.count, evicted: scope.evicted };
  }

  /** Lets up to `limit` keys whose time is over leave, from any scope. True when there may be more. */
  sweep(now: Moment, limit: number): boolean {
    this.#sweepLeases(now);
    let left = limit;
    for (const scope of this.#byId.values()) {
      if (left <= 0) return true;
      left -= this.#sweepScope(scope, now, left);
    }
    return left <= 0;
  }

  loadScope(id: number, name: string): void {
    this.#addScope(id, name);
  }

  load(claim: ClaimRow): void {
    const scope = this.#byId.get(claim.scope) as Scope;
    const slot = this.#enter(scope, claim.digest, claim.firstSeen, claim.until);
    this.#table.row[slot] = claim.row;
    scope.row = claim.row;
    this.#append(slot, DONE);
  }

  loadHeld(claim: HeldClaim, holder: Holder): number {
    const slot = this.#enter(this.#byId.get(claim.scope) as Scope, claim.digest, claim.firstSeen, claim.until);
    this.#append(slot, HELD);
    this.#holders.set(slot, holder);
    return slot;
  }

  /** A claim as the row of its event keeps it. */
  held(slot: number): HeldClaim {
    return {
      scope: this.#table.scope[slot] as number,
      digest: this.#table.digest(slot),
      firstSeen: this.#table.firstSeen[slot] as number,
      until: this.#table.until[slot] as number,
    };
  }

  /** A fresh slot (in no list yet), or who has the key. */
  #take(scopeName: string, key: string, options: ClaimOptions, now: Moment): number | Claim {
    this.#sweepLeases(now);
    const scope = this.#scopes.get(scopeName) ?? this.#newScope(scopeName);
    this.#sweepScope(scope, now, SWEEP);
    this.#sweepDying();
    const digest = digestOf(this.salt, scopeName, key);
    const slot = this.#table.find(digest);
    if (slot !== NIL) {
      const mine = this.#table.scope[slot] === scope.id;
      const done = this.#table.list[slot] === DONE;
      if (mine && (!done || (this.#table.until[slot] as number) > now.t))
        return { state: done ? 'done' : 'pending', firstSeen: this.#table.firstSeen[slot] as number };
      this.#remove(slot);
    }
    const fresh = this.#enter(scope, digest, now.wall, now.t + options.windowMs);
    this.undo.add(() => {
      scope.count -= 1;
      this.#table.remove(fresh);
    });
    return fresh;
  }

  #enter(scope: Scope, digest: Digest, firstSeen: number, until: number): number {
    const slot = this.#table.add(digest);
    this.#table.scope[slot] = scope.id;
    this.#table.firstSeen[slot] = firstSeen;
    this.#table.until[slot] = until;
    scope.count += 1;
    return slot;
  }

  #leaseOf(scopeName: string, key: string, token: string, now: Moment): Lease | undefined {
    this.#sweepLeases(now);
    const lease = this.#leases.get(this.#table.find(digestOf(this.salt, scopeName, key)));
    return lease?.token === token ? lease : undefined;
  }

  /** Leases that have run out free their keys. */
  #sweepLeases(now: Moment): void {
    for (let lease = this.#lapsing.peek(); lease && lease.deadline <= now.t; lease = this.#lapsing.peek()) {
      this.#lapsing.pop();
      // Extended, confirmed and released ones have another entry, or none.
      if (this.#leases.get(lease.slot) === lease) this.#remove(lease.slot);
    }
  }

  #sweepScope(scope: Scope, now: Moment, limit: number): number {
    let swept = 0;
    for (; swept < limit; swept += 1) {
      const slot = scope.heads[DONE] as number;
      if (slot === NIL || (this.#table.until[slot] as number) > now.t) break;
      this.#removeOldest(scope, slot);
    }
    return swept;
  }

  #sweepDying(): void {
    const scope = this.#dying[0];
    if (!scope) return;
    for (let count = 0; count < SWEEP; count += 1) {
      const slot = scope.heads[DONE] as number;
      if (slot === NIL) break;
      this.#removeOldest(scope, slot);
    }
    if (scope.heads[DONE] !== NIL) return;
    this.#dying.shift();
    this.#byId.delete(scope.id);
    this.undo.add(() => {
      this.#dying.unshift(scope);
      this.#byId.set(scope.id, scope);
    });
  }

  /** Beyond the bound the oldest leave: of those that are done, else of those leased; never the key just claimed nor one that an event holds. */
  #bound(fresh: number, options: ClaimOptions): void {
    if (options.maxKeys === undefined) return;
    const scope = this.#byId.get(this.#table.scope[fresh] as number) as Scope;
    while (scope.count > options.maxKeys) {
      const done = scope.heads[DONE] as number;
      const leased = scope.heads[LEASED] as number;
      if (done !== NIL && done !== fresh) this.#removeOldest(scope, done);
      else if (leased !== NIL && leased !== fresh) this.#remove(leased);
      else break;
      scope.evicted += 1;
      this.undo.add(() => {
        scope.evicted -= 1;
      });
    }
  }

  /** Makes a slot that is in no list a key that is done. */
  #finish(slot: number): void {
    const scope = this.#byId.get(this.#table.scope[slot] as number) as Scope;
    scope.row += 1;
    const { row } = scope;
    this.#table.row[slot] = row;
    this.#append(slot, DONE);
    this.ledger.claimAdded({ row, ...this.held(slot) });
  }

  #removeOldest(scope: Scope, slot: number): void {
    this.ledger.claimsRemovedUpTo(scope.id, this.#table.row[slot] as number);
    this.#unlink(slot);
    this.#drop(slot);
  }

  #remove(slot: number): void {
    if (this.#table.list[slot] === DONE) this.ledger.claimRemoved(this.#table.row[slot] as number);
    const holder = this.#holders.get(slot);
    if (holder) {
      holder.claim = undefined;
      holder.detached();
      this.undo.add(() => {
        holder.claim = slot;
      });
      this.#setHolder(slot, undefined);
    } else if (this.#leases.has(slot)) this.#setLease(slot, undefined);
    this.#unlink(slot);
    this.#drop(slot);
  }

  /** Takes a slot that is in no list out of the table. */
  #drop(slot: number): void {
    const table = this.#table;
    const scope = this.#byId.get(table.scope[slot] as number) as Scope;
    if (this.undo.kept) {
      const claim = { row: table.row[slot] as number, ...this.held(slot) };
      this.undo.add(() => {
        // The table hands the slot given back last out first, so that it is the same one again.
        this.#enter(scope, claim.digest, claim.firstSeen, claim.until);
        table.row[slot] = claim.row;
      });
    }
    table.remove(slot);
    scope.count -= 1;
  }

  #setLease(slot: number, lease: Lease | undefined): void {
    const before = this.#leases.get(slot);
    const set = (value: Lease | undefined): void => {
      if (value) this.#leases.set(slot, value);
      else this.#leases.delete(slot);
    };
    set(lease);
    this.undo.add(() => {
      set(before);
      if (before) this.#lapsing.push(before);
    });
  }

  #setHolder(slot: number, holder: Holder | undefined): void {
    const before = this.#holders.get(slot);
    const set = (value: Holder | undefined): void => {
      if (value) this.#holders.set(slot, value);
      else this.#holders.delete(slot);
    };
    set(holder);
    this.undo.add(() => set(before));
  }

  #newScope(name: string): Scope {
    const scope = this.#addScope(this.#lastScope + 1, name);
    this.ledger.scopeAdded(scope.id, name);
    this.undo.add(() => {
      this.#scopes.delete(name);
      this.#byId.delete(scope.id);
    });
    return scope;
  }

  #addScope(id: number, name: string): Scope {
    const ends = (): number[] => [NIL, NIL, NIL];
    const scope: Scope = { id, name, heads: ends(), tails: ends(), count: 0, evicted: 0, row: id * ROWS_PER_SCOPE };
    this.#lastScope = Math.max(this.#lastScope, id);
    this.#scopes.set(name, scope);
    this.#byId.set(id, scope);
    return scope;
  }

  #append(slot: number, list: number): void {
    const scope = this.#byId.get(this.#table.scope[slot] as number) as Scope;
    this.#table.list[slot] = list;
    this.#link(scope, slot, list, scope.tails[list] as number, NIL);
    if (this.undo.kept) this.undo.add(() => this.#cut(scope, slot, list));
  }

  #unlink(slot: number): void {
    const table = this.#table;
    const scope = this.#byId.get(table.scope[slot] as number) as Scope;
    const list = table.list[slot] as number;
    const prev = table.prev[slot] as number;
    const next = table.next[slot] as number;
    this.#cut(scope, slot, list);
    if (!this.undo.kept) return;
    this.undo.add(() => {
      table.list[slot] = list;
      this.#link(scope, slot, list, prev, next);
    });
  }

  #link(scope: Scope, slot: number, list: number, prev: number, next: number): void {
    const table = this.#table;
    table.prev[slot] = prev;
    table.next[slot] = next;
    if (prev === NIL) scope.heads[list] = slot;
    else table.next[prev] = slot;
    if (next === NIL) scope.tails[list] = slot;
    else table.prev[next] = slot;
  }

  #cut(scope: Scope, slot: number, list: number): void {
    const table = this.#table;
    const prev = table.prev[slot] as number;
    const next = table.next[slot] as number;
    if (prev === NIL) scope.heads[list] = next;
    else table.next[prev] = next;
    if (next === NIL) scope.tails[list] = prev;
    else table.prev[next] = prev;
  }
}
