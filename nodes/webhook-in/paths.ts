import { ConfigError } from '../shared/options';

/** A path as a maker writes it, ready to match; letter case and one trailing slash make no difference, as in Express. */
export interface PathPattern {
  /** The path as its maker wrote it, with a leading slash. */
  readonly text: string;
  /** Two patterns with one key match the same requests: lower case, parameters without their names. */
  readonly key: string;
  /** True when there is no parameter: the key alone decides. */
  readonly literal: boolean;
  /** Parameters of a path (below the node root, undecoded, no query), decoded; undefined = no match. */
  match(path: string): Record<string, string> | undefined;
}

const PIECE = /:([A-Za-z_][A-Za-z0-9_]*)(\?)?|(\*)|([^:*]+)/g;
const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Text as it stands in a request: what is not ASCII is percent-encoded UTF-8. */
const encoded = (text: string): string => text.replace(/[^\x21-\x7e]+/gu, encodeURIComponent);

/** What a request path is looked up by. */
export function lookupKey(path: string): string {
  const end = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  return end.toLowerCase();
}

/**
 * Reads an Express-style path: literal text, `:name`, `:name?` (with the slash before it) and `*`.
 * @throws ConfigError on anything else, so that no sender meets a path that can never match
 */
export function compilePath(given: string): PathPattern {
  if (!given.trim()) throw new ConfigError('path', 'expected a path such as /hooks/door');
  const text = given.startsWith('/') ? given : `/${given}`;
  if (/[\s?#()[\]{}\\]/.test(text.replace(/(:[A-Za-z_]\w*)\?/g, '$1'))) {
    throw new ConfigError('path', 'expected literal text, :name, :name? or * (no spaces, queries or expressions)');
  }
  if (/\/\//.test(text)) throw new ConfigError('path', 'expected no empty part (//)');
  const wire = encoded(text);
  const key = lookupKey(wire.replace(/:[A-Za-z_]\w*/g, ':'));
  if (!/[:*]/.test(wire)) {
    return { text, key, literal: true, match: (path) => (lookupKey(path) === key ? {} : undefined) };
  }
  const names: string[] = [];
  let source = '';
  let wildcards = 0;
  // Text since the last parameter of the segment or the `*`; undefined = there was none.
  let between: string | undefined;
  let read = 0;
  for (const [piece, name, optional, star, literal] of wire.matchAll(PIECE)) {
    read += piece.length;
    if (name !== undefined) {
      if (names.includes(name)) throw new ConfigError('path', `expected each name once, found :${name} twice`);
      names.push(name);
      if (between === '') throw new ConfigError('path', `expected text between :${name} and what stands before it`);
      // As in Express: a second parameter of a segment stops at the text before it, so that a hostile path takes linear time.
      const part = between === undefined ? '([^/]+?)' : `((?:(?!${escapeRegExp(between)})[^/])+?)`;
      between = '';
      const swallow = optional !== undefined && source.endsWith('/');
      if (swallow) source = source.slice(0, -1);
      source += swallow ? `(?:/${part})?` : optional ? `${part}?` : part;
    } else if (star !== undefined) {
      if (wildcards > 0) throw new ConfigError('path', 'expected at most one *');
      names.push(String(wildcards));
      between = '';
      wildcards += 1;
      source += '(.*)';
    } else {
      source += escapeRegExp(literal as string);
      if (between !== undefined) between = (literal as string).includes('/') ? undefined : between + literal;
    }
  }
  if (read !== wire.length) throw new ConfigError('path', 'expected a name after each colon, such as /hooks/:device');
  const expression = new RegExp(`^${source.endsWith('/') ? source.slice(0, -1) : source}/?$`, 'i');
  return {
    text,
    key,
    literal: false,
    match(path) {
      const found = expression.exec(path);
      if (!found) return undefined;
      const params: Record<string, string> = {};
      for (const [index, name] of names.entries()) {
        const part = found[index + 1];
        if (part === undefined) continue;
        try {
          params[name] = decodeURIComponent(part);
        } catch {
          return undefined; // "%zz" names nothing; Express would answer 400
        }
      }
      return params;
    },
  };
}
