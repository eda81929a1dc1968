import { readSchedule, readStatuses } from './lists';

/** What the flow file says about a retry node; everything may be missing or text, as the editor stores it. */
export type RetryConfig = Readonly<Record<string, unknown>>;

/** The checked options of a retry node; names and units as in the flow file. */
export interface RetryOptions {
  /** `automatic`: the flow after output 1 decides; `wired`: only a message wired back. */
  outcome: 'automatic' | 'wired';
  /** Ids of the nodes whose completion decides; null = the whole flow behind output 1. */
  scope: readonly string[] | null;
  strategy: 'exponential' | 'fixed' | 'schedule';
  baseMs: number;
  factor: number;
  maxMs: number;
  /** 0..1: the share by which a delay is spread in both directions. */
  jitter: number;
  /** The waits before the second, third, ... attempt, seconds; the last one repeats. */
  schedule: readonly number[];
  /** The first one included. */
  attempts: number;
  /** Seconds; 0 = no limit. */
  maxAge: number;
  /** Seconds per attempt; 0 = no limit. */
  timeout: number;
  settleMs: number;
  httpErrors: boolean;
  giveUpOn: ReadonlySet<number>;
  throttleMinMs: number;
  concurrency: number;
  /** Property of the message whose value names the lane; blank = no order. */
  laneBy: string;
  /** Attempts a second; 0 = no limit. */
  drainRate: number;
  /** Messages held, waiting or under way. */
  maxWaiting: number;
  deadLetterMax: number;
  /** Seconds; 0 = for ever. */
  deadLetterMaxAge: number;
  breaker: boolean;
  /** 0..1: the share of failures that opens the breaker. */
  breakerThreshold: number;
  breakerMinimum: number;
  /** Seconds. */
  breakerWindow: number;
  /** Seconds. */
  breakerOpen: number;
  commands: boolean;
}

/** Standard Webhooks' schedule after the first, immediate attempt. */
export const DEFAULT_SCHEDULE = '5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400';
export const DEFAULT_GIVE_UP_ON = '400,401,403,410,413,422';

const blank = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
const shown = (value: unknown): string =>
  typeof value === 'string' ? `"${value}"` : (JSON.stringify(value) ?? 'nothing');

/**
 * Checks a retry node's configuration. A field that is missing or blank behaves as its default.
 * @returns the options, and for each field that is wrong one sentence naming the field and the value expected (its default is used)
 */
export function readOptions(config: RetryConfig): { options: RetryOptions; problems: string[] } {
  const problems: string[] = [];
  const wrong = (field: string, expected: string): void => {
    problems.push(`${field} must be ${expected}, but is ${shown(config[field])}`);
  };
  const number = (field: string, fallback: number, expected: string, fits: (value: number) => boolean): number => {
    const raw = config[field];
    if (blank(raw)) return fallback;
    const value = typeof raw === 'string' ? Number(raw.trim()) : raw;
    if (typeof value === 'number' && Number.isFinite(value) && fits(value)) return value;
    wrong(field, expected);
    return fallback;
  };
  const atLeast = (field: string, fallback: number, least: number, unit: string): number =>
    number(field, fallback, `a number of ${unit}, ${least} or more`, (value) => value >= least);
  const count = (field: string, fallback: number, unit: string): number =>
    number(field, fallback, `a whole number of ${unit}, 1 or more`, (value) => Number.isInteger(value) && value >= 1);
  const share = (field: string, fallback: number, least: number): number =>
    number(field, fallback, `a number from ${least} to 1`, (value) => value >= least && value <= 1);
  const oneOf = <T extends string>(field: string, values: readonly [T, ...T[]]): T => {
    const raw = config[field];
    if (blank(raw)) return values[0];
    const found = values.find((value) => value === raw);
    if (found === undefined) wrong(field, `one of ${values.join(', ')}`);
    return found ?? values[0];
  };
  const flag = (field: string, fallback: boolean): boolean => {
    const raw = config[field];
    if (blank(raw)) return fallback;
    if (raw === true || raw === 'true') return true;
    if (raw === false || raw === 'false') return false;
    wrong(field, 'true or false');
    return fallback;
  };
  const scope = (): readonly string[] | null => {
    const raw = config.scope;
    if (blank(raw)) return null;
    // Inside a subflow Node-RED makes of a list of one id that id in the subflow's instance.
    if (typeof raw === 'string') return [raw];
    if (Array.isArray(raw) && raw.every((id) => typeof id === 'string')) return raw.length > 0 ? raw : null;
    wrong('scope', 'null or a list of node ids');
    return null;
  };
  const schedule = (): readonly number[] => {
    const read = readSchedule(blank(config.schedule) ? DEFAULT_SCHEDULE : config.schedule);
    if (read) return read;
    wrong('schedule', 'seconds separated by commas, such as 5, 60, 600');
    return readSchedule(DEFAULT_SCHEDULE) as number[];
  };
  const giveUpOn = (): ReadonlySet<number> => {
    // Blank is a choice here (retry every status); only a missing field means the default.
    const read = readStatuses(config.giveUpOn ?? DEFAULT_GIVE_UP_ON);
    if (read) return read;
    wrong('giveUpOn', 'HTTP statuses from 100 to 599 separated by commas, such as 400,410');
    return readStatuses(DEFAULT_GIVE_UP_ON) as Set<number>;
  };
  const laneBy = (): string => {
    const raw = config.laneBy;
    if (blank(raw)) return '';
    if (typeof raw === 'string') return raw.trim().replace(/^msg\./, '');
    wrong('laneBy', 'the name of a message property, such as event.device');
    return '';
  };

  const options: RetryOptions = {
    outcome: oneOf('outcome', ['automatic', 'wired']),
    scope: scope(),
    strategy: oneOf('strategy', ['exponential', 'fixed', 'schedule']),
    baseMs: atLeast('baseMs', 1000, 0, 'milliseconds'),
    factor: number('factor', 2, 'a number, 1 or more', (value) => value >= 1),
    maxMs: atLeast('maxMs', 3_600_000, 0, 'milliseconds'),
    jitter: share('jitter', 0.2, 0),
    schedule: schedule(),
    attempts: count('attempts', 10, 'attempts'),
    maxAge: atLeast('maxAge', 0, 0, 'seconds'),
    timeout: atLeast('timeout', 30, 0, 'seconds'),
    settleMs: atLeast('settleMs', 150, 0, 'milliseconds'),
    httpErrors: flag('httpErrors', true),
    giveUpOn: giveUpOn(),
    throttleMinMs: atLeast('throttleMinMs', 60_000, 0, 'milliseconds'),
    concurrency: count('concurrency', 16, 'attempts'),
    laneBy: laneBy(),
    drainRate: atLeast('drainRate', 0, 0, 'attempts a second'),
    maxWaiting: count('maxWaiting', 100_000, 'messages'),
    deadLetterMax: count('deadLetterMax', 10_000, 'messages'),
    deadLetterMaxAge: atLeast('deadLetterMaxAge', 2_592_000, 0, 'seconds'),
    breaker: flag('breaker', false),
    breakerThreshold: number(
      'breakerThreshold',
      0.7,
      'a number above 0 and at most 1',
      (value) => value > 0 && value <= 1,
    ),
    breakerMinimum: count('breakerMinimum', 10, 'attempts'),
    breakerWindow: number('breakerWindow', 300, 'a number of seconds above 0', (value) => value > 0),
    breakerOpen: number('breakerOpen', 30, 'a number of seconds above 0', (value) => value > 0),
    commands: flag('commands', false),
  };
  return { options, problems };
}
