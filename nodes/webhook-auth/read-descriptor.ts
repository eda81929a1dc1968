/** Reads a descriptor and says which field is wrong. No node imports: the editor validates with this file too. */
import { checkContent, contentParts } from './content-check';
import { ALGORITHMS, type Algorithm, type Descriptor, KEY_KINDS, type KeyKind } from './descriptor';

/** The prefixes of Standard Webhooks for asymmetric keys, so that a plain list of prefixes will do. */
const WELL_KNOWN_PREFIXES: Record<string, KeyKind> = { whpk_: 'public', whsk_: 'private' };
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** What is wrong with a descriptor; the message begins with the field. */
class DescriptorError extends Error {}

type Json = Record<string, unknown>;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function fail(field: string, expected: string): never {
  throw new DescriptorError(`${field ? `${field}: ` : ''}expected ${expected}`);
}

function object(value: unknown, field: string, known: readonly string[]): Json {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) fail(field, 'a JSON object');
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) {
      throw new DescriptorError(`${field ? `${field}.` : ''}${name}: unknown field; known are ${known.join(', ')}`);
    }
  }
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
}

function text(value: unknown, field: string, fallback: string): string {
  if (value === undefined || value === null) return fallback;
  return typeof value === 'string' ? value : fail(field, 'a text');
}

function flag(value: unknown, field: string, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  return typeof value === 'boolean' ? value : fail(field, 'true or false');
}

function oneOf<T extends string>(value: unknown, field: string, choices: readonly T[], fallback: T): T {
  if (value === undefined) return fallback;
  return choices.includes(value as T) ? (value as T) : fail(field, `one of ${choices.join(', ')}`);
}

/** A header's name in lower case; throws a DescriptorError where it is none. */
export function headerName(value: unknown, field: string): string {
  const name = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return HEADER_NAME.test(name) ? name : fail(field, "a header's name, such as x-signature");
}

function headerNames(value: unknown, field: string): string[] {
  if (Array.isArray(value)) {
    if (value.length === 0 || value.length > 8) fail(field, 'one to eight header names');
    return value.map((name, index) => headerName(name, `${field}[${index}]`));
  }
  return [headerName(value, field)];
}

function labels(value: unknown, alg: Algorithm): Descriptor['sig']['labels'] {
  if (value === undefined) return undefined;
  const field = 'sig.labels';
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.map((label) => [typeof label === 'string' ? label : '', alg])
    : Object.entries(object(value, field, Object.keys(value ?? {})));
  if (entries.length === 0) fail(field, 'at least one label');
  const map: Record<string, Algorithm> = Object.create(null);
  for (const [label, algorithm] of entries) {
    if (label === '') fail(field, 'labels that are texts');
    map[label] = oneOf(algorithm, `${field}.${label}`, ALGORITHMS, alg);
  }
  return map;
}

function prefixes(value: unknown): Record<string, KeyKind> {
  const field = 'key.prefixes';
  if (value === undefined) return {};
  if (!Array.isArray(value)) {
    const map = object(value, field, Object.keys(value ?? {}));
    return Object.fromEntries(
      Object.entries(map).map(([prefix, kind]) => [prefix, oneOf(kind, `${field}.${prefix}`, KEY_KINDS, 'secret')]),
    );
  }
  return Object.fromEntries(
    value.map((prefix, index) => {
      if (typeof prefix !== 'string' || prefix === '') fail(`${field}[${index}]`, 'a text such as whsec_');
      return [prefix, WELL_KNOWN_PREFIXES[prefix] ?? 'secret'];
    }),
  );
}

function signature(value: unknown): Descriptor['sig'] {
  const sig = object(value, 'sig', ['header', 'send', 'split', 'pair', 'labels', 'alg', 'encoding']);
  const header = headerNames(sig.header, 'sig.header');
  const alg = oneOf(sig.alg, 'sig.alg', ALGORITHMS, 'hmac-sha256');
  const result = {
    header,
    send: sig.send === undefined ? header[0]! : headerName(sig.send, 'sig.send'),
    split: text(sig.split, 'sig.split', ''),
    pair: text(sig.pair, 'sig.pair', ''),
    labels: labels(sig.labels, alg),
    alg,
    encoding: oneOf(sig.encoding, 'sig.encoding', ['hex', 'base64'] as const, 'hex'),
  };
  if (result.labels && result.pair === '') fail('sig.pair', 'what separates a label from its signature, such as "="');
  if (result.pair !== '' && !result.labels) fail('sig.labels', 'the labels that count, such as {"v1": "hmac-sha256"}');
  return result;
}

function time(value: unknown, sig: Descriptor['sig']): Descriptor['ts'] {
  if (value === undefined || value === null) return undefined;
  const ts = object(value, 'ts', ['header', 'label', 'format', 'tolerance', 'future']);
  if ((ts.header === undefined) === (ts.label === undefined)) fail('ts', 'either ts.header or ts.label');
  const label = ts.label === undefined ? undefined : text(ts.label, 'ts.label', '');
  if (label === '') fail('ts.label', 'a text such as t');
  if (label !== undefined && (sig.split === '' || sig.pair === ''))
    fail('sig.split', 'a text, because ts.label is set');
  if (label !== undefined && sig.labels && label in sig.labels) fail('ts.label', 'a label that is not in sig.labels');
  const tolerance = ts.tolerance;
  if (tolerance !== undefined && !(typeof tolerance === 'number' && Number.isFinite(tolerance) && tolerance >= 0)) {
    fail('ts.tolerance', 'seconds, 0 or more (0 = do not check)');
  }
  return {
    header: ts.header === undefined ? [] : headerNames(ts.header, 'ts.header'),
    label,
    format: oneOf(ts.format, 'ts.format', ['unix', 'unix-ms'] as const, 'unix'),
    tolerance: tolerance as number | undefined,
    future: flag(ts.future, 'ts.future', true),
  };
}

function signedIdHeader(content: string): string | undefined {
  const signed = contentParts(content).flatMap((part) => (part.kind === 'header' ? part.names : []));
  return signed.find((name) => name.endsWith('id'));
}

const FIELDS = [
  'engine',
  'sig',
  'key',
  'ts',
  'content',
  'requireHeaders',
  'idHeader',
  'urlVariants',
  'bodyDigest',
] as const;

/** A descriptor with its defaults filled in. Throws a DescriptorError whose message begins with the wrong field. */
export function readDescriptor(value: unknown): Descriptor {
  const input = object(value, '', FIELDS);
  oneOf(input.engine, 'engine', ['mac'] as const, 'mac');
  const sig = signature(input.sig);
  const key = input.key === undefined ? {} : object(input.key, 'key', ['prefixes', 'encoding']);
  const digest = input.bodyDigest === undefined ? undefined : object(input.bodyDigest, 'bodyDigest', ['query']);
  const query = digest && text(digest.query, 'bodyDigest.query', '');
  if (query === '') fail('bodyDigest.query', 'the name of a query parameter');
  const required = input.requireHeaders;
  if (required !== undefined && !Array.isArray(required)) fail('requireHeaders', 'a list of header names');
  const descriptor: Descriptor = {
    sig,
    key: {
      prefixes: prefixes(key.prefixes),
      encoding: oneOf(key.encoding, 'key.encoding', ['utf8', 'base64', 'hex'] as const, 'utf8'),
    },
    ts: time(input.ts, sig),
    content: text(input.content, 'content', '{body}'),
    requireHeaders: ((required as unknown[] | undefined) ?? []).map((name, index) =>
      headerName(name, `requireHeaders[${index}]`),
    ),
    idHeader: input.idHeader === undefined ? undefined : headerName(input.idHeader, 'idHeader'),
    urlVariants: flag(input.urlVariants, 'urlVariants', false),
    bodyDigest: query === undefined ? undefined : { query },
  };
  const problem = checkContent(descriptor.content, descriptor.ts !== undefined, descriptor.bodyDigest !== undefined);
  if (problem) throw new DescriptorError(`content: ${problem}`);
  descriptor.idHeader ??= signedIdHeader(descriptor.content);
  return descriptor;
}

/** The descriptor a maker wrote as JSON text. Throws a DescriptorError that names the wrong field. */
export function parseDescriptor(json: string): Descriptor {
  if (json.trim() === '') throw new DescriptorError('descriptor: is empty; expected a JSON object with "sig"');
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new DescriptorError(`descriptor: is not JSON (${messageOf(error)})`);
  }
  try {
    return readDescriptor(value);
  } catch (error) {
    throw new DescriptorError(`descriptor: ${messageOf(error)}`);
  }
}
