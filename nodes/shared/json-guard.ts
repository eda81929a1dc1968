/**
 * Guards around JSON.parse for text that others wrote (requests, files read back). Deep nesting overflows the stack when a
 * message is cloned, and `__proto__` becomes an object's real prototype then; both end in a crash or worse, so both are refused.
 */

/** Nesting that real payloads never reach and that cloning survives easily. */
export const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Index of the string's closing quote; the text's length where it never closes. */
function endOfString(text: string | Buffer, open: number): number {
  let from = open + 1;
  for (;;) {
    const close = typeof text === 'string' ? text.indexOf('"', from) : text.indexOf(QUOTE, from);
    if (close < 0) return text.length;
    // An odd run of backslashes before it escapes the quote.
    let slashes = 0;
    while (code(text, close - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return close;
    from = close + 1;
  }
}

function code(text: string | Buffer, index: number): number {
  return typeof text === 'string' ? text.charCodeAt(index) : (text[index] as number);
}

/**
 * Whether JSON text nests arrays and objects deeper than `max` levels. Looks at brackets outside strings only and before any
 * parsing, in one pass; malformed text is left to JSON.parse.
 * @param text a string, or the bytes of UTF-8 text
 * @param max levels allowed, default 64
 */
export function tooDeep(text: string | Buffer, max: number = MAX_DEPTH): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const char = code(text, index);
    if (char === QUOTE) index = endOfString(text, index);
    else if (char === 0x5b || char === 0x7b) {
      depth += 1;
      if (depth > max) return true;
    } else if (char === 0x5d || char === 0x7d) depth -= 1;
  }
  return false;
}

interface Frame {
  value: object;
  /** Where it hangs; undefined for the root. */
  parent?: Frame;
  key?: string;
}

function pathOf(frame: Frame, key: string): string {
  const keys = [key];
  for (let at: Frame | undefined = frame; at?.key !== undefined; at = at.parent) keys.push(at.key);
  return keys
    .reverse()
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

/** `constructor` alone is an ordinary word; with an object that has a `prototype` it reaches Object.prototype when merged. */
function isForbidden(key: string, value: unknown): boolean {
  if (key === '__proto__') return true;
  return key === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}

/**
 * Finds a key in parsed JSON that would change prototypes when the value is cloned or merged: `__proto__` anywhere, or
 * `constructor` whose value is an object with a `prototype` of its own. Iterative, so depth cannot overflow the stack.
 * @param value what JSON.parse returned (a tree)
 * @returns the path of the first such key, e.g. `items[3].__proto__`; undefined when there is none
 */
export function forbiddenKey(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const stack: Frame[] = [{ value }];
  for (let frame = stack.pop(); frame; frame = stack.pop()) {
    const holder = frame.value as Record<string, unknown>;
    const plain = !Array.isArray(holder);
    for (const key of Object.keys(holder)) {
      // An own `__proto__` (as JSON.parse makes it) is read as an own property, not through the prototype's accessor.
      const child = holder[key];
      if (plain && isForbidden(key, child)) return pathOf(frame, key);
      if (typeof child === 'object' && child !== null) stack.push({ value: child, parent: frame, key });
    }
  }
  return undefined;
}
