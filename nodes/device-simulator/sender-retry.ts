import { retryAfterMs } from '../shared/retry-after';

const BASE_MS = 500;
const LONGEST_MS = 60_000;

/**
 * How long a sender waits after its n-th attempt failed: half a second, doubling, 20 % to either side, and never less than the
 * answer's Retry-After (seconds or a date) asked for; at most a minute.
 * @param now wall clock milliseconds
 * @param random 0..1
 */
export function retryDelay(attempt: number, retryAfter: string | undefined, now: number, random: number): number {
  const own = BASE_MS * 2 ** (attempt - 1) * (0.8 + 0.4 * random);
  return Math.min(LONGEST_MS, Math.max(own, retryAfterMs(retryAfter, now) ?? 0));
}
