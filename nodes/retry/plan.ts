import { backoff } from './backoff';
import type { RetryOptions } from './options';

export type PlanOptions = Pick<
  RetryOptions,
  'strategy' | 'baseMs' | 'factor' | 'maxMs' | 'schedule' | 'attempts' | 'jitter' | 'throttleMinMs'
>;

/** The waits between the attempts without jitter, milliseconds, for people to look at; at most `most` of them, and their sum in all. */
export function plan(options: PlanOptions, most: number): { waits: number[]; totalMs: number } {
  const waits: number[] = [];
  let totalMs = 0;
  const exact = { ...options, jitter: 0 };
  // Beyond a few hundred the waits do not change any more.
  const counted = Math.min(options.attempts - 1, 500);
  let last = 0;
  for (let failures = 1; failures <= counted; failures += 1) {
    last = backoff(exact, failures, () => 0);
    totalMs += last;
    if (waits.length < most) waits.push(last);
  }
  totalMs += last * Math.max(0, options.attempts - 1 - counted);
  return { waits, totalMs };
}

/** A duration as people say it: `450 ms`, `5 s`, `2 min`, `3.5 h`, `2 d`. */
export function duration(ms: number): string {
  const round = (value: number): string => String(Math.round(value * 10) / 10);
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${round(ms / 1000)} s`;
  if (ms < 3_600_000) return `${round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${round(ms / 3_600_000)} h` : `${round(ms / 86_400_000)} d`;
}
