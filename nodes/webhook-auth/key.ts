import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { Content, Signable } from './content';
import type { Algorithm, Descriptor, KeyKind } from './descriptor';

/** One secret, made ready at deploy. */
export interface Key {
  readonly kind: KeyKind;
  /** True where this key can check or make a signature of the algorithm; a public key is never used for an hmac. */
  fits(algorithm: Algorithm): boolean;
  /** The hmac, or the ed25519 signature (only with a private key). */
  make(algorithm: Algorithm, content: Content, from: Signable): Buffer;
  /** Only for ed25519. */
  verify(content: Content, from: Signable, signature: Buffer): boolean;
}

const SIZES: Record<Algorithm, number> = {
  'hmac-sha1': 20,
  'hmac-sha256': 32,
  'hmac-sha384': 48,
  'hmac-sha512': 64,
  ed25519: 64,
};

/** Length of a signature in bytes. */
export const signatureSize = (algorithm: Algorithm): number => SIZES[algorithm];

// RFC 8410: an ed25519 key of 32 bytes inside PKCS#8 and SubjectPublicKeyInfo.
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** Strict base64: the standard alphabet, padded or not, nothing else; undefined where it is not. */
export function strictBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  const canonical = bytes.toString('base64');
  if (text === canonical) return bytes;
  const bare = canonical.indexOf('=') < 0 ? canonical : canonical.slice(0, canonical.indexOf('='));
  return text === bare ? bytes : undefined;
}

/** As `strictBase64`, but bits of the last character that no byte uses may be set, as some secrets have it. */
function looseBase64(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.replace(/=+$/, '').length % 4 !== 1
    ? Buffer.from(text, 'base64')
    : undefined;
}

function decode(text: string, encoding: Descriptor['key']['encoding'], field: string, prefix: string): Buffer {
  if (encoding === 'utf8') return Buffer.from(text, 'utf8');
  const bytes = encoding === 'hex' ? Buffer.from(text, 'hex') : looseBase64(text);
  if (!bytes || (encoding === 'hex' && bytes.length * 2 !== text.length)) {
    throw new Error(`${field}: expected ${encoding}${prefix ? ` after ${prefix}` : ''}, as the sender hands it out`);
  }
  return bytes;
}

function concat(content: Content, from: Signable): Buffer {
  const chunks: Buffer[] = [];
  content.feed(from, (bytes) => chunks.push(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes));
  return Buffer.concat(chunks);
}

function secretKey(bytes: Buffer): Key {
  const key = createSecretKey(bytes);
  return {
    kind: 'secret',
    fits: (algorithm) => algorithm !== 'ed25519',
    make(algorithm, content, from) {
      const hmac = createHmac(algorithm.slice(5), key);
      content.feed(from, (part) => {
        if (typeof part === 'string') hmac.update(part, 'latin1');
        else hmac.update(part);
      });
      // By way of text: a Buffer straight from the digest gets memory of its own outside the heap, which costs a fifth of the whole check.
      return Buffer.from(hmac.digest('binary'), 'binary');
    },
    verify: () => false,
  };
}

function asymmetricKey(bytes: Buffer, kind: 'public' | 'private', field: string): Key {
  let publicKey: KeyObject;
  let privateKey: KeyObject | undefined;
  if (kind === 'public') {
    if (bytes.length !== 32) throw new Error(`${field}: expected a public ed25519 key of 32 bytes`);
    publicKey = createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: 'der', type: 'spki' });
  } else {
    if (bytes.length !== 32 && bytes.length !== 64) {
      throw new Error(`${field}: expected a private ed25519 key of 64 bytes (seed and public key) or 32 (seed)`);
    }
    privateKey = createPrivateKey({
      key: Buffer.concat([PKCS8, bytes.subarray(0, 32)]),
      format: 'der',
      type: 'pkcs8',
    });
    publicKey = createPublicKey(privateKey);
    const derived = publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI.length);
    if (bytes.length === 64 && !derived.equals(bytes.subarray(32))) {
      throw new Error(`${field}: the two halves of the private key do not belong together`);
    }
  }
  return {
    kind,
    fits: (algorithm) => algorithm === 'ed25519',
    make(_algorithm, content, from) {
      if (!privateKey) {
        throw new Error(`${field}: a public key can only verify; signing needs the private key`);
      }
      return sign(null, concat(content, from), privateKey);
    },
    verify: (content, from, signature) => verify(null, concat(content, from), publicKey, signature),
  };
}

/** The kind of a key that no prefix tells: ed25519 alone means an ed25519 key, public or private by its length. */
function kindOf(bytes: Buffer, descriptor: Descriptor): KeyKind {
  const { labels, alg } = descriptor.sig;
  const algorithms = labels ? Object.values(labels) : [alg];
  if (!algorithms.every((algorithm) => algorithm === 'ed25519')) return 'secret';
  return bytes.length === 64 ? 'private' : 'public';
}

/** Makes a secret ready. `field` names it in errors, which hold nothing of the secret itself. Throws an Error. */
export function readKey(secret: string, descriptor: Descriptor, field: string): Key {
  const found = Object.entries(descriptor.key.prefixes).find(([prefix]) => secret.startsWith(prefix));
  const prefix = found?.[0] ?? '';
  const rest = secret.slice(prefix.length);
  if (rest.trim() === '') throw new Error(`${field}: nothing follows ${prefix || 'it'}; expected the key itself`);
  const bytes = decode(rest, descriptor.key.encoding, field, prefix);
  if (bytes.length === 0) throw new Error(`${field}: is empty`);
  const kind = found && found[1] !== 'secret' ? found[1] : kindOf(bytes, descriptor);
  return kind === 'secret' ? secretKey(bytes) : asymmetricKey(bytes, kind, field);
}
