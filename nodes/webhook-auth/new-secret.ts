import type { Descriptor } from './descriptor';
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

/** Whether a typed secret can be decoded as its scheme needs it; the runtime looks at it for good (key.ts). */
export function secretFits(secret: string, { prefixes, encoding }: Descriptor['key']): boolean {
  if (/^\$(\{\S+\}|\(\S+\))$/.test(secret)) return true;
  const prefix = Object.keys(prefixes).find((text) => secret.startsWith(text)) ?? '';
  const rest = secret.slice(prefix.length);
  if (encoding === 'base64') return /^[A-Za-z0-9+/]+={0,2}$/.test(rest) && rest.replace(/=+$/, '').length % 4 !== 1;
  if (encoding === 'hex') return /^([0-9a-f]{2})+$/i.test(rest);
  return rest.trim() !== '';
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
