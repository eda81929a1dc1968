/**
 * The one value of the first of these headers that is there. Undefined: none is there, or it is empty.
 * False: it is there more than once, so that two readers could see two different values; nobody may pass with that.
 */
export function oneHeader(headers: NodeJS.Dict<string[]>, names: readonly string[]): string | undefined | false {
  for (const name of names) {
    const values = headers[name];
    if (values === undefined || values.length === 0) continue;
    if (values.length > 1) return false;
    if (values[0] !== '') return values[0];
  }
  return undefined;
}

/** True where a text can stand in a header as it is: no control characters, no space at either end. */
export function fitsHeader(text: string): boolean {
  return text === text.trim() && !/\p{Cc}/u.test(text);
}
