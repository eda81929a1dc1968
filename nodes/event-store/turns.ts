/** What is done with a thousand answers may hold the event loop longer than others should wait: a few leave in each turn of it. */
const AT_ONCE = 200;

/** Runs steps in order, some in each turn of the event loop, the first at once. */
export class Turns {
  #steps: (() => void)[] = [];
  #next = 0;
  #running = false;
  readonly #done: () => void;

  /** @param done called whenever all steps have run */
  constructor(done: () => void) {
    this.#done = done;
  }

  get size(): number {
    return this.#steps.length - this.#next;
  }

  add(step: () => void): void {
    this.#steps.push(step);
  }

  give(): void {
    if (!this.#running) this.#turn();
  }

  #turn(): void {
    const end = Math.min(this.#next + AT_ONCE, this.#steps.length);
    while (this.#next < end) {
      this.#steps[this.#next]?.();
      this.#next += 1;
    }
    this.#running = this.size > 0;
    if (this.#running) {
      setImmediate(() => this.#turn());
      return;
    }
    this.#steps = [];
    this.#next = 0;
    this.#done();
  }
}
