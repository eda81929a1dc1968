import type { Store } from '../event-store/store';
import type { Cancel, Clock } from '../shared/clock';

interface Work {
  readonly key: string;
  readonly token: string;
  /** The flow has succeeded, but the store could not be told yet. */
  succeeded: boolean;
}

/**
 * The claims whose messages a flow is working on. Their leases are extended as long as that lasts, all by one timer, so that a
 * slow flow keeps its key; they die by themselves when this process does.
 */
export class ClaimsAtWork {
  readonly #works = new Map<string, Work>();
  #timer: Cancel | undefined;
  #closed = false;

  /** @param troubled told what the store said when a lease, a confirmation or a release failed */
  constructor(
    private readonly store: Store,
    private readonly scope: string,
    private readonly leaseMs: number,
    private readonly clock: Clock,
    private readonly troubled: (error: unknown) => void,
  ) {}

  get size(): number {
    return this.#works.size;
  }

  begin(key: string, token: string): void {
    this.#works.set(token, { key, token, succeeded: false });
    this.#arm();
  }

  /** The flow succeeded: the key is done. Where the store fails it is tried again with each extension. */
  async confirm(key: string, token: string): Promise<void> {
    try {
      await this.store.confirm(this.scope, key, token);
      this.#works.delete(token);
    } catch (error) {
      const work = this.#works.get(token);
      if (work) work.succeeded = true;
      this.troubled(error);
    }
  }

  /** The flow failed: the key is free again. Where the store fails it becomes so when the lease runs out. */
  async release(key: string, token: string): Promise<void> {
    this.#works.delete(token);
    try {
      await this.store.release(this.scope, key, token);
    } catch (error) {
      this.troubled(error);
    }
  }

  /** Frees every key at work. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.();
    await Promise.all([...this.#works.values()].map(({ key, token }) => this.release(key, token)));
  }

  #arm(): void {
    if (this.#timer || this.#closed || this.#works.size === 0) return;
    this.#timer = this.clock.after(this.leaseMs / 3, () => {
      this.#timer = undefined;
      for (const work of this.#works.values()) void this.#extend(work);
      this.#arm();
    });
  }

  async #extend(work: Work): Promise<void> {
    if (work.succeeded) return this.confirm(work.key, work.token);
    try {
      // A claim that was evicted or forgotten meanwhile has nothing to extend any more.
      if (!(await this.store.extend(this.scope, work.key, work.token, this.leaseMs))) this.#works.delete(work.token);
    } catch (error) {
      this.troubled(error);
    }
  }
}
