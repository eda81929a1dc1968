/** A member of a doubly linked list; the links belong to the list. */
export interface Linked {
  prev?: this | undefined;
  next?: this | undefined;
}

/** An ordered list with removal from anywhere in constant time (a Map's order costs more with every hole at its front). */
export class List<T extends Linked> {
  head: T | undefined;
  tail: T | undefined;
  size = 0;

  append(item: T): void {
    this.insert(item, this.tail, undefined);
  }

  remove(item: T): void {
    if (item.prev) item.prev.next = item.next;
    else this.head = item.next;
    if (item.next) item.next.prev = item.prev;
    else this.tail = item.prev;
    this.size -= 1;
  }

  /** Takes the last removal back: the item's links still say where it was. */
  restore(item: T): void {
    this.insert(item, item.prev, item.next);
  }

  insert(item: T, prev: T | undefined, next: T | undefined): void {
    item.prev = prev;
    item.next = next;
    if (prev) prev.next = item;
    else this.head = item;
    if (next) next.prev = item;
    else this.tail = item;
    this.size += 1;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let item = this.head; item; item = item.next) yield item;
  }
}
