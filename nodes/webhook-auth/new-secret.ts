import type { Descriptor } from './descriptor';
import { fitsHeader } from './header';
import { parseDescriptor } from './read-descriptor';
import { PLAIN_SECRET, SCHEMES, type SecretForm } from './schemes';

/** How a secret of this scheme is written; a custom descriptor says it by its key's encoding and first prefix. */
export function secretForm(scheme: string, descriptor: string): SecretForm {
  const row = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (row) return row.newSecret;
  if (scheme !== 'custom') return PLAIN_SECRET;
  let key: Descriptor['key'];
  try {
    key = parseDescriptor(descriptor).key;
  } catch {
    return PLAIN_SECRET;
  }
  const prefix = Object.keys(key.prefixes).find((text) => key.prefixes[text] === 'secret') ?? '';
  return { prefix, bytes: 32, encoding: key.encoding === 'base64' ? 'base64' : 'hex' };
}

/** How many bytes a secret that is written in an encoding holds; undefined where it is not written in it. */
function sizeOf(text: string, encoding: Descriptor['key']['encoding']): number | undefined {
  if (encoding === 'utf8') return text.trim() === '' ? undefined : text.length;
  if (encoding === 'hex') return /^([0-9a-f]{2})+$/i.test(text) ? text.length / 2 : undefined;
  const bare = text.replace(/={0,2}$/, '');
  return /^[A-Za-z0-9+/]+$/.test(bare) && bare.length % 4 !== 1 ? Math.floor((bare.length * 3) / 4) : undefined;
}

/** What a secret is for; `descriptor` undefined = the scheme does not sign, or its descriptor is still being written. */
export interface SecretUse {
  scheme: string;
  tokenFrom: string;
  descriptor: Pick<Descriptor, 'key' | 'sig'> | undefined;
}

/** Whether a typed secret is written as its scheme needs it; the runtime looks at it for good (key.ts, token.ts). */
export function secretFits(secret: string, { scheme, tokenFrom, descriptor }: SecretUse): boolean {
  if (/^\$(\{\S+\}|\(\S+\))$/.test(secret)) return true;
  if (secret.trim() === '') return false;
  if (descriptor) return keyFits(secret, descriptor);
  return scheme !== 'token' || tokenFrom === 'query' || fitsHeader(secret);
}

function keyFits(secret: string, { key, sig }: Pick<Descriptor, 'key' | 'sig'>): boolean {
  const prefix = Object.keys(key.prefixes).find((text) => secret.startsWith(text)) ?? '';
  const size = sizeOf(secret.slice(prefix.length), key.encoding);
  const kind = key.prefixes[prefix] ?? 'secret';
  const algorithms = sig.labels ? Object.values(sig.labels) : [sig.alg];
  const asymmetric = kind !== 'secret' || algorithms.every((algorithm) => algorithm === 'ed25519');
  if (size === undefined || !asymmetric) return size !== undefined;
  return size === 32 || (size === 64 && kind !== 'public');
}

/** A new secret from random bytes, of which `random` gives as many as it is asked for. */
export function newSecret({ prefix, bytes, encoding }: SecretForm, random: (count: number) => Uint8Array): string {
  const values = [...random(bytes)];
  const text =
    encoding === 'hex'
      ? values.map((value) => value.toString(16).padStart(2, '0')).join('')
      : btoa(String.fromCharCode(...values));
  return prefix + text;
}
