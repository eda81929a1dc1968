import type { Message, RuntimeNode } from './runtime';
import type { Tracking } from './tracking';

/** Enumerable on messages, because only enumerable symbols survive Node-RED's cloneMessage. A number, so that a clone is equal. */
const TAG = Symbol('surewire.outcome');

/** The tag of messages that nobody is to count. */
const UNTRACKED = 0;

const tagOf = (msg: Message): number | undefined => msg[TAG] as number | undefined;

function tag(msg: Message, id: number): void {
  // A frozen message only loses the quick way to its tracking.
  if (Object.isExtensible(msg)) msg[TAG] = id;
}

/** The trackings that have no outcome yet, found by what a message carries. */
export class Live {
  readonly #byTag = new Map<number, Tracking>();
  /** `_msgid` survives what the symbol does not: JSON, and functions that return new objects. */
  readonly #byMsgid = new Map<string, Tracking[]>();

  get size(): number {
    return this.#byTag.size;
  }

  all(): Tracking[] {
    return [...this.#byTag.values()];
  }

  add(msg: Message, tracking: Tracking): void {
    tag(msg, tracking.id);
    this.#byTag.set(tracking.id, tracking);
    const same = this.#byMsgid.get(tracking.msgid);
    if (same) same.push(tracking);
    else this.#byMsgid.set(tracking.msgid, [tracking]);
  }

  remove(tracking: Tracking): void {
    this.#byTag.delete(tracking.id);
    const same = this.#byMsgid.get(tracking.msgid);
    if (!same) return;
    if (same.length === 1) this.#byMsgid.delete(tracking.msgid);
    else same.splice(same.indexOf(tracking), 1);
  }

  /** Whether a message may belong to a tracking at all: most messages of a runtime are strangers, and shall cost little. */
  knows(msg: Message): boolean {
    return tagOf(msg) !== undefined || this.#same(msg) !== undefined;
  }

  /** The tracking whose tag a message carries; the tag of one that has ended belongs to nobody. */
  tagged(msg: Message): Tracking | undefined {
    const id = tagOf(msg);
    return id === undefined ? undefined : this.#byTag.get(id);
  }

  /**
   * The tracking a message belongs to that `source` sends. Without a tag, `_msgid` leads to it if the node that sends has had
   * a message of that tracking; of several (nested trackers, two branches) the one whose message the node received last.
   */
  sentBy(source: RuntimeNode, msg: Message): Tracking | undefined {
    if (tagOf(msg) !== undefined) return this.tagged(msg);
    const same = this.#same(msg);
    let best: Tracking | undefined;
    let atWork = false;
    let received = -1;
    for (const tracking of same ?? []) {
      const station = tracking.stations.get(source);
      if (!station) continue;
      const working = station.open > 0 || station.unsent.size > 0;
      // What is at work there comes before what has left it.
      if (working !== atWork ? atWork : station.lastReceived <= received) continue;
      [best, atWork, received] = [tracking, working, station.lastReceived];
    }
    if (best) tag(msg, best.id);
    return best;
  }

  /** Takes a message, and what follows from it, out of the counting. */
  leaveOut(msg: Message): void {
    if (this.tagged(msg) || this.#same(msg)) tag(msg, UNTRACKED);
  }

  #same(msg: Message): Tracking[] | undefined {
    return msg._msgid === undefined ? undefined : this.#byMsgid.get(msg._msgid);
  }
}
