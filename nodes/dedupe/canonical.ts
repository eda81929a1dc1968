import { createHash } from 'node:crypto';
import { types } from 'node:util';

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
  // By what they are, not by their class: function nodes make theirs in a context of their own.
  if (types.isDate(value)) return `Date(${value.getTime()})`;
  if (ArrayBuffer.isView(value))
    return `${Buffer.isBuffer(value) ? 'Buffer' : value.constructor.name}(${bytes(value)})`;
  if (types.isAnyArrayBuffer(value)) return `ArrayBuffer(${bytes(new Uint8Array(value))})`;
  if (types.isMap(value)) {
    const entries = [...value].map(([key, item]) => `${canonical(key, depth)}:${canonical(item, depth)}`);
    return `Map(${entries.sort().join()})`;
  }
  if (types.isSet(value))
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
  return `${within(value)}{${parts.join()}}`;
}

/** What an object holds besides its members: '' for most. */
function within(value: object): string {
  const name = Object.prototype.toString.call(value).slice(8, -1);
  if (name === 'Object') return '';
  if (types.isWeakMap(value) || types.isWeakSet(value) || types.isPromise(value))
    throw new Error(`expected a value without a ${name}`);
  if (types.isBoxedPrimitive(value)) return `${name}(${canonical(value.valueOf())})`;
  const text =
    types.isNativeError(value) || types.isRegExp(value) || value instanceof URL || value instanceof URLSearchParams;
  return text ? `${name}(${JSON.stringify(String(value))})` : '';
}

/** A short key for a value of any size. @throws as `canonical` */
export function contentKey(value: unknown): string {
  return `sha256:${createHash('sha256').update(canonical(value)).digest('base64url')}`;
}
