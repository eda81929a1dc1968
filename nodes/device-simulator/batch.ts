import type { Cancel, Clock } from '../shared/clock';

/** How long the first of a batch waits for the others. */
const LINGER_MS = 1000;

/** Gathers `size` things, or what has come within a second, and hands them on together. */
export class Batch<T> {
  #items: T[] = [];
  #cancel: Cancel | undefined;

  constructor(
    readonly size: number,
    readonly clock: Clock,
    readonly emit: (items: T[]) => void,
  ) {}

  get empty(): boolean {
    return this.#items.length === 0;
  }

  add(item: T): void {
    if (this.size <= 1) {
      this.emit([item]);
      return;
    }
    this.#items.push(item);
    if (this.#items.length >= this.size) this.flush();
    else this.#cancel ??= this.clock.after(LINGER_MS, () => this.flush());
  }

  flush(): void {
    const items = this.discard();
    if (items.length > 0) this.emit(items);
  }

  /** Empties it without handing anything on. */
  discard(): T[] {
    this.#cancel?.();
    this.#cancel = undefined;
    const items = this.#items;
    this.#items = [];
    return items;
  }
}
