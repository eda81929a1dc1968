import { Heap } from '../shared/heap';
import type { Undo } from './undo';

/** What keeps a claim without a lease: an event in a queue or among the dead letters. */
export interface Holder {
  claim: number | undefined;
  /** The claim was forgotten. */
  readonly detached: () => void;
}

export interface Lease {
  slot: number;
  token: string;
  deadline: number;
}

/** Who holds the claims that are not done: a token with a deadline, or an event. */
export class ClaimHolders {
  readonly #leases = new Map<number, Lease>();
  readonly #holders = new Map<number, Holder>();
  /** Extended, confirmed and released leases stay in until their old deadline, and count for nothing. */
  readonly #lapsing = new Heap<Lease>((a, b) => a.deadline < b.deadline);
  readonly #undo: Undo;

  constructor(undo: Undo) {
    this.#undo = undo;
  }

  lease(slot: number): Lease | undefined {
    return this.#leases.get(slot);
  }

  holder(slot: number): Holder | undefined {
    return this.#holders.get(slot);
  }

  /** Takes the next lease that has run out by `t` off the list; its slot is still leased. */
  lapsed(t: number): Lease | undefined {
    for (let lease = this.#lapsing.peek(); lease && lease.deadline <= t; lease = this.#lapsing.peek()) {
      this.#lapsing.pop();
      if (this.#leases.get(lease.slot) === lease) return lease;
    }
    return undefined;
  }

  setLease(slot: number, lease: Lease | undefined): void {
    const before = this.#leases.get(slot);
    const set = (value: Lease | undefined): void => {
      if (value) {
        this.#leases.set(slot, value);
        this.#lapsing.push(value);
      } else this.#leases.delete(slot);
    };
    set(lease);
    this.#undo.add(() => set(before));
  }

  setHolder(slot: number, holder: Holder | undefined): void {
    const before = this.#holders.get(slot);
    const set = (value: Holder | undefined): void => {
      if (value) this.#holders.set(slot, value);
      else this.#holders.delete(slot);
    };
    set(holder);
    this.#undo.add(() => set(before));
  }
}
