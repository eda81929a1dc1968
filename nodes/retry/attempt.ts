import type { Cancel, Clock } from '../shared/clock';
import type { Outcome } from '../shared/outcome/contract';

export interface AttemptOptions {
  /** The event's id. */
  id: string;
  /** Counted from 1. */
  number: number;
  /** When the message arrived, ISO 8601; tells an attempt from one of the same number before a replay. */
  firstAt: string;
  /** Milliseconds; 0 = no limit. */
  timeoutMs: number;
  clock: Clock;
  /** Called once: how the attempt ended. */
  onSettled(outcome: Outcome): void;
  /** Called at most once: only the settle time is left, the receiver is no longer at work. */
  onSettling(): void;
}

/**
 * One attempt's life: sent, perhaps settling, settled once. Whatever comes after that (a second outcome, an answer after the
 * timeout, anything after it was abandoned) is ignored.
 */
export class Attempt {
  #state: 'new' | 'sent' | 'settling' | 'settled' = 'new';
  #cancelTimer: Cancel | undefined;
  #cancelTracking: Cancel | undefined;

  constructor(private readonly options: AttemptOptions) {}

  /**
   * Sends it. An outcome may be heard before `send` returns; a `send` that throws is a failure.
   * @param send hands the message on and returns how to stop following it
   */
  begin(send: () => Cancel | undefined): void {
    const { clock, timeoutMs } = this.options;
    this.#state = 'sent';
    if (timeoutMs > 0) this.#cancelTimer = clock.after(timeoutMs, () => this.settle({ kind: 'timeout' }));
    try {
      const cancel = send();
      if (this.#settled()) cancel?.();
      else this.#cancelTracking = cancel;
    } catch (error) {
      this.settle({ kind: 'failure', error: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Success is near: nothing is under way any more, only the settle time has to pass. */
  settling(): void {
    if (this.#state !== 'sent') return;
    this.#state = 'settling';
    this.options.onSettling();
  }

  /** @returns false when the attempt was over already */
  settle(outcome: Outcome): boolean {
    if (this.#settled()) return false;
    this.#finish();
    this.options.onSettled(outcome);
    return true;
  }

  /** Nothing about this attempt is wanted any more. @returns false when it was over already */
  abandon(): boolean {
    if (this.#settled()) return false;
    this.#finish();
    return true;
  }

  /** Whether `retry` (the property of a message that came back) speaks of this very attempt. */
  is(retry: { attempt: number; firstAt?: unknown }): boolean {
    if (this.#settled() || retry.attempt !== this.options.number) return false;
    return retry.firstAt === undefined || retry.firstAt === this.options.firstAt;
  }

  #settled(): boolean {
    return this.#state === 'settled';
  }

  #finish(): void {
    this.#state = 'settled';
    this.#cancelTimer?.();
    this.#cancelTracking?.();
  }
}
