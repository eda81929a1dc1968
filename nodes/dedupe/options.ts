import { ConfigError, choiceOption, flagOption, numberOption, textOption } from '../shared/options';
import type { KeyType } from './key';

export interface DedupeOptions {
  keyType: KeyType;
  /** The property or expression, for `msg` and `jsonata`. */
  key: string;
  windowMs: number;
  leaseMs: number;
  namespace: string;
  confirm: 'arrival' | 'success';
  missing: 'pass' | 'error';
  maxKeys: number;
  commands: boolean;
}

/** The fields of a flow file, with the defaults of absent ones. @throws ConfigError that names the field */
export function dedupeOptions(config: object): DedupeOptions {
  const keyType = choiceOption(config, 'keyType', ['event', 'msg', 'jsonata', 'content']);
  const key = textOption(config, 'key');
  if (keyType === 'msg' && !key) throw new ConfigError('key', 'expected a message property such as payload.id');
  if (keyType === 'jsonata' && !key) throw new ConfigError('key', 'expected a JSONata expression such as payload.id');
  return {
    keyType,
    key,
    windowMs: numberOption(config, 'window', 345_600, { min: 0.001 }) * 1000,
    leaseMs: numberOption(config, 'lease', 60, { min: 0.001 }) * 1000,
    namespace: textOption(config, 'namespace'),
    confirm: choiceOption(config, 'confirm', ['arrival', 'success']),
    missing: choiceOption(config, 'missing', ['pass', 'error']),
    maxKeys: numberOption(config, 'maxKeys', 100_000, { min: 1, integer: true }),
    commands: flagOption(config, 'commands', false),
  };
}

/** Where a node's keys lie in its store: its own place, or that of its namespace. */
export function scopeOf(namespace: string, nodeId: string): string {
  return namespace ? `dedupe/namespace/${namespace}` : `dedupe/node/${nodeId}`;
}
