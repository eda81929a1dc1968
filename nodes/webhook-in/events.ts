import type { EventInfo } from '../shared/event';
import type { Verifier } from '../webhook-auth/contract';
import { type CloudEventsMode, cloudEventsMode, type ReadEvent, readBinary, readEnvelope } from './cloud-events';
import type { Parsed, ParseMode } from './content';
import { compileIdentity, type Identify, type IdentityFields } from './identity';
import { isRefusal, type Refusal, refuse } from './refusal';
import type { Schema } from './schema';
import { compileSplit, type Split } from './split';

/** The node's fields that decide what events a request holds; blank or undefined = the default. */
export interface ContentFields extends IdentityFields {
  parse?: string | undefined;
  schema?: string | undefined;
  split?: string | undefined;
}

/** Those fields, compiled. */
export interface ContentOptions {
  /** For `parse` of content.ts. */
  readonly mode: ParseMode;
  readonly split: Split | undefined;
  readonly schema: Schema | undefined;
  readonly identify: Identify;
  /** Query parameters that carry a token, lower case; they are never part of a payload or an id. */
  readonly secretQuery: readonly string[];
}

/** The request around a body. */
export interface RequestParts {
  /** As `IncomingMessage.headersDistinct`. */
  headers: NodeJS.Dict<string[]>;
  params: Readonly<Record<string, unknown>>;
  query: Readonly<Record<string, unknown>>;
  /** ISO 8601. */
  receivedAt: string;
}

/** One event, ready to become a message. */
export interface WebhookEvent {
  payload: unknown;
  info: EventInfo;
  /** Its place among the request's events, from 0. */
  index: number;
}

/** All the events of one request. */
export interface RequestEvents {
  events: WebhookEvent[];
  /** Whether the sender sent a list of events, though it may hold one event or none. */
  batch: boolean;
}

/** Each event becomes a message of its own: half a million of them, as one megabyte can hold, would stop Node-RED for half a minute. */
const MAX_EVENTS = 10_000;

const tooMany = (): Refusal => refuse('body-too-large', `more than ${MAX_EVENTS} events in one request`);

const MODES: readonly string[] = ['auto', 'json', 'text', 'buffer'] satisfies ParseMode[];

/**
 * Compiles the fields, once at deploy; what an event needs at run time is ready then.
 * @throws Error that names the field and what is expected
 */
export function compileContent(
  fields: ContentFields,
  auth: Pick<Verifier, 'identity' | 'secretQuery'>,
): ContentOptions {
  const mode = fields.parse || 'auto';
  if (!MODES.includes(mode)) throw new Error(`parse: "${mode}"; expected one of ${MODES.join(', ')}`);
  const named = <T>(field: string, compile: () => T): T => {
    try {
      return compile();
    } catch (error) {
      throw new Error(`${field}: ${(error as Error).message}`);
    }
  };
  const schema = (fields.schema ?? '').trim();
  // Loaded on first use: it brings ajv.
  const compileSchema = (): Schema => (require('./schema') as typeof import('./schema')).compileSchema(schema);
  return {
    mode: mode as ParseMode,
    split: named('split', () => compileSplit(fields.split)),
    schema: schema === '' ? undefined : named('schema', compileSchema),
    identify: compileIdentity(fields, auth.identity),
    secretQuery: auth.secretQuery,
  };
}

/** The query without what carries a token. */
function withoutSecrets(query: Readonly<Record<string, unknown>>, secret: readonly string[]) {
  if (secret.length === 0) return query;
  return Object.fromEntries(Object.entries(query).filter(([name]) => !secret.includes(name.toLowerCase())));
}

function contentTypeOf(headers: NodeJS.Dict<string[]>): string | undefined {
  return headers['content-type']?.[0];
}

/** How the request carries CloudEvents. As text or bytes the maker wants the body as it is, envelope and all. */
function formatOf(headers: NodeJS.Dict<string[]>, parseMode: ParseMode): CloudEventsMode | Refusal {
  const mode = cloudEventsMode(contentTypeOf(headers), headers);
  return mode !== 'binary' && (parseMode === 'text' || parseMode === 'buffer') ? undefined : mode;
}

/** An event before it is named and checked: what its sender wrote, and what that means. */
interface Candidate extends ReadEvent {
  element: unknown;
}

/** What a request's body holds, before the events are named and checked. */
function candidates(
  parsed: Parsed,
  mode: CloudEventsMode,
  request: RequestParts,
  split: Split | undefined,
): Candidate[] | Refusal {
  const { value } = parsed;
  if (mode === 'structured' || mode === 'batch') {
    const elements: unknown = mode === 'batch' ? value : [value];
    if (!Array.isArray(elements)) return refuse('event-malformed', 'expected a JSON array of CloudEvents');
    if (elements.length > MAX_EVENTS) return tooMany();
    const read: Candidate[] = [];
    for (const [index, element] of elements.entries()) {
      const event = readEnvelope(element);
      if (typeof event === 'string') {
        return refuse('event-malformed', `${mode === 'batch' ? `event ${index}: ` : ''}${event}`);
      }
      read.push({ info: event.info, data: event.data, element });
    }
    return read;
  }
  const around =
    mode === 'binary' ? readBinary(request.headers, contentTypeOf(request.headers), value) : { info: {}, data: value };
  if (typeof around === 'string') return refuse('event-malformed', around);
  if (!split || parsed.empty) return [{ info: around.info, data: around.data, element: value }];
  const elements = split(value);
  if (isRefusal(elements)) return elements;
  if (elements.length > MAX_EVENTS) return tooMany();
  // ce-id names the request; several events in it cannot all be that one.
  const { id: _request, ...shared } = around.info;
  const info = elements.length === 1 ? around.info : shared;
  return elements.map((element) => ({ info, data: element, element }));
}

/**
 * Turns a request's body into its events, all of them or none: CloudEvents by content type or headers, else the elements
 * that `split` names, else the body as one event. Structured and batch CloudEvents say themselves where their events are, so
 * `split` is not applied to them. An empty array holds no events.
 * @param parsed what `parse` of content.ts made of the body with `options.mode`
 * @returns the events, or the refusal of the first bad one, whose index its detail names
 */
export function toEvents(parsed: Parsed, request: RequestParts, options: ContentOptions): RequestEvents | Refusal {
  const format = formatOf(request.headers, options.mode);
  if (isRefusal(format)) return format;
  const found = candidates(parsed, format, request, options.split);
  if (isRefusal(found)) return found;
  const batch = format === 'batch' || (format !== 'structured' && options.split !== undefined && !parsed.empty);
  const query = withoutSecrets(request.query, options.secretQuery);
  const emptied = parsed.empty && Object.keys(query).length > 0 ? { ...query } : undefined;
  const { headers, params, receivedAt } = request;
  const { form } = parsed;
  const events: WebhookEvent[] = [];
  for (let index = 0; index < found.length; index += 1) {
    const { info, data, element } = found[index] as Candidate;
    const payload = emptied ?? data;
    const mismatch = options.schema?.validate(payload);
    if (mismatch) {
      const where = `${batch ? `event ${index}: ` : ''}${mismatch.pointer || 'the payload'}`;
      return refuse('schema-mismatch', `${where} ${mismatch.message}`);
    }
    // Written out: an object spread into a literal costs as much as all the rest of this loop.
    const named = options.identify(info, { headers, params, query, form, element }, found.length === 1);
    named.receivedAt = receivedAt;
    events.push({ payload, info: named, index });
  }
  return { events, batch };
}
