/** Bytes of unfinished bodies that are kept at a time, whatever the number of senders. */
const MAX_ARRIVING = 64 * 1024 * 1024;

/** One body that is still on its way. */
export interface ArrivingBody {
  held: number;
  /** Called when its room is needed. */
  evict(): void;
}

/**
 * The bodies that are arriving, over all nodes. A thousand senders that each stall before their last byte must not fill the memory
 * of a small device, and those who stall must not keep the others out: so the one that began first has to go.
 */
export class ArrivingBodies {
  readonly #bodies = new Set<ArrivingBody>();
  #held = 0;

  constructor(readonly max = MAX_ARRIVING) {}

  get held(): number {
    return this.#held;
  }

  /** Adds bytes to a body; the oldest others are evicted until the rest fits. A body alone may be as large as its node allows. */
  grow(body: ArrivingBody, bytes: number): void {
    this.#bodies.add(body);
    body.held += bytes;
    this.#held += bytes;
    if (this.#held <= this.max) return;
    for (const other of Array.from(this.#bodies)) {
      if (this.#held <= this.max) break;
      if (other === body) continue;
      this.release(other);
      other.evict();
    }
  }

  /** The body is complete, refused or gone. */
  release(body: ArrivingBody): void {
    if (!this.#bodies.delete(body)) return;
    this.#held -= body.held;
    body.held = 0;
  }
}
