import { ClaimHolders, type Holder, type Lease } from './claim-holders';
import { ClaimSlots, DONE, HELD, LEASED, type Scope } from './claim-slots';
import { type ClaimTable, NIL } from './claim-table';
import { digestOf } from './digest';
import type { ClaimRow, HeldClaim, Ledger } from './ledger';
import type { Claim, ClaimOptions } from './store';
import type { Moment } from './timeline';
import type { Undo } from './undo';

/** How many expired keys leave in passing, at most, with each operation: more than one, so that they leave faster than new ones come. */
const SWEEP = 64;

/** The claims of every scope. Nothing but keys that are done outlives a restart: leases die with their holder. */
export class Claims {
  /** Scopes forgotten as a whole; their keys leave bit by bit. */
  readonly #dying: Scope[] = [];
  readonly #slots: ClaimSlots;
  readonly #table: ClaimTable;
  readonly #holders: ClaimHolders;

  /**
   * @param salt see digestOf
   * @param token makes a token that no other claim ever had
   */
  constructor(
    readonly salt: string,
    readonly ledger: Ledger,
    readonly undo: Undo,
    readonly token: () => string,
  ) {
    this.#holders = new ClaimHolders(undo);
    this.#slots = new ClaimSlots(undo);
    this.#table = this.#slots.table;
  }

  claim(scopeName: string, key: string, options: ClaimOptions, now: Moment): Claim {
    const found = this.#take(scopeName, key, options, now);
    if (typeof found === 'object') return found;
    const slot = found;
    if (options.confirmed) {
      this.#finish(slot);
      this.#bound(slot, options);
      return { state: 'first', token: this.token() };
    }
    this.#slots.append(slot, LEASED);
    const lease = { slot, token: this.token(), deadline: now.t + options.leaseMs };
    this.#holders.setLease(slot, lease);
    this.#bound(slot, options);
    return { state: 'first', token: lease.token };
  }

  /** Claims a key for an event: the claim stays as long as the event does. Returns the claim's slot, or who has the key. */
  hold(scopeName: string, key: string, options: ClaimOptions, holder: Holder, now: Moment): number | Claim {
    const found = this.#take(scopeName, key, options, now);
    if (typeof found === 'object') return found;
    if (options.confirmed) this.#finish(found);
    else {
      this.#slots.append(found, HELD);
      this.#holders.setHolder(found, holder);
    }
    this.#bound(found, options);
    return found;
  }

  /** Another holder takes the claim over. */
  pass(slot: number, holder: Holder): void {
    this.#holders.setHolder(slot, holder);
  }

  /** The event that holds the claim is done. */
  settle(slot: number, now: Moment): void {
    this.#holders.setHolder(slot, undefined);
    this.#slots.unlink(slot);
    if ((this.#table.until[slot] as number) > now.t) this.#finish(slot);
    else this.#slots.drop(slot);
  }

  /** The event that holds the claim has left unhandled. */
  abandon(slot: number): void {
    this.#holders.setHolder(slot, undefined);
    this.#slots.unlink(slot);
    this.#slots.drop(slot);
  }

  confirm(scopeName: string, key: string, token: string, now: Moment): boolean {
    const lease = this.#leaseOf(scopeName, key, token, now);
    if (!lease) return false;
    this.#holders.setLease(lease.slot, undefined);
    this.#slots.unlink(lease.slot);
    if ((this.#table.until[lease.slot] as number) > now.t) this.#finish(lease.slot);
    else this.#slots.drop(lease.slot);
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
    this.#holders.setLease(lease.slot, extended);
    return true;
  }

  forget(scopeName: string, key: string | undefined, now: Moment): number {
    this.#sweepLeases(now);
    const scope = this.#slots.byName.get(scopeName);
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
    this.#slots.byName.delete(scopeName);
    this.#dying.push(scope);
    this.ledger.scopeDropped(scope.id);
    this.undo.add(() => {
      this.#dying.pop();
      this.#slots.byName.set(scopeName, scope);
    });
    return count;
  }

  keys(scopeName: string, now: Moment): { count: number; evicted: number } {
    this.#sweepLeases(now);
    const scope = this.#slots.byName.get(scopeName);
    if (!scope) return { count: 0, evicted: 0 };
    this.#sweepScope(scope, now, 100 * SWEEP);
    return { count: scope.count, evicted: scope.evicted };
  }

  /** Lets up to `limit` keys whose time is over leave, from any scope. True when there may be more. */
  sweep(now: Moment, limit: number): boolean {
    this.#sweepLeases(now);
    let left = limit - this.#sweepDying(limit);
    for (const scope of this.#slots.byId.values()) {
      if (left <= 0) return true;
      left -= this.#sweepScope(scope, now, left);
    }
    return left <= 0 || this.#dying.length > 0;
  }

  loadScope(id: number, name: string): void {
    this.#slots.byName.set(name, this.#slots.addScope(id, name));
  }

  load(claim: ClaimRow): void {
    const scope = this.#slots.byId.get(claim.scope) ?? this.#leftOver(claim.scope);
    const slot = this.#slots.enter(scope, claim.digest, claim.firstSeen, claim.until);
    this.#table.row[slot] = claim.row;
    scope.row = claim.row;
    this.#slots.append(slot, DONE);
  }

  loadHeld(claim: HeldClaim, holder: Holder): number {
    const scope = this.#slots.byId.get(claim.scope) ?? this.#leftOver(claim.scope);
    const slot = this.#slots.enter(scope, claim.digest, claim.firstSeen, claim.until);
    this.#slots.append(slot, HELD);
    this.#holders.setHolder(slot, holder);
    return slot;
  }

  /** A claim as the row of its event keeps it. */
  held(slot: number): HeldClaim {
    return this.#slots.claim(slot);
  }

  /** A fresh slot (in no list yet), or who has the key. */
  #take(scopeName: string, key: string, options: ClaimOptions, now: Moment): number | Claim {
    this.#sweepLeases(now);
    const scope = this.#slots.byName.get(scopeName) ?? this.#newScope(scopeName);
    this.#sweepScope(scope, now, SWEEP);
    this.#sweepDying(SWEEP);
    const digest = digestOf(this.salt, scopeName, key);
    const slot = this.#table.find(digest);
    if (slot !== NIL) {
      const mine = this.#table.scope[slot] === scope.id;
      const done = this.#table.list[slot] === DONE;
      if (mine && (!done || (this.#table.until[slot] as number) > now.t))
        return { state: done ? 'done' : 'pending', firstSeen: this.#table.firstSeen[slot] as number };
      this.#remove(slot);
    }
    return this.#slots.enter(scope, digest, now.wall, now.t + options.windowMs);
  }

  #leaseOf(scopeName: string, key: string, token: string, now: Moment): Lease | undefined {
    this.#sweepLeases(now);
    const lease = this.#holders.lease(this.#table.find(digestOf(this.salt, scopeName, key)));
    return lease?.token === token ? lease : undefined;
  }

  /** Leases that have run out free their keys. */
  #sweepLeases(now: Moment): void {
    for (let lease = this.#holders.lapsed(now.t); lease; lease = this.#holders.lapsed(now.t)) this.#remove(lease.slot);
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

  /** Lets keys of forgotten scopes leave; returns how many. */
  #sweepDying(limit: number): number {
    const scope = this.#dying[0];
    if (!scope) return 0;
    let swept = 0;
    for (; swept < limit; swept += 1) {
      const slot = scope.heads[DONE] as number;
      if (slot === NIL) break;
      this.#removeOldest(scope, slot);
    }
    if (scope.heads[DONE] !== NIL) return swept;
    this.#dying.shift();
    this.#slots.byId.delete(scope.id);
    this.undo.add(() => {
      this.#dying.unshift(scope);
      this.#slots.byId.set(scope.id, scope);
    });
    return swept;
  }

  /** Beyond the bound the oldest leave: of those that are done, else of those leased; never the key just claimed nor one that an event holds. */
  #bound(fresh: number, options: ClaimOptions): void {
    if (options.maxKeys === undefined) return;
    const scope = this.#slots.scopeOf(fresh);
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
    const scope = this.#slots.scopeOf(slot);
    scope.row += 1;
    const { row } = scope;
    this.#table.row[slot] = row;
    this.#slots.append(slot, DONE);
    this.ledger.claimAdded({ row, ...this.held(slot) });
  }

  #removeOldest(scope: Scope, slot: number): void {
    this.ledger.claimsRemovedUpTo(scope.id, this.#table.row[slot] as number);
    this.#slots.unlink(slot);
    this.#slots.drop(slot);
  }

  #remove(slot: number): void {
    if (this.#table.list[slot] === DONE) this.ledger.claimRemoved(this.#table.row[slot] as number);
    const holder = this.#holders.holder(slot);
    if (holder) {
      holder.claim = undefined;
      holder.detached();
      this.undo.add(() => {
        holder.claim = slot;
      });
      this.#holders.setHolder(slot, undefined);
    } else if (this.#holders.lease(slot)) this.#holders.setLease(slot, undefined);
    this.#slots.unlink(slot);
    this.#slots.drop(slot);
  }

  /** A scope that was forgotten, and whose last keys had not left yet. */
  #leftOver(id: number): Scope {
    const scope = this.#slots.addScope(id, '');
    this.#dying.push(scope);
    return scope;
  }

  #newScope(name: string): Scope {
    const scope = this.#slots.newScope(name);
    this.ledger.scopeAdded(scope.id, name);
    return scope;
  }
}
