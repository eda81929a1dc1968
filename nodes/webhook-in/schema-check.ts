import { escapeKey } from '../shared/json-pointer';
import { linearPattern } from './linear-pattern';

/** Comparing each element with each other takes seconds beyond this. */
const MAX_UNIQUE = 1000;

/** Members that hold values, not schemas. */
const VALUES = new Set(['const', 'enum', 'default', 'examples', 'example', 'required', 'dependentRequired']);

/** Members that hold schemas by name, where a name such as `pattern` is no keyword. */
const BY_NAME = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
]);

/** Something in a schema that could be used to stop Node-RED, or that it may not do. */
export interface Danger {
  /** JSON pointer into the schema. */
  path: string;
  message: string;
}

function patternDanger(path: string, pattern: string): Danger | undefined {
  try {
    linearPattern(pattern);
    return undefined;
  } catch (error) {
    return { path, message: (error as Error).message };
  }
}

function keywordDanger(schema: Record<string, unknown>, path: string): Danger | undefined {
  const { pattern, uniqueItems, maxItems, patternProperties } = schema;
  if (typeof pattern === 'string') {
    const danger = patternDanger(`${path}/pattern`, pattern);
    if (danger) return danger;
  }
  if (typeof patternProperties === 'object' && patternProperties !== null) {
    for (const name of Object.keys(patternProperties)) {
      const danger = patternDanger(`${path}/patternProperties/${escapeKey(name)}`, name);
      if (danger) return danger;
    }
  }
  if (uniqueItems === true && !(typeof maxItems === 'number' && maxItems <= MAX_UNIQUE)) {
    return {
      path: `${path}/uniqueItems`,
      message: `uniqueItems needs maxItems beside it, at most ${MAX_UNIQUE}: telling many items apart takes too long`,
    };
  }
  return undefined;
}

/**
 * Walks over the subschemas of a schema, outermost first, until `look` finds something. Looks into every member that is not
 * known to hold values, since an unknown keyword is refused anyway.
 */
function walk<T>(
  schema: unknown,
  look: (schema: Record<string, unknown>, path: string) => T | undefined,
  path = '',
  byName = false,
): T | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const isSchema = !byName && !Array.isArray(schema);
  const found = isSchema ? look(schema as Record<string, unknown>, path) : undefined;
  if (found !== undefined) return found;
  for (const [key, value] of Object.entries(schema)) {
    if (isSchema && VALUES.has(key)) continue;
    const deeper = walk(value, look, `${path}/${escapeKey(key)}`, isSchema && BY_NAME.has(key));
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}

/** The first thing in a schema that takes more than linear time, or undefined. */
export function findDanger(schema: unknown): Danger | undefined {
  return walk(schema, keywordDanger);
}

/** Where a keyword stands first, as a JSON pointer; undefined where it does not. */
export function pathOfKeyword(schema: unknown, keyword: string): string | undefined {
  return walk(schema, (sub, path) => (Object.hasOwn(sub, keyword) ? `${path}/${escapeKey(keyword)}` : undefined));
}
