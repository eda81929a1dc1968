import type { Persist } from '../event-store/persist';
import type { Store } from '../event-store/store';
import type { Clock } from '../shared/clock';
import type { Outcome } from '../shared/outcome/contract';
import type { EventMessage } from './message';
import type { StoredDeadLetters } from './stored-dead-letters';
import { type Delivered, failuresOf, redeliveryDelayMs, UNDONE } from './stored-delivery';

export interface SettlementParts {
  store: Store;
  queue: string;
  clock: Clock;
  options: { redeliveries: number; redeliveryBaseMs: number };
  deadLetters: StoredDeadLetters;
  persist: Persist;
  /** The event is among the dead letters. */
  gaveUp: (message: EventMessage, reason: string) => void;
  /** The event has left the queue. */
  left: () => void;
}

/** What an outcome leads to: the event leaves the store, waits for its next delivery, or joins the dead letters. */
export class StoredSettlement {
  constructor(private readonly parts: SettlementParts) {}

  /** @returns from when on the event can be handed out again, wall clock ms; undefined = it has left, or the node has closed */
  async conclude(event: Delivered, outcome: Outcome): Promise<number | undefined> {
    const { store, queue, options, left } = this.parts;
    if (outcome.kind === 'success') {
      const taken = await this.#write(event, ({ id, token }) => store.acknowledge(queue, id, token));
      if (taken) left();
      return this.#unlessTaken(taken);
    }
    if (failuresOf(event) > options.redeliveries)
      return this.giveUp(event, outcome.kind === 'failure' ? outcome.error : UNDONE);
    return this.#reschedule(event, outcome.kind === 'failure' ? outcome.retryAfterMs : undefined);
  }

  /** As `conclude`, for an event that is not to be handed to the flow any more. */
  async giveUp(event: Delivered, reason: string): Promise<number | undefined> {
    const { deadLetters, left, gaveUp } = this.parts;
    const attempts = failuresOf(event);
    const taken = await this.#write(event, ({ id, token }) => deadLetters.bury(id, token, reason, attempts));
    if (taken) {
      left();
      gaveUp(event.message, reason);
    }
    return this.#unlessTaken(taken);
  }

  async #reschedule(event: Delivered, askedMs: number | undefined): Promise<number | undefined> {
    const { store, queue, clock, options } = this.parts;
    const { closings } = event;
    const dueAt = clock.now() + redeliveryDelayMs(options.redeliveryBaseMs, failuresOf(event), askedMs);
    const taken = await this.#write(event, ({ id, token }) => store.reschedule(queue, id, token, dueAt, { closings }));
    return taken ? dueAt : this.#unlessTaken(taken);
  }

  /** A lease that was lost: somebody else may have the event, or it waits. */
  #unlessTaken(taken: boolean | undefined): number | undefined {
    return taken === false ? this.parts.clock.now() : undefined;
  }

  /**
   * Has the store take a change of a leased event, however long that takes.
   * @returns false where the lease is lost, undefined where the node closed first
   */
  async #write(event: Delivered, change: (event: Delivered) => Promise<boolean>): Promise<boolean | undefined> {
    for (;;) {
      const { token } = event;
      let taken = false;
      const asked = await this.parts.persist.keep(async () => {
        taken = await change(event);
      });
      if (!asked) return undefined;
      // Handed out again meanwhile (the store's thread had ended): the new token will do.
      if (taken || token === event.token) return taken;
    }
  }
}
