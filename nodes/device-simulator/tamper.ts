/** What a signer adds to a request. */
interface Signed {
  url: string;
  headers: Record<string, string>;
}

/**
 * The same request with every credential in it wrong but well formed (same length, same alphabet), whatever the scheme: it must
 * fail at the comparison and not at the parser. Left alone are the event's id and times, which are no credentials; a number
 * with no credential beside it is one, a token of digits.
 */
export function tamper(url: string, signed: Signed, id: string): Signed {
  const added = Object.entries(signed.headers).filter(([, value]) => value !== id);
  const isTime = (value: string): boolean => /^\d+$/.test(value) && !added.every(([, other]) => /^\d+$/.test(other));
  const headers = { ...signed.headers };
  for (const [name, value] of added) if (!isTime(value)) headers[name] = garble(value);
  return { url: garbleQuery(url, signed.url), headers };
}

/** Changes the query parameters that signing has added. */
function garbleQuery(before: string, after: string): string {
  if (before === after) return after;
  const plain = new URL(before).searchParams;
  const url = new URL(after);
  for (const [name, value] of new URL(after).searchParams) {
    if (plain.get(name) !== value) url.searchParams.set(name, garble(value));
  }
  return url.href;
}

/** Replaces the characters of every long run (a digest, a token), or of the longest one where all are short; what has none gets one more. */
function garble(value: string): string {
  const runs = value.match(/[A-Za-z0-9+/_-]+/g) ?? [];
  const longest = runs.reduce((length, run) => Math.max(length, run.length), 0);
  const least = Math.min(16, longest);
  const other = value.replace(/[A-Za-z0-9+/_-]+/g, (run) =>
    run.length < least ? run : Array.from(run, next).join(''),
  );
  return other === value ? `${value}x` : other;
}

/** Another character of the same alphabet: hex stays hex, base64 stays base64. */
function next(character: string): string {
  if (/[0-8a-eA-E]/.test(character)) return String.fromCharCode(character.charCodeAt(0) + 1);
  if (character === '9') return '0';
  if (character === 'f') return 'a';
  if (character === 'F') return 'A';
  if (character === 'z') return 'g';
  if (character === 'Z') return 'G';
  return /[g-yG-Y]/.test(character) ? String.fromCharCode(character.charCodeAt(0) + 1) : character;
}
