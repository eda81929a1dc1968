import { types } from 'node:util';
import { forbiddenKey, MAX_DEPTH, tooDeep } from '../shared/json-guard';
import { StoreError } from './store';

/**
 * Messages as JSON text that any tool can read. What JSON lacks is an object with one extra member:
 * `{"$type":"Buffer","value":"<base64>"}`; an object that has a `$type` of its own is wrapped the same way.
 */
const TYPE = '$type';

/** Every level of a Map takes four in the text; what was written always fits. */
const MAX_TEXT_DEPTH = 4 * MAX_DEPTH + 8;

const NUMBERS: Record<string, number> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-0': -0,
};

const ARRAYS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Where a value hangs; turned into a path only for an error. */
interface Place {
  parent?: Place;
  key: string | number;
}

function pathOf(place: Place): string {
  const { parent, key } = place;
  if (!parent) return String(key);
  if (typeof key === 'number') return `${pathOf(parent)}[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${pathOf(parent)}.${key}` : `${pathOf(parent)}[${JSON.stringify(key)}]`;
}

function unstorable(place: Place, what: string): StoreError {
  return new StoreError('unstorable', `${pathOf(place)} cannot be stored: ${what}`);
}

/** A plain object of any realm: function nodes make theirs in a context of their own, with another Object.prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function describe(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === 'string' && name !== '' ? `it is an object of class ${name}` : 'it is not a plain object';
}

/**
 * Whether JSON.stringify by itself keeps a value. Nearly every message is like that, and then needs no copy.
 * @param met every container so far, none of which may come a second time
 */
function isJson(value: unknown, met: Set<object>, depth: number): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true;
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object' || depth > MAX_DEPTH || met.has(value)) return false;
  met.add(value);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) if (!isJson(value[index], met, depth + 1)) return false;
    return true;
  }
  if (!isPlain(value)) return false;
  for (const key of Object.keys(value)) {
    if (key === TYPE || key === '__proto__') return false;
    if (!isJson((value as Record<string, unknown>)[key], met, depth + 1)) return false;
  }
  return true;
}

class Encoder {
  /** Every container met, with its number: a second way to one becomes a reference, so that circles and shared parts are kept. */
  readonly #met = new Map<object, number>();

  value(value: unknown, place: Place, depth: number): Json {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0)
          ? value
          : tagged('number', Object.is(value, -0) ? '-0' : String(value));
      case 'bigint':
        return tagged('bigint', value.toString());
      case 'undefined':
        return { [TYPE]: 'undefined' };
      case 'object':
        return value === null ? null : this.#object(value, place, depth);
      default:
        throw unstorable(place, `it is a ${typeof value}`);
    }
  }

  #object(value: object, place: Place, depth: number): Json {
    const number = this.#met.get(value);
    if (number !== undefined) return tagged('ref', number);
    if (depth > MAX_DEPTH) throw unstorable(place, `it is nested deeper than ${MAX_DEPTH} levels`);
    this.#met.set(value, this.#met.size);
    if (Array.isArray(value))
      return Array.from(value as unknown[], (item, key) => this.value(item, { parent: place, key }, depth + 1));
    return binary(value) ?? this.#collection(value, place, depth) ?? this.#plain(value, place, depth);
  }

  #collection(value: object, place: Place, depth: number): Json | undefined {
    const within = (item: unknown, key: string | number): Json => this.value(item, { parent: place, key }, depth + 1);
    if (types.isDate(value)) return tagged('Date', Number.isNaN(value.getTime()) ? null : value.toISOString());
    if (types.isMap(value)) {
      const pairs = [...value].map(([key, item], index) => {
        const name = typeof key === 'string' ? key : index;
        return [within(key, name), within(item, name)];
      });
      return tagged('Map', pairs);
    }
    if (types.isSet(value)) return tagged('Set', [...value].map(within));
    return undefined;
  }

  #plain(value: object, place: Place, depth: number): Json {
    if (!isPlain(value)) throw unstorable(place, describe(value));
    const result: { [key: string]: Json } = {};
    for (const [key, item] of Object.entries(value)) {
      if (key === '__proto__') throw unstorable({ parent: place, key }, 'the name changes prototypes');
      result[key] = this.value(item, { parent: place, key }, depth + 1);
    }
    return Object.hasOwn(result, TYPE) ? tagged('object', result) : result;
  }
}

function tagged(type: string, value: Json): Json {
  return { [TYPE]: type, value };
}

function binary(value: object): Json | undefined {
  if (Buffer.isBuffer(value)) return tagged('Buffer', value.toString('base64'));
  if (types.isAnyArrayBuffer(value)) return tagged('ArrayBuffer', Buffer.from(value).toString('base64'));
  if (!types.isTypedArray(value)) return undefined;
  const type = value[Symbol.toStringTag];
  if (!Object.hasOwn(ARRAYS, type)) return undefined;
  return tagged(type, Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'));
}

/**
 * A value as text. Kept: JSON values, undefined, NaN, the infinities, BigInt, Date, Buffer, typed arrays, ArrayBuffer, Map, Set,
 * circular and shared references. Left out: members named by symbols.
 * @param root what paths in errors begin with
 * @param leaveOut members of the outermost object that are not stored
 * @throws StoreError `unstorable`, naming the path: functions, symbols, objects of a class, more than 64 levels
 */
export function encode(value: unknown, root: string, leaveOut: readonly string[] = []): string {
  let kept = value;
  if (typeof value === 'object' && value !== null && leaveOut.some((key) => key in value) && isPlain(value)) {
    kept = Object.fromEntries(Object.entries(value).filter(([key]) => !leaveOut.includes(key)));
  }
  const text = JSON.stringify(isJson(kept, new Set(), 1) ? kept : new Encoder().value(kept, { key: root }, 1));
  // `constructor` with a `prototype` would be refused on the way back.
  const forbidden = text.includes('"prototype"') && forbiddenKey(JSON.parse(text));
  if (forbidden)
    throw new StoreError('unstorable', `${root}.${forbidden} cannot be stored: the name changes prototypes`);
  return text;
}

class Decoder {
  readonly #met: unknown[] = [];

  value(json: Json): unknown {
    if (typeof json !== 'object' || json === null) return json;
    if (Array.isArray(json)) {
      const result: unknown[] = [];
      this.#met.push(result);
      for (const item of json) result.push(this.value(item));
      return result;
    }
    const type = Object.hasOwn(json, TYPE) ? json[TYPE] : undefined;
    return typeof type === 'string' ? this.#tagged(type, json.value) : this.#plain(json);
  }

  #plain(json: { [key: string]: Json }): unknown {
    const result: Record<string, unknown> = {};
    this.#met.push(result);
    for (const [key, item] of Object.entries(json)) result[key] = this.value(item);
    return result;
  }

  #tagged(type: string, value: Json | undefined): unknown {
    switch (type) {
      case 'undefined':
        return undefined;
      case 'number':
        if (typeof value === 'string' && Object.hasOwn(NUMBERS, value)) return NUMBERS[value];
        break;
      case 'bigint':
        if (typeof value === 'string' && /^-?\d{1,10000}$/.test(value)) return BigInt(value);
        break;
      case 'ref':
        if (typeof value === 'number' && value >= 0 && value < this.#met.length) return this.#met[value];
        break;
      case 'object':
        if (typeof value === 'object' && value !== null && !Array.isArray(value)) return this.#plain(value);
        break;
      default:
        return this.#instance(type, value);
    }
    throw new Error(`a ${type} that cannot be read`);
  }

  #instance(type: string, value: Json | undefined): unknown {
    if (type === 'Date' && (value === null || typeof value === 'string'))
      return this.#meet(new Date(value ?? Number.NaN));
    if (type === 'Map' && Array.isArray(value)) {
      const map = this.#meet(new Map<unknown, unknown>());
      for (const pair of value as [Json, Json][]) map.set(this.value(pair[0]), this.value(pair[1]));
      return map;
    }
    if (type === 'Set' && Array.isArray(value)) {
      const set = this.#meet(new Set<unknown>());
      for (const item of value) set.add(this.value(item));
      return set;
    }
    if (typeof value === 'string') {
      const bytes = Buffer.from(value, 'base64');
      if (type === 'Buffer') return this.#meet(bytes);
      const buffer = new Uint8Array(bytes).buffer;
      if (type === 'ArrayBuffer') return this.#meet(buffer);
      if (Object.hasOwn(ARRAYS, type)) return this.#meet(new ARRAYS[type as keyof typeof ARRAYS](buffer));
    }
    throw new Error(`a value of the unknown type ${type}`);
  }

  #meet<T>(value: T): T {
    this.#met.push(value);
    return value;
  }
}

/**
 * What `encode` made the text from. The text may have been changed by others: nesting and names are checked first.
 * @throws StoreError `damaged`
 */
export function decode(text: string): unknown {
  if (tooDeep(text, MAX_TEXT_DEPTH)) throw new StoreError('damaged', 'a stored message is nested too deeply');
  try {
    const json = JSON.parse(text) as Json;
    const forbidden = forbiddenKey(json);
    if (forbidden) throw new Error(`the forbidden name ${forbidden}`);
    return text.includes(`"${TYPE}"`) ? new Decoder().value(json) : json;
  } catch (error) {
    throw new StoreError('damaged', 'a stored message cannot be read', { cause: error });
  }
}
