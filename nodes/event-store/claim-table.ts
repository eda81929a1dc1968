import type { Digest } from './digest';

/** No slot. */
export const NIL = 0xffffffff;

/** The same bytes in a longer buffer; the old one is given back at once where the runtime can do that (Node >= 21), else by the garbage collector. */
function grown(buffer: ArrayBuffer & { transfer?: (length: number) => ArrayBuffer }, length: number): ArrayBuffer {
  if (buffer.transfer) return buffer.transfer(length);
  const longer = new Uint8Array(length);
  longer.set(new Uint8Array(buffer));
  return longer.buffer;
}

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
    this.scope = new Uint32Array(grown(this.scope.buffer, capacity * Uint32Array.BYTES_PER_ELEMENT));
    this.list = new Uint8Array(grown(this.list.buffer, capacity * Uint8Array.BYTES_PER_ELEMENT));
    this.prev = new Uint32Array(grown(this.prev.buffer, capacity * Uint32Array.BYTES_PER_ELEMENT));
    this.next = new Uint32Array(grown(this.next.buffer, capacity * Uint32Array.BYTES_PER_ELEMENT));
    this.firstSeen = new Float64Array(grown(this.firstSeen.buffer, capacity * Float64Array.BYTES_PER_ELEMENT));
    this.until = new Float64Array(grown(this.until.buffer, capacity * Float64Array.BYTES_PER_ELEMENT));
    this.row = new Float64Array(grown(this.row.buffer, capacity * Float64Array.BYTES_PER_ELEMENT));
    this.#digests = new Uint32Array(grown(this.#digests.buffer, capacity * 4 * Uint32Array.BYTES_PER_ELEMENT));
    let buckets = 512;
    while (buckets < capacity * 2) buckets *= 2;
    this.#index = new Uint32Array(buckets);
    this.#mask = buckets - 1;
    this.#capacity = capacity;
    for (let slot = 0; slot < this.#used; slot += 1) this.#enter(slot);
  }
}
