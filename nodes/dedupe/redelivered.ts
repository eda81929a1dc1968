import type { Cancel, Clock } from '../shared/clock';
import type { Message } from './key';

const LOOK_EVERY_MS = 500;

/** What waits, and whom it belongs to. */
interface Waiting {
  msg: Message;
  done: (error?: Error) => void;
}

/** Whether a webhook in has handed the message on before: what it waits for is how this delivery fares. */
export function isRedelivered({ event }: Message): boolean {
  return typeof event === 'object' && event !== null && (event as { redelivered?: unknown }).redelivered === true;
}

/**
 * Redelivered events whose key an earlier delivery still holds (the webhook in was deployed anew while the flow was at work, or the
 * store could not free the key of a failed flow yet). Were they duplicates at once, the webhook in would take them for handled, and an
 * event whose first delivery then fails would be lost; so they wait until the key is done, or free.
 */
export class RedeliveredEvents<Arrival extends Waiting> {
  readonly #since = new WeakMap<Arrival, number>();
  readonly #timers = new Set<Cancel>();

  /**
   * @param patienceMs how long one waits where nobody here works on its key, milliseconds; then it fails
   * @param again decides about a message anew
   */
  constructor(
    private readonly clock: Clock,
    private readonly patienceMs: number,
    private readonly again: (arrival: Arrival, key: string) => void,
  ) {}

  wait(arrival: Arrival, key: string, atWorkHere: boolean): void {
    const now = this.clock.monotonic();
    const since = atWorkHere ? now : (this.#since.get(arrival) ?? now);
    this.#since.set(arrival, since);
    if (now - since > this.patienceMs) {
      arrival.done(new Error('an earlier delivery of this event still holds its key'));
      return;
    }
    const cancel = this.clock.after(LOOK_EVERY_MS, () => {
      this.#timers.delete(cancel);
      this.again(arrival, key);
    });
    this.#timers.add(cancel);
  }

  close(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }
}
