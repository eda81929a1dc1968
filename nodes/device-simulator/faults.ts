/** What can go wrong on the way, each with a rate between 0 and 1 per reading. */
export const FAULTS = [
  'duplicate',
  'reorder',
  'drop',
  'delay',
  'offline',
  'replay',
  'badSignature',
  'missingSignature',
  'clockSkew',
  'malformed',
  'oversize',
  'truncated',
  'burst',
] as const;
export type FaultKind = (typeof FAULTS)[number];

/** Requests of their own beside the valid ones; whoever answers them with 2xx, or hands them on, has let something in. */
export const INVALID = ['badSignature', 'missingSignature', 'malformed', 'oversize', 'truncated'] as const;
export type InvalidKind = (typeof INVALID)[number];

export interface Faults {
  rates: Partial<Record<FaultKind, number>>;
  /** How late a delayed event is sent, milliseconds. Default 3000. */
  delayMs: number;
  /** How long a device stays offline, milliseconds. Default 10000. */
  offlineMs: number;
  /** What a skewed clock adds to the event's time, milliseconds; negative = behind. Default 60000. */
  clockSkewMs: number;
  /** How many readings a device gathers before it sends them in one go. Default 10. */
  burstSize: number;
  /** Size of an oversize request, bytes. Default 1200000, more than webhook in takes by default. */
  oversizeBytes: number;
}

const SETTINGS = { delayMs: 3000, offlineMs: 10_000, clockSkewMs: 60_000, burstSize: 10, oversizeBytes: 1_200_000 };
const LONGEST_MS = 86_400_000;

export const NO_FAULTS: Faults = { rates: {}, ...SETTINGS };

/**
 * Reads the faults a maker wrote: a JSON object as text, or the object itself; blank = none.
 * Throws an Error that names the member and the value expected.
 */
export function parseFaults(source: unknown): Faults {
  const faults: Faults = { rates: {}, ...SETTINGS };
  for (const [name, value] of Object.entries(objectOf(source))) {
    if ((FAULTS as readonly string[]).includes(name)) {
      if (!isBetween(value, 0, 1)) throw new Error(`faults.${name}: a rate from 0 to 1 is expected`);
      if (value > 0) faults.rates[name as FaultKind] = value;
    } else if (name === 'burstSize') {
      if (!isBetween(value, 2, 1000)) throw new Error('faults.burstSize: a number from 2 to 1000 is expected');
      faults.burstSize = Math.floor(value);
    } else if (name === 'oversizeBytes') {
      if (!isBetween(value, 1, 100_000_000)) throw new Error('faults.oversizeBytes: 1 to 100000000 bytes are expected');
      faults.oversizeBytes = Math.floor(value);
    } else if (name === 'clockSkewMs') {
      // Half a century either way, as devices do that have lost their clock.
      if (!isBetween(value, -2e12, 2e12)) throw new Error('faults.clockSkewMs: milliseconds are expected');
      faults.clockSkewMs = value;
    } else if (name === 'delayMs' || name === 'offlineMs') {
      if (!isBetween(value, 0, LONGEST_MS)) throw new Error(`faults.${name}: 0 to ${LONGEST_MS} ms are expected`);
      faults[name] = value;
    } else {
      throw new Error(`faults.${name}: unknown; expected are ${[...FAULTS, ...Object.keys(SETTINGS)].join(', ')}`);
    }
  }
  return faults;
}

function objectOf(source: unknown): object {
  let value = source;
  if (typeof source === 'string') {
    if (source.trim() === '') return {};
    try {
      value = JSON.parse(source);
    } catch (error) {
      throw new Error(`faults: a JSON object is expected (${(error as Error).message})`);
    }
  }
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error('faults: a JSON object is expected');
  return value;
}

function isBetween(value: unknown, low: number, high: number): value is number {
  return typeof value === 'number' && value >= low && value <= high;
}
