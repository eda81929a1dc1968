import { type Faults, NO_FAULTS, parseFaults } from './faults';
import { PROFILES, type Profile } from './profiles';

/** The fields of the node, checked; times in milliseconds where the name ends in Ms, else in seconds. */
export interface Settings {
  devices: number;
  profile: Profile;
  /** JSONata over `{device, seq, time, signal}`; only with profile `custom`. */
  template: string;
  intervalMs: number;
  jitter: number;
  count: number;
  seed: string;
  maxRate: number;
  target: 'message' | 'http';
  url: string;
  batch: number;
  senderRetries: number;
  autostart: boolean;
  grace: number;
  faults: Faults;
}

/** A field as it stands in a flow file: maybe absent, maybe a number in a string. */
type Fields = Record<string, unknown>;

/** Reads the fields; what is absent or blank is the default. `problems` name the field and the value expected. */
export function readSettings(fields: Fields): { settings: Settings; problems: string[] } {
  const problems: string[] = [];
  const number = (name: string, fallback: number, low: number, high: number, whole = true): number => {
    const raw = fields[name];
    if (raw === undefined || raw === null || raw === '') return fallback;
    const value = Number(raw);
    if (value >= low && value <= high && (!whole || Number.isInteger(value))) return value;
    problems.push(`${name}: a ${whole ? 'whole number' : 'number'} from ${low} to ${high} is expected`);
    return fallback;
  };
  const oneOf = <T extends string>(name: string, values: readonly T[]): T => {
    const raw = fields[name];
    if (raw === undefined || raw === null || raw === '') return values[0] as T;
    if (values.includes(raw as T)) return raw as T;
    problems.push(`${name}: one of ${values.join(', ')} is expected`);
    return values[0] as T;
  };
  const text = (name: string): string => {
    const raw = fields[name];
    return raw === undefined || raw === null ? '' : String(raw).trim();
  };
  const settings: Settings = {
    devices: number('devices', 10, 1, 1_000_000),
    profile: oneOf('profile', PROFILES),
    template: text('template'),
    intervalMs: number('intervalMs', 1000, 1, 86_400_000, false),
    jitter: number('jitter', 0.1, 0, 1, false),
    count: number('count', 0, 0, 1e12),
    seed: text('seed'),
    maxRate: number('maxRate', 1000, 0.001, 1_000_000, false),
    target: oneOf('target', ['message', 'http'] as const),
    url: text('url'),
    batch: number('batch', 1, 1, 1000),
    senderRetries: number('senderRetries', 5, 0, 100),
    autostart: fields.autostart === true || fields.autostart === 'true',
    grace: number('grace', 5, 0, 86_400, false),
    faults: NO_FAULTS,
  };
  try {
    settings.faults = parseFaults(fields.faults);
  } catch (error) {
    problems.push((error as Error).message);
  }
  if (settings.profile === 'custom' && settings.template === '') {
    problems.push('template: a JSONata expression is expected');
  }
  if (settings.target === 'http' && !isTarget(settings.url)) {
    problems.push('url: an http or https address, or a path of this Node-RED such as /hooks/devices, is expected');
  }
  return { settings, problems };
}

function isTarget(url: string): boolean {
  if (url.startsWith('/') && !url.startsWith('//')) return true;
  try {
    return ['http:', 'https:'].includes(new URL(url).protocol);
  } catch {
    return false;
  }
}
