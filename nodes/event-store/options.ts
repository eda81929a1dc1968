import path from 'node:path';
import { choiceOption, numberOption, textOption } from '../shared/options';

/** The fields of the config node as a flow file holds them; any may be absent. */
export interface EventStoreConfig {
  kind?: unknown;
  directory?: unknown;
  commitMs?: unknown;
}

export interface EventStoreOptions {
  kind: 'memory' | 'disk' | 'redis';
  /** Absolute. */
  directory: string;
  commitMs: number;
}

/**
 * Reads the fields; absent ones are as by default.
 * @param userDir what a relative directory is relative to
 * @throws ConfigError
 */
export function readOptions(config: EventStoreConfig, userDir: string): EventStoreOptions {
  return {
    kind: choiceOption(config, 'kind', ['memory', 'disk', 'redis']),
    directory: path.resolve(userDir, textOption(config, 'directory') || 'surewire'),
    commitMs: numberOption(config, 'commitMs', 0, { min: 0, max: 10_000 }),
  };
}
