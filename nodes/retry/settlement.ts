import type { Persist } from '../event-store/persist';
import type { Outcome } from '../shared/outcome/contract';
import { type DeadLetters, deadLetterInfo, type GivingUp } from './dead-letters';
import { type Message, type RetryInfo, withRequest } from './delivery';
import type { EngineParts, Work } from './engine-parts';
import { noteAfterFailure } from './progress';
import { isTooOld, judge } from './verdict';

/** After so many hand-outs in a row that ended with the process, the event itself is suspected of ending it. */
const MOST_INTERRUPTIONS = 10;

export interface SettlementParts extends EngineParts {
  deadLetters: DeadLetters;
  persist: Persist;
  /** The event has left the queue. */
  left: () => void;
  /** True once nothing may be sent any more. */
  isClosed: () => boolean;
}

/** What an outcome leads to: the event leaves the store, waits for its next attempt, or joins the dead letters. */
export class Settlement {
  constructor(private readonly parts: SettlementParts) {}

  /**
   * @param startedAt when the attempt began, wall clock ms
   * @returns when the event is due again, wall clock ms; undefined = it has left the queue, or the node has closed meanwhile
   */
  async conclude(work: Work, info: RetryInfo, startedAt: number, outcome: Outcome): Promise<number | undefined> {
    const { store, queue, options, clock, random, persist } = this.parts;
    const { progress, publishedAt } = work;
    const now = clock.now();
    const verdict = judge(outcome, progress.failed + 1, now - progress.firstAt, options, random);
    if (verdict.kind === 'done') {
      this.#send('succeeded', work, { retry: { ...info } });
      if (await persist.keep(async () => store.acknowledge(queue, work.id, work.token))) this.#release(work);
      return undefined;
    }
    if (verdict.kind === 'again') {
      const dueAt = now + verdict.delayMs;
      const note = noteAfterFailure(progress, verdict.outcome);
      const kept = await persist.keep(async () => store.reschedule(queue, work.id, work.token, dueAt, note));
      return kept ? dueAt : undefined;
    }
    await this.giveUp(work, {
      reason: verdict.reason,
      outcome: verdict.outcome,
      attempts: progress.attempt,
      publishedAt,
      lastAttemptAt: startedAt,
    });
    return undefined;
  }

  /** Why an event is given up instead of being sent; undefined = it is sent. */
  hopeless(work: Work, now: number): GivingUp | undefined {
    const { progress, publishedAt } = work;
    const last = { attempts: progress.attempt - 1, publishedAt, lastAttemptAt: now };
    if (isTooOld(now - progress.firstAt, this.parts.options)) {
      return { reason: 'too-old', outcome: progress.lastError ?? 'it was not sent in time', ...last };
    }
    if (progress.interrupted >= MOST_INTERRUPTIONS) {
      const outcome = `the process ended ${progress.interrupted} times while it was being handled`;
      return { reason: 'interrupted', outcome, ...last };
    }
    return undefined;
  }

  /** Output 2 hears of it once the dead letter is in the store, so that it can be replayed from there at once. */
  async giveUp(work: Work, giving: GivingUp): Promise<void> {
    const { persist, deadLetters } = this.parts;
    if (!(await persist.keep(async () => deadLetters.bury(work.id, work.token, giving)))) return;
    this.#send('gaveUp', work, { deadLetter: deadLetterInfo(giving) });
    this.#release(work);
  }

  #release({ id }: Work): void {
    const { custody, left } = this.parts;
    left();
    const kept = custody.get(id);
    custody.delete(id);
    kept?.done();
  }

  #send(port: 'gaveUp' | 'succeeded', work: Work, extra: Message): void {
    const { delivery, custody, problem, isClosed } = this.parts;
    if (isClosed()) return;
    try {
      delivery[port](withRequest({ ...work.message, ...extra }, custody.get(work.id)));
    } catch (error) {
      problem(error);
    }
  }
}
