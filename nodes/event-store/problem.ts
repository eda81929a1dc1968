import type { Cancel } from '../shared/clock';

/** What is wrong with something, for people, and who wants to hear of it. */
export class Problem {
  text: string | undefined;
  readonly #listeners = new Set<(problem: string | undefined) => void>();

  listen(listener: (problem: string | undefined) => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  set(text: string | undefined): void {
    if (text === this.text) return;
    this.text = text;
    for (const listener of this.#listeners) listener(text);
  }
}
