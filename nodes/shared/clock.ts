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

/**
 * A clock whose wall clock never goes back: while it is behind the time already told, it goes on with the monotonic clock. For due
 * times: a wait that was to last a second must not last a day because somebody set the clock back. A jump ahead is followed.
 */
export function neverBack(clock: Clock): Clock {
  let told = clock.now();
  let at = clock.monotonic();
  return {
    now() {
      const mono = clock.monotonic();
      told = Math.max(clock.now(), Math.floor(told + mono - at));
      at = mono;
      return told;
    },
    monotonic: () => clock.monotonic(),
    after: (ms, callback) => clock.after(ms, callback),
  };
}

/** The clock by which due times are set and read, by stores and by whoever schedules an event in one: all must share this one. */
export const dueClock: Clock = neverBack(systemClock);
