import { ConfigError, choiceOption, flagOption, numberOption, textOption } from '../shared/options';
import { type Faults, parseFaults } from './faults';
import { PROFILES, type Profile } from './profiles';
import { isTarget } from './target-url';

/** The fields of the node, checked; times in milliseconds where the name ends in Ms, else in seconds. */
export interface Settings {
  devices: number;
  profile: Profile;
  /** JSONata over `{device, seq, time, signal}`; only with profile `custom`. */
  template: string;
  intervalMs: number;
  jitter: number;
  /** Readings in all; 0 = until stopped. */
  count: number;
  seed: string;
  /** Events a second at most, repetitions and attempts counted. */
  maxRate: number;
  target: 'message' | 'http';
  /** An address, or a path of this Node-RED. */
  url: string;
  batch: number;
  senderRetries: number;
  autostart: boolean;
  grace: number;
  faults: Faults;
}

/**
 * Reads the fields; what is absent or blank is the default.
 * @throws Error that names the field and the value expected
 */
export function readSettings(fields: object): Settings {
  const seed = (fields as { seed?: unknown }).seed;
  const settings: Settings = {
    devices: numberOption(fields, 'devices', 10, { min: 1, max: 1_000_000, integer: true }),
    profile: choiceOption(fields, 'profile', PROFILES),
    template: textOption(fields, 'template'),
    intervalMs: numberOption(fields, 'intervalMs', 1000, { min: 1, max: 86_400_000 }),
    jitter: numberOption(fields, 'jitter', 0.1, { min: 0, max: 1 }),
    count: numberOption(fields, 'count', 0, { min: 0, max: 1e12, integer: true }),
    seed: typeof seed === 'number' ? String(seed) : textOption(fields, 'seed'),
    maxRate: numberOption(fields, 'maxRate', 1000, { min: 0.001, max: 1_000_000 }),
    target: choiceOption(fields, 'target', ['message', 'http']),
    url: textOption(fields, 'url'),
    batch: numberOption(fields, 'batch', 1, { min: 1, max: 1000, integer: true }),
    senderRetries: numberOption(fields, 'senderRetries', 5, { min: 0, max: 100, integer: true }),
    autostart: flagOption(fields, 'autostart', false),
    grace: numberOption(fields, 'grace', 5, { min: 0, max: 86_400 }),
    faults: parseFaults((fields as { faults?: unknown }).faults),
  };
  if (settings.profile === 'custom' && settings.template === '') {
    throw new ConfigError('template', 'expected a JSONata expression');
  }
  if (settings.target === 'http' && !isTarget(settings.url)) {
    throw new ConfigError(
      'url',
      'expected an http or https address, or a path of this Node-RED such as /hooks/devices',
    );
  }
  return settings;
}
