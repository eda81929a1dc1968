import { createHash } from 'node:crypto';
import type { Clock } from '../shared/clock';

/** How many callers are remembered; beyond it the least recently seen leaves, so that many addresses cannot grow the table. */
const MAX_CALLERS = 10_000;
/** Longer names are kept as their hash: a device's name comes from the sender and may fill a whole body. */
const MAX_NAME = 64;

/**
 * A rate limit by the generic cell rate algorithm: one number per caller, on the monotonic clock.
 * (rate-limiter-flexible keeps a timer per caller without a bound and runs on the wall clock, which a set clock would jump.)
 * @param perSecond sustained requests a second, > 0
 * @param burst how many may come at once, >= 1
 * @returns a function that takes one request of a caller and says how many milliseconds it is too early; 0 = allowed
 */
export function rateLimit(
  perSecond: number,
  burst: number,
  clock: Clock,
  maxCallers = MAX_CALLERS,
): (caller: string) => number {
  const interval = 1000 / perSecond;
  const slack = interval * (burst - 1);
  /** Theoretical arrival time of each caller's next request, least recently seen first. */
  const arrivals = new Map<string, number>();
  return (name) => {
    const caller = name.length > MAX_NAME ? createHash('sha256').update(name).digest('base64') : name;
    const now = clock.monotonic();
    const due = Math.max(arrivals.get(caller) ?? now, now);
    const early = due - slack - now;
    arrivals.delete(caller);
    arrivals.set(caller, early > 0 ? due : due + interval);
    if (arrivals.size > maxCallers) arrivals.delete(arrivals.keys().next().value as string);
    return Math.max(0, early);
  };
}

/** Callers of one IPv6 network (/64, what one household or attacker is given) count as one. */
export function callerOf(address: string): string {
  if (!address.includes(':')) return address;
  const groups = address.split('::');
  const head = (groups[0] as string).split(':').filter((group) => group !== '');
  const tail = (groups[1] ?? '').split(':').filter((group) => group !== '');
  const zeros = groups.length > 1 ? Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0') : [];
  return [...head, ...zeros, ...tail]
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':');
}
