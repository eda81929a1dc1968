import { type CloudEvent, type EventInfo, eventData, eventInfo } from '../shared/event';
import { mediaType } from './content';
import { type Refusal, refuse } from './refusal';

/**
 * How a request carries CloudEvents, by the HTTP binding
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md); undefined = not at all.
 */
export type CloudEventsMode = 'structured' | 'batch' | 'binary' | undefined;

/** One CloudEvent as a message shows it. */
export interface ReadEvent {
  info: EventInfo;
  data: unknown;
}

const REQUIRED = ['id', 'source', 'type'] as const;
const MARKS = ['ce-specversion', 'ce-id', 'ce-source', 'ce-type'];
const RFC3339 =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i;

/** Finds the mode; an event format other than JSON is refused as encoding-unsupported. */
export function cloudEventsMode(
  contentType: string | undefined,
  headers: NodeJS.Dict<string[]>,
): CloudEventsMode | Refusal {
  const type = mediaType(contentType);
  if (type === 'application/cloudevents+json') return 'structured';
  if (type === 'application/cloudevents-batch+json') return 'batch';
  if (type.startsWith('application/cloudevents')) {
    return refuse(
      'encoding-unsupported',
      'expected application/cloudevents+json or application/cloudevents-batch+json',
    );
  }
  return MARKS.some((name) => headers[name]) ? 'binary' : undefined;
}

/** What is wrong with an attribute's value; undefined when it may stand. */
function wrongValue(name: string, value: unknown): string | undefined {
  if (typeof value === 'object') return `${name} is neither text, number nor boolean`;
  const text = typeof value === 'string' ? value : undefined;
  if (text !== undefined && /[\p{Cc}\p{Surrogate}]/u.test(text)) return `${name} holds a control character`;
  if (name === 'specversion') return value === '1.0' ? undefined : 'specversion is not 1.0';
  if (['id', 'source', 'type', 'subject', 'datacontenttype', 'dataschema'].includes(name)) {
    return text ? undefined : `${name} is not a text of at least one character`;
  }
  if (name === 'time') return text !== undefined && RFC3339.test(text) ? undefined : 'time is not an RFC 3339 time';
  return undefined;
}

/** What is wrong with the attributes; undefined when they make a CloudEvent of version 1.0. */
function wrongAttributes(attributes: CloudEvent): string | undefined {
  for (const [name, value] of Object.entries(attributes)) {
    // JSON's null says that an attribute is not set.
    if (value === null || name === 'data' || name === 'data_base64') continue;
    if (!/^[a-z0-9]+$/.test(name)) return `${JSON.stringify(name.slice(0, 40))} is not an attribute's name`;
    const wrong = wrongValue(name, value);
    if (wrong) return wrong;
  }
  for (const name of ['specversion', ...REQUIRED]) {
    if (attributes[name] === undefined || attributes[name] === null) return `${name} is missing`;
  }
  return undefined;
}

function wrongData({ data, data_base64: base64 }: CloudEvent): string | undefined {
  if (base64 === undefined || base64 === null) return undefined;
  if (data !== undefined) return 'data and data_base64 are both there';
  const valid = typeof base64 === 'string' && base64.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(base64);
  return valid ? undefined : 'data_base64 is not base64';
}

/** Reads a structured-mode envelope (JSON format 1.0). Returns the reason as text when it is no CloudEvent. */
export function readEnvelope(envelope: unknown): ReadEvent | string {
  if (typeof envelope !== 'object' || envelope === null || Array.isArray(envelope) || Buffer.isBuffer(envelope)) {
    return 'expected a JSON object';
  }
  const event = envelope as CloudEvent;
  const wrong = wrongAttributes(event) ?? wrongData(event);
  return wrong ?? { info: eventInfo(event), data: eventData(event) };
}

/**
 * A header's value as an attribute: quotes undone first, then one round of percent-decoding; sequences that are no UTF-8
 * make it undefined (3.1.3.2 of the binding). A lone % stands for itself, as older senders write it.
 */
function decodeHeader(value: string): string | undefined {
  const plain = /^"(?:[^"\\]|\\.)*"$/.test(value) ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
  if (!plain.includes('%')) return plain;
  try {
    return plain.replace(/(?:%[0-9A-Fa-f]{2})+/g, decodeURIComponent);
  } catch {
    return undefined;
  }
}

/**
 * Reads a binary-mode event: attributes from `ce-*` headers, `datacontenttype` from Content-Type, `data` is the body.
 * Returns the reason as text when it is no CloudEvent.
 */
export function readBinary(
  headers: NodeJS.Dict<string[]>,
  contentType: string | undefined,
  data: unknown,
): ReadEvent | string {
  const attributes: CloudEvent = {};
  for (const [header, values] of Object.entries(headers)) {
    if (!header.startsWith('ce-') || !values) continue;
    const name = header.slice(3);
    if (values.length !== 1) return `the header ${header.slice(0, 40)} is there more than once`;
    if (name === 'data' || name === '__proto__') return `${name} is not an attribute's name`;
    const value = decodeHeader(values[0] as string);
    if (value === undefined) return `the header ${header.slice(0, 40)} is not percent-encoded UTF-8`;
    attributes[name] = value;
  }
  delete attributes.datacontenttype;
  if (contentType) attributes.datacontenttype = contentType;
  const wrong = wrongAttributes(attributes);
  return wrong ?? { info: eventInfo(attributes), data };
}
