/**
 * Randomness that needs no state: every value follows from the seed and the place it is asked for, so that nothing depends on
 * the order of timers. Integer arithmetic only, hence the same bytes on every version of V8.
 */

/** The finishing steps of MurmurHash3 (https://github.com/aappleby/smhasher): every input bit reaches every output bit. */
function finish(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function step(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  let h = hash ^ Math.imul(k, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  return (Math.imul(h, 5) + 0xe6546b64) | 0;
}

/** A 32-bit seed from whatever a maker typed; `42` and `"42"` are one seed. */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = step(hash, text.charCodeAt(i));
  return finish(hash ^ text.length);
}

/** An unsigned 32-bit integer that follows from the seed and three coordinates. */
export function integerAt(seed: number, a: number, b: number, c: number): number {
  return finish(step(step(step(seed, a), b), c));
}

/** A number in [0, 1) that follows from the seed and three coordinates. */
export function uniformAt(seed: number, a: number, b: number, c: number): number {
  return integerAt(seed, a, b, c) / 0x100000000;
}
