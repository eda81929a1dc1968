import { randomBytes, randomUUID } from 'node:crypto';
import type { Cancel, Clock } from '../shared/clock';
import { Core } from './core';
import { type Channel, type Operation, StoreFront } from './front';
import { KEEP, type Ledger } from './ledger';
import { type Store, StoreError } from './store';
import { Timeline } from './timeline';

/** Keeps messages as text, so that nobody can change them from outside; everything else is in the core already. */
function memoryLedger(): Ledger {
  const texts = new Map<number, { message: string; note: string | undefined }>();
  const move = (from: number, to: number): void => {
    const text = texts.get(from);
    texts.delete(from);
    if (text) texts.set(to, { message: text.message, note: undefined });
  };
  const message = (seq: number): { message: string; note: string | undefined } =>
    texts.get(seq) ?? { message: 'null', note: undefined };
  const nothing = (): void => undefined;
  return {
    scopeAdded: nothing,
    scopeDropped: nothing,
    claimAdded: nothing,
    claimRemoved: nothing,
    claimsRemovedUpTo: nothing,
    queueAdded: nothing,
    claimDetached: nothing,
    eventAdded: (event, text, note) => texts.set(event.seq, { message: text, note }),
    eventChanged: (seq, _dueAt, _deliveries, note) => {
      if (note !== KEEP) texts.set(seq, { message: message(seq).message, note });
    },
    eventRemoved: (seq) => texts.delete(seq),
    eventBuried: (event, _changed, dead) => move(event, dead.seq),
    deadRemoved: (seq) => texts.delete(seq),
    deadReplayed: (dead, event) => move(dead, event.seq),
    message,
    deadMessage: (seq) => message(seq).message,
  };
}

class MemoryChannel implements Channel {
  readonly durable = false;
  readonly ready = Promise.resolve();
  readonly problem = undefined;
  readonly #core = new Core(memoryLedger(), {
    transactional: false,
    salt: randomBytes(16).toString('hex'),
    opening: randomUUID(),
  });
  readonly #clock: Clock;
  readonly #timeline: Timeline;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#timeline = new Timeline(clock.now(), clock.monotonic());
  }

  async call<Name extends Operation>(name: Name, ...args: Parameters<Core[Name]>): Promise<ReturnType<Core[Name]>> {
    if (this.#closed) throw new StoreError('closed', 'the event store is closed');
    this.#core.now = this.#timeline.at(this.#clock.now(), this.#clock.monotonic());
    const operation = this.#core[name] as (...given: Parameters<Core[Name]>) => ReturnType<Core[Name]>;
    return operation.apply(this.#core, args);
  }

  onProblem(): Cancel {
    return () => undefined;
  }

  async flush(): Promise<void> {
    // Every call is answered at once.
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

/** A store of its own in memory: nothing outlives the process or `close`. */
export function createMemoryStore(options: { clock: Clock }): Store {
  const { clock } = options;
  return new StoreFront(new MemoryChannel(clock), () => clock.now(), randomUUID);
}
