import type { RuntimeNode } from './runtime';

interface Tapped {
  node: RuntimeNode;
  /** What `error` was if the node had one of its own; undefined = the prototype's. */
  own: RuntimeNode['error'] | undefined;
  tap: RuntimeNode['error'];
}

/**
 * Listens to `node.error(error, msg)` of single nodes: it fires no hook, and some core nodes (http request) report a failure
 * only by it and complete as if nothing had happened.
 */
export class ErrorTap {
  readonly #tapped = new Map<RuntimeNode, Tapped>();

  constructor(private readonly listener: (node: RuntimeNode, error: unknown, msg: unknown) => void) {}

  get size(): number {
    return this.#tapped.size;
  }

  /** Listens to a node until `release`. */
  add(node: RuntimeNode): void {
    if (this.#tapped.has(node)) return;
    const own = Object.hasOwn(node, 'error') ? node.error : undefined;
    const original = node.error;
    const tap = (error: unknown, msg?: unknown, ...rest: unknown[]): void => {
      if (this.#tapped.has(node)) this.listener(node, error, msg);
      Reflect.apply(original, node, [error, msg, ...rest]);
    };
    this.#tapped.set(node, { node, own, tap });
    node.error = tap;
  }

  /** Gives back the nodes that `gone` picks, by default all. Where somebody wrapped ours in turn it stays, without effect. */
  release(gone: (node: RuntimeNode) => boolean = () => true): void {
    for (const { node, own, tap } of this.#tapped.values()) {
      if (!gone(node)) continue;
      this.#tapped.delete(node);
      if (node.error !== tap) continue;
      if (own) node.error = own;
      else Reflect.deleteProperty(node, 'error');
    }
  }
}
