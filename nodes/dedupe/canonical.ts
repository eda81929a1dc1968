import { createHash } from 'node:crypto';

/** Deeper than any sensible payload, far from the depth at which JavaScript's stack ends. */
const MAX_DEPTH = 256;

function bytes(view: ArrayBufferView): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64');
}

/**
 * A value as text that is the same for equal values: the order of an object's keys does not matter, an undefined member is as
 * good as none, and a Buffer, Date, Map or Set never equals its look-alike in JSON.
 * @throws Error where the value goes in a circle, is nested too deeply or holds a function or symbol
 */
export function canonical(value: unknown, depth = 0): string {
  if (depth > MAX_DEPTH)
    throw new Error(`expected a value of at most ${MAX_DEPTH} levels that does not contain itself`);
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '0' : String(value);
    case 'boolean':
    case 'undefined':
      return String(value);
    case 'bigint':
      return `${value}n`;
    case 'object':
      return value === null ? 'null' : composite(value, depth + 1);
    default:
      throw new Error(`expected a value without ${typeof value}s`);
  }
}

function composite(value: object, depth: number): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth)).join()}]`;
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (ArrayBuffer.isView(value))
    return `${Buffer.isBuffer(value) ? 'Buffer' : value.constructor.name}(${bytes(value)})`;
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => `${canonical(key, depth)}:${canonical(item, depth)}`);
    return `Map(${entries.sort().join()})`;
  }
  if (value instanceof Set)
    return `Set(${[...value]
      .map((item) => canonical(item, depth))
      .sort()
      .join()})`;
  const members = value as Record<string, unknown>;
  const parts: string[] = [];
  for (const key of Object.keys(members).sort()) {
    const item = members[key];
    if (item !== undefined) parts.push(`${JSON.stringify(key)}:${canonical(item, depth)}`);
  }
  return `{${parts.join()}}`;
}

/** A short key for a value of any size. @throws as `canonical` */
export function contentKey(value: unknown): string {
  return `sha256:${createHash('sha256').update(canonical(value)).digest('base64url')}`;
}
