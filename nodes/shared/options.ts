/** A mistake in a node's configuration: names the field and what is expected, for the maker. Holds no secret. */
export class ConfigError extends Error {
  constructor(
    readonly field: string,
    expected: string,
  ) {
    super(`${field}: ${expected}`);
    this.name = 'ConfigError';
  }
}

export interface NumberRule {
  min: number;
  max?: number;
  integer?: boolean;
}

/**
 * A number of a flow file: absent, null or blank means `fallback`; a numeral as text counts, because older forms stored text.
 * @throws ConfigError when it is anything else or out of range
 */
export function numberOption(config: object, field: string, fallback: number, rule: NumberRule): number {
  const given = (config as Record<string, unknown>)[field];
  if (given === undefined || given === null || (typeof given === 'string' && given.trim() === '')) return fallback;
  const value = typeof given === 'string' ? Number(given) : given;
  const range = `a ${rule.integer ? 'whole number' : 'number'} from ${rule.min}${rule.max === undefined ? ' up' : ` to ${rule.max}`}`;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ConfigError(field, `expected ${range}`);
  if (
    value < rule.min ||
    value > (rule.max ?? Number.POSITIVE_INFINITY) ||
    (rule.integer && !Number.isInteger(value))
  ) {
    throw new ConfigError(field, `expected ${range}, found ${value}`);
  }
  return value;
}

/** One of a fixed set of words; absent or blank means the first. @throws ConfigError that lists the words */
export function choiceOption<const T extends string>(config: object, field: string, choices: readonly [T, ...T[]]): T {
  const given = (config as Record<string, unknown>)[field];
  if (given === undefined || given === null || given === '') return choices[0];
  const found = choices.find((choice) => choice === given);
  if (found === undefined) throw new ConfigError(field, `expected one of ${choices.join(', ')}`);
  return found;
}

/** Text; absent or null means `fallback`. @throws ConfigError when it is not text */
export function textOption(config: object, field: string, fallback = ''): string {
  const given = (config as Record<string, unknown>)[field];
  if (given === undefined || given === null) return fallback;
  if (typeof given !== 'string') throw new ConfigError(field, 'expected text');
  return given.trim();
}

/** A switch; absent or null means `fallback`. */
export function flagOption(config: object, field: string, fallback: boolean): boolean {
  const given = (config as Record<string, unknown>)[field];
  return given === undefined || given === null ? fallback : given === true || given === 'true';
}
