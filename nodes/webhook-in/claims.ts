import type { PathPattern } from './paths';
import { lookupKey } from './paths';
import type { Statuses } from './refusal';

/** What a path and method lead to. */
export interface Claim<Handler> {
  readonly nodeId: string;
  readonly pattern: PathPattern;
  readonly methods: readonly string[];
  readonly handler: Handler;
  /** What its maker has refusals answered with, also those that never reach the handler. */
  readonly statuses: Statuses;
  /** True from the moment its node closes until it is replaced or the flows have started again. */
  closing: boolean;
}

export type Found<Handler> =
  | { claim: Claim<Handler>; params: Record<string, string> }
  /** The path is claimed, but not for this method; `holder` is the first that has it. */
  | { allow: string[]; holder: Claim<Handler> };

/** The table of claimed paths: literal ones by key, patterns in order of claiming. */
export class Claims<Handler> {
  readonly #literal = new Map<string, Claim<Handler>[]>();
  #patterns: Claim<Handler>[] = [];

  get size(): number {
    return this.#literal.size + this.#patterns.length;
  }

  *all(): Generator<Claim<Handler>> {
    for (const claims of this.#literal.values()) yield* claims;
    yield* this.#patterns;
  }

  /**
   * Claims a path for the methods. A claim that is closing gives way.
   * @returns the id of another node that holds the path for one of the methods; nothing is claimed then
   */
  claim(claim: Claim<Handler>): string | undefined {
    for (const other of Array.from(this.all())) {
      if (other.pattern.key !== claim.pattern.key || !other.methods.some((method) => claim.methods.includes(method)))
        continue;
      if (!other.closing) return other.nodeId;
      this.remove(other);
    }
    if (claim.pattern.literal) {
      const key = claim.pattern.key;
      this.#literal.set(key, [...(this.#literal.get(key) ?? []), claim]);
    } else {
      this.#patterns = [...this.#patterns, claim];
    }
    return undefined;
  }

  remove(claim: Claim<Handler>): void {
    if (!claim.pattern.literal) {
      this.#patterns = this.#patterns.filter((other) => other !== claim);
      return;
    }
    const left = (this.#literal.get(claim.pattern.key) ?? []).filter((other) => other !== claim);
    if (left.length > 0) this.#literal.set(claim.pattern.key, left);
    else this.#literal.delete(claim.pattern.key);
  }

  /** Drops what closed and was not replaced. */
  sweep(): void {
    for (const claim of Array.from(this.all())) if (claim.closing) this.remove(claim);
  }

  /** @param path below the node root, undecoded, without query */
  find(method: string, path: string): Found<Handler> | undefined {
    let allow: string[] = [];
    let holder: Claim<Handler> | undefined;
    const literal = this.#literal.get(lookupKey(path));
    if (literal) {
      for (const claim of literal) {
        if (claim.methods.includes(method)) return { claim, params: {} };
        holder ??= claim;
        allow = [...allow, ...claim.methods];
      }
    }
    for (const claim of this.#patterns) {
      const params = claim.pattern.match(path);
      if (!params) continue;
      if (claim.methods.includes(method)) return { claim, params };
      holder ??= claim;
      allow = [...allow, ...claim.methods];
    }
    return holder && { allow: [...new Set(allow)], holder };
  }
}
