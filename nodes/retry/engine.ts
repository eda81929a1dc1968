import { Feed } from '../event-store/feed';
import { Persist } from '../event-store/persist';
import { PRUNE_EVERY_MS } from '../event-store/prune';
import type { LeasedEvent } from '../event-store/store';
import type { Cancel } from '../shared/clock';
import type { Outcome } from '../shared/outcome/contract';
import { Attempt } from './attempt';
import { DeadLetters } from './dead-letters';
import { type Message, type RetryInfo, withoutRequest, withRequest } from './delivery';
import type { EngineCounts, EngineParts, Work } from './engine-parts';
import { type Place, Places } from './places';
import { firstNote, noteAfterClose, progressOf } from './progress';
import { Settlement } from './settlement';
import type { AttemptName } from './wired';

/** An attempt under way, or whose outcome is being written down. */
interface Running {
  work: Work;
  attempt: Attempt;
  place: Place;
  info: RetryInfo;
  startedAt: number;
}

/** Stores messages, sends them when they are due, and again until they succeed or are given up. Knows nothing of Node-RED. */
export class Engine {
  readonly deadLetters: DeadLetters;
  /** Resolves when the store is open; rejects with its error. */
  readonly opened: Promise<void>;
  readonly #places: Places;
  readonly #feed: Feed;
  readonly #persist: Persist;
  readonly #settlement: Settlement;
  readonly #running = new Map<string, Running>();
  #held = 0;
  #ready = false;
  #flowing = false;
  #paused = false;
  #closed = false;
  #pruning: Cancel | undefined;

  constructor(private readonly parts: EngineParts) {
    const { options, clock, store, queue, problem } = parts;
    this.deadLetters = new DeadLetters(store, queue, options);
    this.#places = new Places(options, clock);
    this.#persist = new Persist(clock, problem);
    this.#feed = new Feed({
      store,
      queue,
      clock,
      room: () => this.#places.room(),
      waitMs: () => this.#places.waitMs(),
      take: (event) => this.#take(event),
      problem,
    });
    this.#settlement = new Settlement({
      ...parts,
      deadLetters: this.deadLetters,
      persist: this.#persist,
      left: () => {
        this.#held -= 1;
      },
      isClosed: () => this.#closed,
    });
    this.opened = this.#open();
  }

  get counts(): EngineCounts {
    return {
      waiting: Math.max(0, this.#held - this.#running.size),
      inFlight: this.#running.size,
      dead: this.deadLetters.count,
      breaker: this.#places.breaker,
      paused: this.#paused,
    };
  }

  /** The flows run (or have stopped): messages may be handed on (or not). */
  setFlowing(flowing: boolean): void {
    this.#flowing = flowing;
    this.#gate();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#gate();
    this.parts.changed();
  }

  /**
   * Takes a message in. With a durable store `done` is called as soon as the message is in it, else when it is settled.
   * Rejects where the message is refused; it is then not stored and `done` not called.
   */
  async accept(message: Message, done: () => void): Promise<void> {
    await this.opened;
    await this.#persist.watch(this.#accept(message, done));
  }

  /** A message came back to the input. @returns whether it decided an attempt, came too late, or is none of this node's */
  answer(name: AttemptName, outcome: Outcome): 'settled' | 'late' | 'foreign' {
    const running = this.#running.get(name.id);
    if (running?.attempt.is(name) && running.attempt.settle(outcome)) return 'settled';
    return running || this.parts.owns(name.id) ? 'late' : 'foreign';
  }

  /** Puts dead letters (all, or those named) back into the queue, paced. */
  async replay(ids?: readonly string[]): Promise<number> {
    const count = await this.deadLetters.replay(ids);
    this.#held += count;
    this.#feed.changed();
    this.parts.changed();
    return count;
  }

  /** Deletes dead letters (all, or those named). */
  async purge(ids?: readonly string[]): Promise<number> {
    const count = await this.deadLetters.purge(ids);
    this.parts.changed();
    return count;
  }

  /** Nothing is sent from now on; resolves when the store holds everything as it stands. */
  async close(): Promise<void> {
    const { store, queue, clock } = this.parts;
    this.#closed = true;
    this.#pruning?.();
    this.#gate();
    const ignore = (): void => {};
    // All of it is asked for at once: on a full deploy the store may be told to close right after this node.
    const givenBack = [...this.#running.values()]
      .filter(({ attempt }) => attempt.abandon())
      // An attempt under way has not failed: it is given back as it was, only its number is spent.
      .map(async ({ work }) =>
        store.reschedule(queue, work.id, work.token, clock.now(), noteAfterClose(work.progress)).catch(ignore),
      );
    const released = store.releaseLeases(queue).catch(ignore);
    await Promise.all([...givenBack, released, this.#feed.close(), this.#persist.close()]);
  }

  async #open(): Promise<void> {
    const { store, queue, changed } = this.parts;
    await store.ready;
    const { waiting, leased, dead } = await store.counts(queue);
    this.#held = waiting + leased;
    this.deadLetters.count = dead;
    this.#ready = true;
    this.#gate();
    changed();
    this.#planPruning();
  }

  #planPruning(): void {
    const { clock, changed, problem } = this.parts;
    if (this.#closed) return;
    this.#pruning = clock.after(PRUNE_EVERY_MS, () => {
      const pruned = this.deadLetters.prune(clock.now()).then(changed, problem);
      void this.#persist.watch(pruned.then(() => this.#planPruning()));
    });
  }

  #gate(): void {
    this.#places.sending = this.#ready && this.#flowing && !this.#paused && !this.#closed;
    if (this.#places.sending) this.#feed.changed();
  }

  async #accept(message: Message, done: () => void): Promise<void> {
    const { store, queue, options, clock, custody } = this.parts;
    if (this.#closed) throw new Error('refused: the node has been closed');
    if (this.#held >= options.maxWaiting) {
      throw new Error(`refused: ${this.#held} messages are waiting already (maxWaiting is ${options.maxWaiting})`);
    }
    const now = clock.now();
    const lane = this.parts.lane(message);
    const id = this.parts.newId();
    // Where nobody waits, the message is handed out in the same step; of a lane the store says whose turn it is.
    const place = this.#feed.empty && this.#places.room() >= 1 ? this.#places.take() : undefined;
    const event = { id, message: withoutRequest(message), note: firstNote(now), lease: place !== undefined };
    this.#held += 1;
    let token: string | undefined;
    try {
      ({ token } = await store.enqueue(queue, lane === undefined ? event : { ...event, lane }));
    } catch (error) {
      this.#held -= 1;
      if (place) this.#places.unused(place);
      throw error;
    }
    if (store.durable) done();
    else custody.set(id, { message, done });
    if (place && token !== undefined && !this.#closed) {
      const progress = progressOf({ note: event.note, deliveries: 1 }, now);
      this.#start({ id, token, message: event.message, laned: lane !== undefined, progress, publishedAt: now }, place);
    } else {
      if (place) this.#places.unused(place);
      this.#feed.changed();
    }
    this.parts.changed();
  }

  #take(event: LeasedEvent): void {
    const work: Work = {
      id: event.id,
      token: event.token,
      message: event.message as Message,
      laned: event.lane !== undefined,
      progress: progressOf(event, this.parts.clock.now()),
      publishedAt: event.enqueuedAt,
    };
    // What was asked for while there was room may come when there is none any more.
    if (this.#places.room() < 1) void this.#persist.watch(this.#giveBack(work));
    else this.#start(work, this.#places.take());
  }

  async #giveBack({ id, token, progress }: Work): Promise<void> {
    const { store, queue, clock } = this.parts;
    const note = { ...noteAfterClose(progress), sent: progress.attempt - 1 };
    await this.#persist.keep(async () => store.reschedule(queue, id, token, clock.now(), note));
    this.#feed.changed();
  }

  #start(work: Work, place: Place): void {
    const { clock, options, delivery, custody } = this.parts;
    const { progress } = work;
    const info: RetryInfo = {
      id: work.id,
      attempt: progress.attempt,
      attempts: options.attempts,
      firstAt: new Date(progress.firstAt).toISOString(),
    };
    if (progress.lastError !== undefined) info.lastError = progress.lastError;
    const attempt = new Attempt({
      id: work.id,
      number: info.attempt,
      firstAt: info.firstAt,
      timeoutMs: options.timeout * 1000,
      clock,
      onSettling: () => {
        this.#places.free(place);
        this.#feed.pump();
      },
      onSettled: (outcome) => void this.#persist.watch(this.#conclude(running, outcome)),
    });
    const running: Running = { work, attempt, place, info, startedAt: clock.now() };
    this.#running.set(work.id, running);
    this.parts.changed();
    const hopeless = this.#settlement.hopeless(work, running.startedAt);
    if (hopeless) {
      attempt.abandon();
      this.#places.unused(place);
      void this.#persist.watch(this.#settlement.giveUp(work, hopeless).then(() => this.#end(running)));
      return;
    }
    attempt.begin(() => {
      const copy = withRequest(delivery.copy(work.message), custody.get(work.id));
      copy.retry = { ...info };
      return delivery.attempt(copy, {
        outcome: (outcome) => attempt.settle(outcome),
        settling: () => attempt.settling(),
      });
    });
  }

  async #conclude(running: Running, outcome: Outcome): Promise<void> {
    this.#places.record(running.place, outcome.kind === 'success');
    const { work, info, startedAt } = running;
    const dueAt = await this.#settlement.conclude(work, info, startedAt, outcome);
    if (dueAt !== undefined) this.#feed.wakeBy(dueAt);
    this.#end(running);
  }

  #end(running: Running): void {
    this.#running.delete(running.work.id);
    this.#places.free(running.place);
    if (running.work.laned) this.#feed.changed();
    else this.#feed.pump();
    this.parts.changed();
  }
}
