/** A JSON pointer (RFC 6901), ready to be followed. */
export type Pointer = readonly string[];

/**
 * Splits a JSON pointer into its keys.
 * @param text `''` (the whole document) or `/a/0/b`, with `~1` for `/` and `~0` for `~` in a key
 * @throws Error that says what is expected
 */
export function compilePointer(text: string): Pointer {
  if (text === '') return [];
  if (!text.startsWith('/'))
    throw new Error(`"${text}" is not a JSON pointer; expected a form like /alerts or /data/0/id`);
  if (/~(?![01])/.test(text))
    throw new Error(`"${text}" is not a JSON pointer; expected ~0 for ~ and ~1 for / in a key`);
  return text
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What a pointer names in a parsed JSON value; undefined when there is nothing. Follows own properties only. */
export function follow(pointer: Pointer, value: unknown): unknown {
  let at = value;
  for (const key of pointer) {
    if (typeof at !== 'object' || at === null || Buffer.isBuffer(at)) return undefined;
    if (Array.isArray(at) && !/^(0|[1-9]\d*)$/.test(key)) return undefined;
    if (!Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

/** A key as it stands in a pointer. */
export function escapeKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
