import type { Clock } from '../shared/clock';
import { addressCheck, readAddresses } from './addresses';
import { basicAuth } from './basic';
import type { IdentityDefaults, Signer, Verifier } from './contract';
import type { Descriptor } from './descriptor';
import { readKey } from './key';
import { headerName, parseDescriptor, readDescriptor } from './read-descriptor';
import { misconfigured } from './refusal';
import { DEFAULT_TOLERANCE, type Handshake, SCHEMES, type Scheme } from './schemes';
import { readPublicUrl } from './sender-url';
import { signatureSigner, signatureVerifier } from './signature';
import { TOKEN_PLACES, type TokenPlace, tokenAuth } from './token';

/** The node's fields as a flow file holds them; absent ones behave as their default. Numbers may be texts. */
export interface AuthConfig {
  scheme?: unknown;
  descriptor?: unknown;
  tokenFrom?: unknown;
  tokenName?: unknown;
  username?: unknown;
  timestampHeader?: unknown;
  tolerance?: unknown;
  allow?: unknown;
  trustedProxies?: unknown;
  publicUrl?: unknown;
}

export interface AuthCredentials {
  secret?: unknown;
  previousSecret?: unknown;
}

export interface Auth {
  verifier: Verifier;
  signer: Signer;
  /** What is wrong with the configuration, beginning with the field; undefined = nothing. */
  problem?: string;
}

type Checks = Pick<Verifier, 'checkHead' | 'check'> &
  Pick<Signer, 'sign'> & {
    identity?: IdentityDefaults;
    secretHeaders?: readonly string[];
    secretQuery?: readonly string[];
    handshake?: NonNullable<Verifier['handshake']>;
  };

/** Shown masked whatever the scheme is. */
const ALWAYS_SECRET = ['authorization', 'proxy-authorization', 'cookie'];

function text(value: unknown, field: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new Error(`${field}: expected a text`);
}

function readTolerance(value: unknown): number {
  // Blanks are no 0, which would switch the check off.
  if (value === undefined || value === null || (typeof value === 'string' && value.trim() === ''))
    return DEFAULT_TOLERANCE;
  const seconds = typeof value === 'string' ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0) {
    throw new Error('tolerance: expected seconds, 0 or more (0 = do not check)');
  }
  return seconds;
}

/** The secrets that verify, the signing one first. Node-RED leaves `${NAME}` as it is when the variable does not exist. */
function readSecrets(credentials: AuthCredentials): { field: string; secret: string }[] {
  const found: { field: string; secret: string }[] = [];
  for (const field of ['secret', 'previousSecret'] as const) {
    const secret = text(credentials[field], field);
    const variable = /^\$\{(\S+)\}$/.exec(secret) ?? /^\$\((\S+)\)$/.exec(secret);
    if (variable) throw new Error(`${field}: the environment variable ${variable[1]} is not set`);
    if (secret !== '') found.push({ field, secret });
    else if (field === 'secret') throw new Error('secret: is empty; expected the secret shared with the sender');
    if (secret !== '' && secret.trim() === '') throw new Error(`${field}: holds nothing but spaces`);
  }
  return found;
}

/** A body as JSON, also where its reader was told to leave it as text or bytes; undefined where it is none. */
function jsonOf(body: unknown): unknown {
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) return body;
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function handshakeOf({ member, equals, echo }: Handshake): NonNullable<Verifier['handshake']> {
  return (read) => {
    const body = jsonOf(read);
    if (body === null || typeof body !== 'object') return undefined;
    const members = body as Record<string, unknown>;
    const value = members[echo];
    if (members[member] !== equals || typeof value !== 'string') return undefined;
    return { status: 200, contentType: 'application/json', body: JSON.stringify({ [echo]: value }) };
  };
}

/** A scheme's descriptor, with a signed time where the node names the header of one. */
function descriptorOf(scheme: Scheme, timestampHeader: string): Descriptor {
  if (scheme.timedContent === undefined || timestampHeader === '') return readDescriptor(scheme.descriptor);
  return readDescriptor({
    ...scheme.descriptor,
    ts: { header: headerName(timestampHeader, 'timestampHeader') },
    content: scheme.timedContent,
  });
}

function signatureChecks(
  descriptor: Descriptor,
  config: AuthConfig,
  credentials: AuthCredentials,
  clock: Clock,
): Checks {
  const options = {
    descriptor,
    keys: readSecrets(credentials).map(({ field, secret }) => readKey(secret, descriptor, field)),
    tolerance: descriptor.ts?.tolerance ?? readTolerance(config.tolerance),
    publicUrl: readPublicUrl(text(config.publicUrl, 'publicUrl')),
    clock,
  };
  return {
    ...signatureVerifier(options),
    sign: signatureSigner(options),
    secretHeaders: descriptor.sig.header,
    ...(descriptor.idHeader ? { identity: { eventId: [`{h:${descriptor.idHeader}}`] } } : {}),
  };
}

function checksOf(scheme: string, config: AuthConfig, credentials: AuthCredentials, clock: Clock): Checks {
  const row = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (row) {
    const descriptor = descriptorOf(row, text(config.timestampHeader, 'timestampHeader').trim());
    const checks = signatureChecks(descriptor, config, credentials, clock);
    return {
      ...checks,
      identity: row.identity,
      ...(row.handshake ? { handshake: handshakeOf(row.handshake) } : {}),
    };
  }
  const secrets = (): string[] => readSecrets(credentials).map(({ secret }) => secret);
  switch (scheme) {
    case 'custom':
      return signatureChecks(parseDescriptor(text(config.descriptor, 'descriptor')), config, credentials, clock);
    case 'token': {
      const from = text(config.tokenFrom, 'tokenFrom') || 'header';
      if (!TOKEN_PLACES.includes(from as TokenPlace)) {
        throw new Error(`tokenFrom: expected one of ${TOKEN_PLACES.join(', ')}`);
      }
      return tokenAuth(from as TokenPlace, text(config.tokenName, 'tokenName'), secrets());
    }
    case 'basic':
      return basicAuth(text(config.username, 'username'), secrets());
    case 'none':
      return {
        checkHead: () => undefined,
        check: () => undefined,
        sign: ({ url }) => ({ url, headers: {} }),
      };
    default:
      throw new Error(
        `scheme: expected one of ${[...Object.keys(SCHEMES), 'custom', 'token', 'basic', 'none'].join(', ')}`,
      );
  }
}

function refuseAll(scheme: string, problem: string): Auth {
  const refusal = misconfigured(problem);
  return {
    problem,
    verifier: {
      scheme,
      identity: {},
      secretHeaders: ALWAYS_SECRET,
      secretQuery: [],
      // Nothing passes the next step, and that one tells what is wrong.
      address: (remote) => ({ address: remote, allowed: true }),
      checkHead: () => refusal,
      check: () => refusal,
    },
    signer: {
      scheme,
      sign() {
        throw new Error(`webhook auth: ${problem}`);
      },
    },
  };
}

/**
 * The two sides of a webhook's authentication, from the node's fields. Never throws: a configuration that cannot be used
 * gives a verifier that refuses everything and a signer that throws, with `problem` saying which field is wrong.
 */
export function createAuth(config: AuthConfig, credentials: AuthCredentials, clock: Clock): Auth {
  let scheme = '';
  try {
    scheme = text(config.scheme, 'scheme') || 'standard-webhooks';
    const allow = readAddresses(text(config.allow, 'allow'), 'allow');
    const trusted = readAddresses(text(config.trustedProxies, 'trustedProxies'), 'trustedProxies');
    const { sign, handshake, ...checks } = checksOf(scheme, config, credentials, clock);
    return {
      verifier: {
        scheme,
        identity: checks.identity ?? {},
        secretHeaders: [...ALWAYS_SECRET, ...(checks.secretHeaders ?? [])],
        secretQuery: checks.secretQuery ?? [],
        address: addressCheck(allow, trusted),
        checkHead: checks.checkHead,
        check: checks.check,
        ...(handshake ? { handshake } : {}),
      },
      signer: { scheme, sign },
    };
  } catch (error) {
    return refuseAll(scheme, error instanceof Error ? error.message : String(error));
  }
}
