import * as crypto from 'node:crypto';

/** 128 bits in four words: what a claim's key is looked up by. */
export type Digest = readonly [number, number, number, number];

/** One call is 3x faster than createHash where it exists (Node >= 20.12), and a latin1 string is cheaper than a Buffer. */
const sha256: (data: string) => string =
  typeof crypto.hash === 'function'
    ? (data) => crypto.hash('sha256', data, 'binary')
    : (data) => crypto.createHash('sha256').update(data).digest('binary');

function word(text: string, at: number): number {
  return (
    (text.charCodeAt(at) |
      (text.charCodeAt(at + 1) << 8) |
      (text.charCodeAt(at + 2) << 16) |
      (text.charCodeAt(at + 3) << 24)) >>>
    0
  );
}

/**
 * The digest of a key in its scope. The salt is the store's own, so that nobody outside can choose keys that collide in the
 * table, and keys cannot be guessed from a stolen file.
 */
export function digestOf(salt: string, scope: string, key: string): Digest {
  const name = `${scope.length}:${scope}${key}`;
  // Half a surrogate pair is no UTF-8: hashed as it is, it would be the same as any other.
  const hash = sha256(salt + (name.isWellFormed() ? name : JSON.stringify(name)));
  return [word(hash, 0), word(hash, 4), word(hash, 8), word(hash, 12)];
}

export function digestBytes(digest: Digest): Uint8Array {
  const bytes = Buffer.allocUnsafe(16);
  for (let at = 0; at < 4; at += 1) bytes.writeUInt32LE(digest[at] as number, at * 4);
  return bytes;
}

export function digestFrom(bytes: Uint8Array): Digest {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return [view.getUint32(0, true), view.getUint32(4, true), view.getUint32(8, true), view.getUint32(12, true)];
}
