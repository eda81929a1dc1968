/** How safe a configuration is, in words. No node imports: the editor shows it while the fields are edited. */
import { badAddress, entriesOf } from './address-text';
import type { Descriptor } from './descriptor';
import { parseDescriptor, readDescriptor } from './read-descriptor';
import { DEFAULT_TOLERANCE, SCHEMES } from './schemes';

export interface BadgeInput {
  scheme: string;
  descriptor: string;
  tokenFrom: string;
  timestampHeader: string;
  tolerance: string;
  allow: string;
  publicUrl: string;
  trustedProxies: string;
  /** Whether there is a secret, typed now or stored before. */
  hasSecret: boolean;
  /** Whether the secrets can be used, as far as they are known. */
  goodSecret: boolean;
  /** Whether the form finds nothing wrong with the other fields. */
  goodFields: boolean;
  /** Whether the editor itself came over TLS, the best hint of how webhooks will come. */
  secureEditor: boolean;
}

export interface Badge {
  mood: 'good' | 'warning' | 'bad';
  /** Keys of the catalogue under `badge`, in the order to be read. */
  keys: string[];
}

/** The longest age that still counts as a check against a recorded request; more is said to be wide. */
const WIDE_TOLERANCE = 3600;

/** Seconds for which a recorded request is believed, 0 = for ever; undefined = the scheme signs no time. */
function toleranceOf({ ts }: Descriptor, input: BadgeInput): number | undefined {
  const row = SCHEMES[input.scheme];
  if (!ts && (row?.timedContent === undefined || input.timestampHeader.trim() === '')) return undefined;
  return ts?.tolerance ?? (input.tolerance.trim() === '' ? DEFAULT_TOLERANCE : Number(input.tolerance));
}

/** The descriptor of the signature, undefined where it is wrong. */
function descriptorOf({ scheme, descriptor }: BadgeInput): Descriptor | undefined {
  const row = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  try {
    return row ? readDescriptor(row.descriptor) : parseDescriptor(descriptor);
  } catch {
    return undefined;
  }
}

/** Whether a list keeps anybody away; a block of length 0 is everybody. */
function restricts(allow: string): boolean {
  const entries = entriesOf(allow);
  return entries.length > 0 && !entries.some((entry) => /\/0+$/.test(entry));
}

/** The badge of a configuration: red for open or unusable, amber for weak, green for signed or encrypted. */
export function badgeOf(input: BadgeInput): Badge {
  if (badAddress(input.allow) !== undefined || badAddress(input.trustedProxies) !== undefined) {
    return { mood: 'bad', keys: ['bad-address'] };
  }
  const listed = restricts(input.allow);
  const address = listed ? ['listed'] : [];
  if (input.scheme === 'none') {
    return listed ? { mood: 'warning', keys: ['none-listed'] } : { mood: 'bad', keys: ['anyone'] };
  }
  const signed = input.scheme !== 'token' && input.scheme !== 'basic';
  const descriptor = signed ? descriptorOf(input) : undefined;
  if (signed && !descriptor) return { mood: 'bad', keys: ['bad-descriptor'] };
  if (!input.goodFields) return { mood: 'bad', keys: ['bad-field'] };
  if (!input.hasSecret) return { mood: 'bad', keys: ['no-secret'] };
  if (!input.goodSecret) return { mood: 'bad', keys: ['bad-secret'] };
  if (descriptor) {
    const tolerance = toleranceOf(descriptor, input);
    if (tolerance === undefined) return { mood: 'good', keys: ['signed', 'untimed', ...address] };
    if (tolerance === 0) return { mood: 'warning', keys: ['signed', 'age-off', ...address] };
    return { mood: 'good', keys: ['signed', tolerance > WIDE_TOLERANCE ? 'age-wide' : 'timed', ...address] };
  }
  const url = input.publicUrl.trim();
  const encrypted = url === '' ? input.secureEditor : url.startsWith('https://');
  const kind = input.scheme === 'basic' ? 'password' : 'token';
  if (!encrypted) return { mood: 'warning', keys: [`${kind}-http`, ...address] };
  if (kind === 'token' && input.tokenFrom === 'query') return { mood: 'warning', keys: ['token-query', ...address] };
  return { mood: 'good', keys: [`${kind}-https`, ...address] };
}
