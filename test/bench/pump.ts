import type { RunningNodeRed } from '../support/node-red';

const PATIENCE_MS = 20_000;

export interface PumpOptions {
  /** Messages under way at once, default 200. */
  ahead?: number;
  /** When to give up, default 20 s. */
  patienceMs?: number;
}

/** Sends messages from `<name>-pump` until all are at `<name>-drain`. @returns messages a second; 0 where they are not through in time */
export async function rate(
  red: RunningNodeRed,
  name: string,
  count: number,
  { ahead = 200, patienceMs = PATIENCE_MS }: PumpOptions = {},
): Promise<number> {
  const way = { pump: `${name}-pump`, drain: `${name}-drain` };
  const ms = await red.command<number>('pump', { ...way, count, ahead, patienceMs });
  return Math.round((count / ms) * 1000);
}

/** What a row says that has no value because `rate` was 0. */
export const NOT_THROUGH = `not all through in ${PATIENCE_MS / 1000} s`;
