import type { Digest } from './digest';

/** No slot. */
export const NIL = 0xffffffff;

/**
 * Keys in typed arrays: about 60 bytes each, no object for the garbage collector, and a lookup by open addressing that costs the
 * same at 1,000 and at 1,000,000 keys. A slot's number stays the same as long as its key is in the table. Callers keep what they
 * need in the public columns.
 */
export class ClaimTable {
  scope = new Uint32Array(0);
  /** Which list of its scope the slot is in. */
  list = new Uint8Array(0);
  prev = new Uint32Array(0);
  next = new Uint32Array(0);
  firstSeen = new Float64Array(0);
  until = new Float64Array(0);
  /** The row on disk. */
  row = new Float64Array(0);
  #digests = new Uint32Array(0);
  /** Slot + 1; 0 = empty. */
  #index = new Uint32Array(0);
  #mask = 0;
  #capacity = 0;
  /** Slots given out so far; those given back hang in a chain through `next`. */
  #used = 0;
  #free = NIL;
  #size = 0;

  constructor(capacity = 256) {
    this.#grow(capacity);
  }

  get size(): number {
    return this.#size;
  }

  find(digest: Digest): number {
    for (let at = digest[0] & this.#mask; ; at = (at + 1) & this.#mask) {
      const entry = this.#index[at] as number;
      if (entry === 0) return NIL;
      if (this.#equals(entry - 1, digest)) return entry - 1;
    }
  }

  /** Gives a key that is not in the table a slot. */
  add(digest: Digest): number {
    if (this.#size === this.#capacity) this.#grow(this.#capacity * 2);
    let slot = this.#free;
    if (slot === NIL) {
      slot = this.#used;
      this.#used += 1;
    } else this.#free = this.next[slot] as number;
    this.#digests.set(digest, slot * 4);
    this.#size += 1;
    this.#enter(slot);
    return slot;
  }

  remove(slot: number): void {
    const mask = this.#mask;
    let hole = (this.#digests[slot * 4] as number) & mask;
    while (this.#index[hole] !== slot + 1) hole = (hole + 1) & mask;
    // Backward shift keeps every probe sequence without gaps and needs no tombstones.
    for (let at = (hole + 1) & mask; this.#index[at] !== 0; at = (at + 1) & mask) {
      const home = (this.#digests[((this.#index[at] as number) - 1) * 4] as number) & mask;
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        this.#index[hole] = this.#index[at] as number;
        hole = at;
      }
    }
    this.#index[hole] = 0;
    this.next[slot] = this.#free;
    this.#free = slot;
    this.#size -= 1;
  }

  digest(slot: number): Digest {
    const at = slot * 4;
    const digests = this.#digests;
    return [
      digests[at] as number,
      digests[at + 1] as number,
      digests[at + 2] as number,
      digests[at + 3] as number,
    ] as const;
  }

  #equals(slot: number, digest: Digest): boolean {
    const at = slot * 4;
    const digests = this.#digests;
    return (
      digests[at] === digest[0] &&
      digests[at + 1] === digest[1] &&
      digests[at + 2] === digest[2] &&
      digests[at + 3] === digest[3]
    );
  }

  #enter(slot: number): void {
    let at = (this.#digests[slot * 4] as number) & this.#mask;
    while (this.#index[at] !== 0) at = (at + 1) & this.#mask;
    this.#index[at] = slot + 1;
  }

  #grow(capacity: number): void {
    const grown = <T extends Uint8Array | Uint32Array | Float64Array>(old: T, next: T): T => {
      next.set(old);
      return next;
    };
    this.scope = grown(this.scope, new Uint32Array(capacity));
    this.list = grown(this.list, new Uint8Array(capacity));
    this.prev = grown(this.prev, new Uint32Array(capacity));
    this.next = grown(this.next, new Uint32Array(capacity));
    this.firstSeen = grown(this.firstSeen, new Float64Array(capacity));
    this.until = grown(this.until, new Float64Array(capacity));
    this.row = grown(this.row, new Float64Array(capacity));
    this.#digests = grown(this.#digests, new Uint32Array(capacity * 4));
    let buckets = 512;
    while (buckets < capacity * 2) buckets *= 2;
    this.#index = new Uint32Array(buckets);
    this.#mask = buckets - 1;
    this.#capacity = capacity;
    for (let slot = 0; slot < this.#used; slot += 1) this.#enter(slot);
  }
}
