/** How safe a configuration is, in words. No node imports: the editor shows it while the fields are edited. */
import { badAddress } from './address-text';
import { parseDescriptor } from './read-descriptor';
import { SCHEMES } from './schemes';

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
  /** Whether it can be used, as far as it is known. */
  goodSecret: boolean;
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

/** Whether the scheme signs a time, or undefined where the descriptor is wrong. */
function signsTime({ scheme, descriptor, timestampHeader }: BadgeInput): boolean | undefined {
  const row = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (row) return row.descriptor.ts !== undefined || (row.timedContent !== undefined && timestampHeader.trim() !== '');
  try {
    return parseDescriptor(descriptor).ts !== undefined;
  } catch {
    return undefined;
  }
}

/** The badge of a configuration: red for open or unusable, amber for weak, green for signed or encrypted. */
export function badgeOf(input: BadgeInput): Badge {
  if (badAddress(input.allow) !== undefined || badAddress(input.trustedProxies) !== undefined) {
    return { mood: 'bad', keys: ['bad-address'] };
  }
  const listed = input.allow.trim() !== '';
  const address = listed ? ['listed'] : [];
  if (input.scheme === 'none') {
    return listed ? { mood: 'warning', keys: ['none-listed'] } : { mood: 'bad', keys: ['anyone'] };
  }
  if (input.scheme !== 'token' && input.scheme !== 'basic') {
    const timed = signsTime(input);
    if (timed === undefined) return { mood: 'bad', keys: ['bad-descriptor'] };
    if (!input.hasSecret) return { mood: 'bad', keys: ['no-secret'] };
    if (!input.goodSecret) return { mood: 'bad', keys: ['bad-secret'] };
    if (!timed) return { mood: 'good', keys: ['signed', 'untimed', ...address] };
    const tolerance = input.tolerance.trim() === '' ? 300 : Number(input.tolerance);
    if (tolerance === 0) return { mood: 'warning', keys: ['signed', 'age-off', ...address] };
    return { mood: 'good', keys: ['signed', tolerance > WIDE_TOLERANCE ? 'age-wide' : 'timed', ...address] };
  }
  if (!input.hasSecret) return { mood: 'bad', keys: ['no-secret'] };
  const url = input.publicUrl.trim();
  const encrypted = url === '' ? input.secureEditor : url.startsWith('https://');
  const kind = input.scheme === 'basic' ? 'password' : 'token';
  if (!encrypted) return { mood: 'warning', keys: [`${kind}-http`, ...address] };
  if (kind === 'token' && input.tokenFrom === 'query') return { mood: 'warning', keys: ['token-query', ...address] };
  return { mood: 'good', keys: [`${kind}-https`, ...address] };
}
