import type { Cancel, Clock } from '../shared/clock';
import type { LeasedEvent, Store } from './store';

export interface FeedParts {
  store: Store;
  queue: string;
  clock: Clock;
  /** How many events may be handed out now. */
  room: () => number;
  /** When there is no room although places are free: milliseconds until there may be; 0 = somebody will call `pump`. */
  waitMs: () => number;
  /** Takes an event that is due. Called only while the feed is open. */
  take: (event: LeasedEvent) => void;
  problem: (error: unknown) => void;
}

/** Pause after an error of the store. */
const PAUSE_MS = 1000;
/** Pause before asking again where the store says "due" but has handed nothing out; doubles up to the other one. */
const SHORTEST_PAUSE_MS = 1;
/** Due times are wall clock, timers are not: look again at least this often, in case the clock was set. */
const LOOK_AGAIN_MS = 30_000;
/** Bodies in the heap at once. */
const MOST_AT_ONCE = 256;

/** Hands out the events of a queue as they fall due and as there is room; asks the store only when something may be due. */
export class Feed {
  #mayBeDue = false;
  #version = 0;
  #leasing: Promise<void> | undefined;
  #cancelTimer: Cancel | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #pauseMs = SHORTEST_PAUSE_MS;
  #closed = false;

  constructor(private readonly parts: FeedParts) {}

  /** True when, as far as is known, nothing in the queue is due: a newcomer overtakes nobody. */
  get empty(): boolean {
    return !this.#mayBeDue && this.#leasing === undefined;
  }

  /** Something in the queue may be due now. */
  changed(): void {
    this.#mayBeDue = true;
    this.#version += 1;
    this.pump();
  }

  /** Something in the queue falls due at this wall clock time. */
  wakeBy(dueAt: number): void {
    const wait = dueAt - this.parts.clock.now();
    if (wait <= 0) this.changed();
    else this.#wakeIn(wait);
  }

  /** There may be room. */
  pump(): void {
    if (this.#closed || this.#leasing || !this.#mayBeDue) return;
    const { room, waitMs } = this.parts;
    let free = room();
    if (free < 1) {
      const wait = waitMs();
      if (wait > 0) {
        this.#wakeIn(wait);
        return;
      }
      // Time has passed between the two looks: what forbade to send until now may have ended just then, and nobody will call.
      free = room();
    }
    if (free >= 1) this.#leasing = this.#lease(Math.min(free, MOST_AT_ONCE));
  }

  /** Nothing is handed out any more; resolves when the store has answered what it was asked. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopTimer();
    await this.#leasing;
  }

  async #lease(limit: number): Promise<void> {
    const { store, queue } = this.parts;
    const version = this.#version;
    let asked = true;
    // Whatever the timer was for is looked at now.
    this.#stopTimer();
    try {
      const events = await store.lease(queue, limit);
      if (events.length > 0) this.#pauseMs = SHORTEST_PAUSE_MS;
      for (const event of events) this.#hand(event);
      if (events.length < limit && version === this.#version) {
        this.#mayBeDue = false;
        await this.#sleepUntilDue();
      }
    } catch (error) {
      asked = false;
      if (!this.#closed) this.parts.problem(error);
    }
    this.#leasing = undefined;
    if (asked) this.pump();
    else this.#wakeIn(PAUSE_MS);
  }

  /** One event that cannot be taken must not keep the others of its lease from being handed out. */
  #hand(event: LeasedEvent): void {
    try {
      this.parts.take(event);
    } catch (error) {
      this.parts.problem(error);
    }
  }

  async #sleepUntilDue(): Promise<void> {
    const { store, queue, clock } = this.parts;
    const dueAt = await store.nextDue(queue);
    if (dueAt === undefined) return;
    const wait = dueAt - clock.now();
    if (wait > 0) {
      this.#pauseMs = SHORTEST_PAUSE_MS;
      this.#wakeIn(wait);
      return;
    }
    // Due and yet not handed out: it fell due between the two questions, or the clock in the store's thread is a little behind.
    this.#wakeIn(this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS);
  }

  #wakeIn(ms: number): void {
    if (this.#closed) return;
    const { clock } = this.parts;
    const wait = Math.min(ms, LOOK_AGAIN_MS);
    const at = clock.monotonic() + wait;
    if (at >= this.#timerAt) return;
    this.#stopTimer();
    this.#timerAt = at;
    this.#cancelTimer = clock.after(wait, () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.changed();
    });
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#timerAt = Number.POSITIVE_INFINITY;
  }
}
