import { isUtf8 } from 'node:buffer';
import { forbiddenKey, tooDeep } from '../shared/json-guard';
import { type Refusal, refuse } from './refusal';

/** How a body is read; `auto` goes by the content type. */
export type ParseMode = 'auto' | 'json' | 'text' | 'buffer';

/** A body that has been read. */
export interface Parsed {
  readonly value: unknown;
  /** The fields of a form, for `{f:name}`. */
  readonly form?: Readonly<Record<string, string | string[]>>;
  /** True when there was not a byte of body; `value` is `''` then. */
  readonly empty?: true;
}

type Kind = 'json' | 'form' | 'text' | 'bytes' | 'guess';

/** Types whose bytes mean nothing as text; protobuf comes from The Things Stack and ChirpStack. */
const BYTES =
  /^(?:(?:image|audio|video|font|multipart)\/|application\/(?:octet-stream|pdf|zip|gzip|cbor|msgpack|(?:x-|vnd\.google\.)?protobuf)$)/;

/** The media type alone, lower case; `''` where there is none. */
export function mediaType(contentType: string | undefined): string {
  if (!contentType) return '';
  const end = contentType.indexOf(';');
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

function kindOf(type: string): Kind {
  if (type === 'application/json' || type.endsWith('+json') || type === 'text/json') return 'json';
  if (type === 'application/x-www-form-urlencoded') return 'form';
  // SNS sends JSON as text/plain, and ESPHome with no type at all.
  if (type === '' || type === 'text/plain') return 'guess';
  if (BYTES.test(type)) return 'bytes';
  if (type.startsWith('text/') || type.endsWith('+xml') || type === 'application/xml') return 'text';
  return 'guess';
}

/** The bytes as text without a byte order mark; undefined where they are no UTF-8. */
function decode(body: Buffer): string | undefined {
  if (!isUtf8(body)) return undefined;
  const text = body.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** A prototype can only be reached by keys spelt like this, or with an escape in them, so other text need not be searched. */
function isSuspicious(text: string): boolean {
  return text.includes('__proto__') || text.includes('\\u') || text.includes('constructor');
}

function deep(): Refusal {
  return refuse('body-too-deep', 'arrays and objects are nested more than 64 levels deep');
}

/** JSON text as a value; undefined where it is no JSON. */
function json(text: string): Parsed | Refusal | undefined {
  if (tooDeep(text)) return deep();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const key = isSuspicious(text) ? forbiddenKey(value) : undefined;
  return key === undefined ? { value } : refuse('forbidden-key', `the key ${key.slice(0, 100)} is not allowed`);
}

/** What JSON text can begin with, so that other text costs no exception. */
const JSON_START = /^[ \t\r\n]*[[{"\-0-9tfn]/;

function form(text: string): Parsed | Refusal {
  const fields: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (name === '__proto__') return refuse('forbidden-key', 'the form field __proto__ is not allowed');
    const present = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (present === undefined) fields[name] = value;
    else if (Array.isArray(present)) present.push(value);
    else fields[name] = [present, value];
  }
  return { value: fields, form: fields };
}

function malformed(what: string): Refusal {
  return refuse('body-malformed', what);
}

function byType(body: Buffer, kind: Kind): Parsed | Refusal {
  if (kind === 'bytes') return { value: body };
  const text = decode(body);
  if (text === undefined) {
    if (kind === 'json' || kind === 'form') return malformed('the body is not valid UTF-8');
    return { value: body };
  }
  if (kind === 'json') return json(text) ?? malformed('the body is not valid JSON, which its content type promises');
  // `curl -d` calls everything a form.
  if (kind === 'form') return (/^\s*[[{]/.test(text) ? json(text) : undefined) ?? form(text);
  if (kind === 'text') return { value: text };
  return (JSON_START.test(text) ? json(text) : undefined) ?? { value: text };
}

/**
 * Reads a body. An empty one is never malformed; JSON must be UTF-8, no more than 64 levels deep and free of keys that
 * change prototypes. In `auto`, a type that says nothing (none, text/plain, an unknown one) is JSON if it parses, else text,
 * else a Buffer; a form becomes an object, repeated fields arrays.
 * @param contentType the header as sent
 */
export function parse(body: Buffer, contentType: string | undefined, mode: ParseMode): Parsed | Refusal {
  if (body.length === 0) return { value: '', empty: true };
  if (mode === 'auto') return byType(body, kindOf(mediaType(contentType)));
  if (mode === 'buffer') return { value: body };
  const text = decode(body);
  if (text === undefined) return malformed('the body is not valid UTF-8');
  if (mode === 'text') return { value: text };
  return json(text) ?? malformed('the body is not valid JSON');
}
