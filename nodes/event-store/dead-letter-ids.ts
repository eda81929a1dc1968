import { ConfigError } from '../shared/options';

/**
 * The dead letters an order names: an id or a list of ids; undefined = all of them.
 * @throws ConfigError where it is anything else: a slip must not turn "these" into "all"
 */
export function readIds(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((id) => typeof id === 'string')) return value;
  throw new ConfigError('ids', 'expected an id or a list of ids; leave it out for all');
}
