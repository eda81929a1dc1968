/** Cancels a timer; harmless when it has fired. */
export type Cancel = () => void;

/**
 * Time as logic sees it, so that tests can run on a fake one. Two clocks are kept apart: durations must not jump when
 * the wall clock is set, and signatures, due times in a store and people need the wall clock.
 */
export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Monotonic clock, milliseconds from an arbitrary start. */
  monotonic(): number;
  /** Runs `callback` once after `ms` milliseconds; any delay a caller can name is kept, also beyond setTimeout's 24.8 days. */
  after(ms: number, callback: () => void): Cancel;
}

/** The longest delay setTimeout keeps; a longer one would fire at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

function after(ms: number, callback: () => void): Cancel {
  const due = performance.now() + ms;
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const left = Math.max(0, due - performance.now());
    timer = left > LONGEST_TIMEOUT ? setTimeout(arm, LONGEST_TIMEOUT) : setTimeout(callback, left);
  };
  arm();
  return () => clearTimeout(timer);
}

/** The real clock. Only shells hand it to logic. */
export const systemClock: Clock = { now: Date.now, monotonic: () => performance.now(), after };
