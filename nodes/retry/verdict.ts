import type { Outcome } from '../shared/outcome/contract';
import { type BackoffOptions, nextDelay } from './backoff';
import type { RetryOptions } from './options';

/** Why a message is not tried again, as `deadLetterReason` says it. */
export type GiveUpReason = 'attempts-exhausted' | 'status-final' | 'too-old' | 'interrupted';

export type Verdict =
  | { kind: 'done' }
  | { kind: 'again'; delayMs: number; outcome: string }
  | { kind: 'give-up'; reason: GiveUpReason; outcome: string };

export type VerdictOptions = BackoffOptions & Pick<RetryOptions, 'attempts' | 'maxAge' | 'timeout' | 'giveUpOn'>;

/** How an attempt ended, in words for people; no payload. */
function inWords(outcome: Outcome, timeout: number): string {
  if (outcome.kind === 'success') return 'success';
  if (outcome.kind === 'timeout') return `no outcome within ${timeout} s`;
  const { error, statusCode } = outcome;
  if (statusCode === undefined || error.includes(String(statusCode))) return error;
  return `${statusCode} ${error}`;
}

/**
 * What becomes of a message after an attempt.
 * @param failures how many attempts have failed, this one included if it failed
 * @param ageMs how long ago the message arrived
 */
export function judge(
  outcome: Outcome,
  failures: number,
  ageMs: number,
  options: VerdictOptions,
  random: () => number,
): Verdict {
  if (outcome.kind === 'success') return { kind: 'done' };
  const words = inWords(outcome, options.timeout);
  const answer: { statusCode?: number; retryAfterMs?: number } = outcome.kind === 'failure' ? outcome : {};
  if (answer.statusCode !== undefined && options.giveUpOn.has(answer.statusCode)) {
    return { kind: 'give-up', reason: 'status-final', outcome: words };
  }
  if (failures >= options.attempts) return { kind: 'give-up', reason: 'attempts-exhausted', outcome: words };
  const delayMs = nextDelay(options, failures, answer, random);
  if (isTooOld(ageMs + delayMs, options)) return { kind: 'give-up', reason: 'too-old', outcome: words };
  return { kind: 'again', delayMs, outcome: words };
}

/** Whether a message of this age is no longer to be sent. */
export function isTooOld(ageMs: number, options: Pick<RetryOptions, 'maxAge'>): boolean {
  return options.maxAge > 0 && ageMs > options.maxAge * 1000;
}
