import type { Clock } from '../shared/clock';

/** Refusals that leave output 2 in any second; an attack must not become a flood of messages in the flow. */
const PER_SECOND = 10;

/**
 * Lets at most ten refusals a second through and counts the others.
 * @returns a function that gives the number suppressed since the last one let through, or undefined when this one is held back
 */
export function refusalGate(clock: Clock, perSecond = PER_SECOND): () => number | undefined {
  let recent: number[] = [];
  let suppressed = 0;
  return () => {
    const now = clock.monotonic();
    recent = recent.filter((at) => now - at < 1000);
    if (recent.length >= perSecond) {
      suppressed += 1;
      return undefined;
    }
    recent.push(now);
    const held = suppressed;
    suppressed = 0;
    return held;
  };
}
