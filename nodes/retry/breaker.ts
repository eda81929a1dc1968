import type { Clock } from '../shared/clock';
import type { RetryOptions } from './options';

export type BreakerState = 'closed' | 'open' | 'half-open';
export type BreakerOptions = Pick<
  RetryOptions,
  'breakerThreshold' | 'breakerMinimum' | 'breakerWindow' | 'breakerOpen'
>;

/** The right to make one attempt; handed back with how it went, or unused. */
export interface Permit {
  readonly round: number;
  readonly probe: boolean;
}

/** The window is counted in this many slices, so that it costs the same however many attempts it holds. */
const SLICES = 10;

/**
 * Stops attempts against a receiver that is down (Convoy's rule: a share of failures among a minimum of attempts within a window).
 * Open, nothing is sent; after `breakerOpen` seconds one probe at a time decides whether it closes or opens again. Runs on the
 * monotonic clock. Answers to attempts made before it last changed its state count for nothing.
 */
export class Breaker {
  #state: BreakerState = 'closed';
  #openedAt = 0;
  #probing = false;
  /** Rises with every change of state, so that late answers are told apart. */
  #round = 0;
  #slices: { index: number; failed: number; total: number }[] = [];

  constructor(
    private readonly options: BreakerOptions,
    private readonly clock: Clock,
  ) {}

  get state(): BreakerState {
    if (this.#state === 'open' && this.waitMs() === 0) this.#enter('half-open');
    return this.#state;
  }

  /** How long until it lets a probe through, milliseconds; 0 when it is not open. */
  waitMs(): number {
    if (this.#state !== 'open') return 0;
    return Math.max(0, this.#openedAt + this.options.breakerOpen * 1000 - this.clock.monotonic());
  }

  /** How many attempts may be started now. */
  room(): number {
    const state = this.state;
    if (state === 'closed') return Number.POSITIVE_INFINITY;
    return state === 'half-open' && !this.#probing ? 1 : 0;
  }

  /** Takes the right to one attempt; undefined when there is no room. */
  take(): Permit | undefined {
    if (this.room() === 0) return undefined;
    const probe = this.#state === 'half-open';
    if (probe) this.#probing = true;
    return { round: this.#round, probe };
  }

  /** The attempt was not made after all, or its end will not be known. */
  giveBack(permit: Permit): void {
    if (permit.round === this.#round && permit.probe) this.#probing = false;
  }

  record(permit: Permit, success: boolean): void {
    if (permit.round !== this.#round) return;
    if (permit.probe) {
      this.#enter(success ? 'closed' : 'open');
      return;
    }
    const counted = this.#count(success);
    if (
      counted.total >= this.options.breakerMinimum &&
      counted.failed / counted.total >= this.options.breakerThreshold
    ) {
      this.#enter('open');
    }
  }

  #count(success: boolean): { failed: number; total: number } {
    const sliceMs = (this.options.breakerWindow * 1000) / SLICES;
    const index = Math.floor(this.clock.monotonic() / sliceMs);
    this.#slices = this.#slices.filter((slice) => slice.index > index - SLICES);
    let slice = this.#slices.at(-1);
    if (slice?.index !== index) {
      slice = { index, failed: 0, total: 0 };
      this.#slices.push(slice);
    }
    slice.total += 1;
    if (!success) slice.failed += 1;
    return this.#slices.reduce((sum, each) => ({ failed: sum.failed + each.failed, total: sum.total + each.total }), {
      failed: 0,
      total: 0,
    });
  }

  #enter(state: BreakerState): void {
    this.#state = state;
    this.#round += 1;
    this.#probing = false;
    this.#slices = [];
    if (state === 'open') this.#openedAt = this.clock.monotonic();
  }
}
