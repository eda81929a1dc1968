/** A place in text, for people: both count from 1. */
export interface Position {
  line: number;
  column: number;
}

/** A string, number, word or mark of JSON; sticky, so that it is tried where the last one ended. */
const TOKEN =
  /"(?:[^"\\\p{Cc}]|\u007f|[\u0080-\u009f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{},:]/uy;

/** What may stand at the current place. */
type State = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | 'next';

/** Offset of the first character that makes text no JSON; undefined where it is JSON. */
function errorOffset(text: string): number | undefined {
  const open: string[] = [];
  let state: State = 'value';
  let at = 0;
  for (;;) {
    while (at < text.length && ' \t\r\n'.includes(text[at] as string)) at += 1;
    if (at >= text.length) return state === 'next' && open.length === 0 ? undefined : at;
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) return at;
    const inObject = open.at(-1) === '{';
    if (state === 'next') {
      if (open.length === 0) return at;
      if (token === (inObject ? '}' : ']')) open.pop();
      else if (token === ',') state = inObject ? 'key' : 'value';
      else return at;
    } else if (state === ':') {
      if (token !== ':') return at;
      state = 'value';
    } else if (state === 'key' || state === 'key or }') {
      if (token[0] === '"') state = ':';
      else if (token === '}' && state === 'key or }') {
        open.pop();
        state = 'next';
      } else return at;
    } else if (token === '{') {
      open.push(token);
      state = 'key or }';
    } else if (token === '[') {
      open.push(token);
      state = 'value or ]';
    } else if (token === ']' && state === 'value or ]') {
      open.pop();
      state = 'next';
    } else if (',:]}'.includes(token)) return at;
    else state = 'next';
    at += token.length;
  }
}

/**
 * Where JSON text goes wrong. JSON.parse says it only sometimes, and differently in each version of Node.js.
 * @returns undefined where the text is JSON
 */
export function jsonErrorPosition(text: string): Position | undefined {
  const offset = errorOffset(text);
  if (offset === undefined) return undefined;
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1) as string).length + 1 };
}
