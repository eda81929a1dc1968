/** The template of the signed bytes: what it may hold. No node imports: the editor validates with this file too. */

export type ContentPart =
  | { kind: 'text'; text: string }
  | { kind: 'header'; names: string[] }
  | { kind: 'ts' | 'body' | 'method' | 'url' | 'path' | 'query' | 'form' };

const NAMES = ['ts', 'body', 'method', 'url', 'path', 'query', 'form'] as const;
const HEADER = /^h:[!#$%&'*+.^_`~0-9a-zA-Z-]+(\|[!#$%&'*+.^_`~0-9a-zA-Z-]+)*$/;

/**
 * Takes a template apart. `{h:a|b}` is the first of these headers that is there.
 * Throws an Error that says which placeholder is unknown.
 */
export function contentParts(template: string): ContentPart[] {
  const parts: ContentPart[] = [];
  for (const piece of template.split(/(\{[^{}]*\})/)) {
    if (piece === '') continue;
    if (!piece.startsWith('{') || !piece.endsWith('}')) {
      parts.push({ kind: 'text', text: piece });
      continue;
    }
    const name = piece.slice(1, -1);
    const kind = NAMES.find((known) => known === name);
    if (kind) parts.push({ kind });
    else if (HEADER.test(name)) parts.push({ kind: 'header', names: name.slice(2).toLowerCase().split('|') });
    else throw new Error(`unknown placeholder ${piece}; known are {${NAMES.join('} {')}} {h:header-name}`);
  }
  return parts;
}

/** What is wrong with a template of the signed bytes, or undefined. */
export function checkContent(template: string, hasTime: boolean, hasBodyDigest: boolean): string | undefined {
  let parts: ContentPart[];
  try {
    parts = contentParts(template);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const has = (kind: ContentPart['kind']): boolean => parts.some((part) => part.kind === kind);
  if (!has('body') && !(hasBodyDigest && has('url'))) {
    return 'expected {body} in it, else anyone could change the body';
  }
  if (has('ts') && !hasTime) return '{ts} needs "ts" with a header or a label';
  if (hasTime && !has('ts')) return 'expected {ts} in it, because "ts" is set and an unsigned time proves nothing';
  return undefined;
}
