/**
 * What has to happen in reverse order when a transaction fails, so that what is in memory says again what the file says.
 * A memory store never fails and keeps none.
 */
export class Undo {
  #steps: (() => void)[] = [];

  /** @param kept false while nothing has to be taken back (a memory store; while a file is read) */
  constructor(public kept: boolean) {}

  add(step: () => void): void {
    if (this.kept) this.#steps.push(step);
  }

  /** The transaction is durable. */
  forget(): void {
    if (this.#steps.length > 0) this.#steps = [];
  }

  rollback(): void {
    const steps = this.#steps;
    this.#steps = [];
    for (let at = steps.length - 1; at >= 0; at -= 1) steps[at]?.();
  }
}
