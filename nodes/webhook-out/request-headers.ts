/** Lower-case names. */
export type Headers = Record<string, string>;

/** What belongs to one connection, or is worked out here: never taken from a message or the configuration. */
const OURS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Names that a flow does not write but a received message has: `host` every request, the others a response. Headers that hold
 * one of them came in with a request or an answer, credentials and cookies included, and are not meant for the receiver.
 */
const RECEIVED = ['host', 'date', 'set-cookie', 'x-node-red-request-node'];

function asText(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map(asText).filter(Boolean).join(', ') || undefined;
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function own(source: Record<string, unknown>): Headers {
  const headers: Headers = {};
  for (const [name, value] of Object.entries(source)) {
    const lower = name.trim().toLowerCase();
    const text = asText(value);
    if (lower !== '' && text !== undefined && !OURS.has(lower)) headers[lower] = text;
  }
  return headers;
}

/**
 * The headers a message asks for: `msg.headers`, unless they are what an `http in`, an `http request` or a webhook out
 * before this node has left there.
 */
export function messageHeaders(headers: unknown): Headers {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return {};
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  return RECEIVED.some((name) => names.has(name)) ? {} : own(headers as Record<string, unknown>);
}

/** What Node.js can write: a token, and Latin-1 without control characters (RFC 9110, 5.5 and 5.6.2). */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const UNWRITABLE = /[^\t -~\u0080-\u00ff]/;

function writable(headers: Headers): Headers {
  for (const [name, value] of Object.entries(headers)) {
    if (!NAME.test(name)) throw new Error(`headers: expected the name of a header, found ${JSON.stringify(name)}`);
    // The value is not repeated: it may be a secret.
    if (UNWRITABLE.test(value)) throw new Error(`headers: expected Latin-1 text without line breaks in ${name}`);
  }
  return headers;
}

/**
 * The `headers` field: an object, its JSON text, or the list of `{name, value}` that the editor writes.
 * @throws Error naming the field when it is none of these, or holds what no header can
 */
export function configuredHeaders(field: unknown): Headers {
  if (field === undefined || field === null || field === '') return {};
  let value: unknown = field;
  if (typeof field === 'string') {
    try {
      value = JSON.parse(field);
    } catch {
      value = undefined;
    }
  }
  if (Array.isArray(value)) {
    const named = value.filter(
      (entry) => typeof entry === 'object' && entry !== null && typeof entry.name === 'string',
    );
    if (named.length === value.length) {
      return writable(own(Object.fromEntries(named.map((entry) => [entry.name, entry.value]))));
    }
  } else if (typeof value === 'object' && value !== null) return writable(own(value as Record<string, unknown>));
  throw new Error('headers: expected a JSON object of names and values, or a list of {name, value}');
}
