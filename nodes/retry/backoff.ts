import type { RetryOptions } from './options';

export type BackoffOptions = Pick<
  RetryOptions,
  'strategy' | 'baseMs' | 'factor' | 'maxMs' | 'jitter' | 'schedule' | 'throttleMinMs'
>;

/** The HTTP status that says "too many requests" (RFC 6585). */
const TOO_MANY_REQUESTS = 429;

function plainDelay(options: BackoffOptions, failures: number): number {
  switch (options.strategy) {
    case 'exponential':
      // The power becomes infinite at last, and nothing times infinity is no number.
      return options.baseMs === 0 ? 0 : Math.min(options.maxMs, options.baseMs * options.factor ** (failures - 1));
    case 'fixed':
      return Math.min(options.maxMs, options.baseMs);
    case 'schedule':
      return (options.schedule[Math.min(failures, options.schedule.length) - 1] ?? 0) * 1000;
  }
}

/**
 * How long to wait after the given number of failed attempts (1 = after the first), milliseconds. Jitter spreads the
 * wait evenly between (1 - jitter) and (1 + jitter) of it. `maxMs` bounds the exponential and fixed waits with their jitter:
 * at the bound the spread shrinks instead of piling up on one instant. A schedule is what the maker wrote and is not cut.
 * @param random 0 (included) to 1
 */
export function backoff(options: BackoffOptions, failures: number, random: () => number): number {
  const delay = plainDelay(options, failures);
  const low = delay * (1 - options.jitter);
  const high = delay * (1 + options.jitter);
  const top = options.strategy === 'schedule' ? high : Math.min(options.maxMs, high);
  return low + random() * (top - low);
}

/**
 * The wait before the next attempt, with what the receiver asked for: Retry-After counts between the delay and `maxMs`, and a 429
 * without it waits at least `throttleMinMs`. Milliseconds.
 */
export function nextDelay(
  options: BackoffOptions,
  failures: number,
  answer: { statusCode?: number; retryAfterMs?: number },
  random: () => number,
): number {
  const delay = backoff(options, failures, random);
  if (answer.retryAfterMs !== undefined) return Math.max(delay, Math.min(answer.retryAfterMs, options.maxMs));
  if (answer.statusCode === TOO_MANY_REQUESTS) return Math.max(delay, options.throttleMinMs);
  return delay;
}
