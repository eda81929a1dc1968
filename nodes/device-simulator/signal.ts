/**
 * The building blocks of believable readings. Only + - * / and rounding are used: Math.sin, exp and log may differ in their
 * last bit from one V8 to the next, and the same seed must give the same bytes everywhere.
 */

/** One random number in [0, 1) per name, fixed for the reading at hand. */
export type Draw = (salt: number) => number;

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** `value` with so many decimals, as a sensor would send it. */
export function rounded(value: number, decimals: number): number {
  const scale = decimals === 0 ? 1 : decimals === 1 ? 10 : decimals === 2 ? 100 : 1000;
  // + 0 turns -0 into 0: JSON would print both alike, deepEqual would not.
  return Math.round(value * scale) / scale + 0;
}

export const between = (low: number, high: number, share: number): number => low + (high - low) * share;

/** A sine of period 1 (a turn), by Bhaskara's rational approximation: within 0.002 of the real one. */
export function wave(turns: number): number {
  const t = (turns - Math.floor(turns)) * 2;
  const half = t < 1 ? t : t - 1;
  const product = half * (1 - half);
  const value = (16 * product) / (5 - 4 * product);
  return t < 1 ? value : -value;
}

/** -1 at five in the morning, +1 at five in the afternoon; `at` is milliseconds of a UTC day or since the epoch. */
export function dailySwing(at: number): number {
  return wave(at / DAY - 11 / 24);
}

/** A bell around 0 with standard deviation 1: the sum of four even draws. */
export function noise(draw: Draw, salt: number): number {
  return (draw(salt) + draw(salt + 1) + draw(salt + 2) + draw(salt + 3) - 2) * 1.7320508;
}

/** A slow walk that is always pulled back to 0, so that drift stays in bounds however long a run lasts. */
export function walk(value: number, step: number, draw: Draw, salt: number): number {
  return value * 0.995 + (draw(salt) - 0.5) * step;
}

/** A state that flips at random: on average after `onMs` when on and `offMs` when off. */
export function flip(on: boolean, elapsedMs: number, onMs: number, offMs: number, chance: number): boolean {
  return chance < elapsedMs / (on ? onMs : offMs) ? !on : on;
}

/** Percent left in a battery after `elapsedMs` and one transmission; a flat one is replaced. */
export function discharge(percent: number, elapsedMs: number, lifetimeMs: number): number {
  const left = percent - (elapsedMs / lifetimeMs) * 100 - 0.0005;
  return left > 0 ? left : 100;
}
