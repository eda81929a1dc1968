import { parse as parseQuery } from 'node:querystring';
import type { Clock } from '../shared/clock';
import type { RequestHead, Verifier } from '../webhook-auth/contract';
import { answer } from './answer';
import { parse } from './content';
import { distinctHeaders } from './distinct-headers';
import { type ContentOptions, toEvents, type WebhookEvent } from './events';
import type { Arrival } from './front-door';
import { allMasked, maskedHeaders, maskedQuery, type WebhookInfo } from './message';
import type { WebhookInOptions } from './options';
import { callerOf } from './rate-limit';
import { isRefusal, type Refusal, refuse } from './refusal';
import { type BodyLimits, checkBodyHead, type RequestBody, readBody } from './request-body';

/** What a request has to pass, put together once at deploy. */
export interface Gate {
  options: Pick<WebhookInOptions, 'rateBy' | 'raw'>;
  limits: BodyLimits;
  /** Undefined with a reason = every request is refused with `misconfigured`. */
  verifier: Verifier | undefined;
  problem: string | undefined;
  content: ContentOptions;
  /** Takes one request of a caller; milliseconds it is too early. Undefined = no limit. */
  limit: ((caller: string) => number) | undefined;
  clock: Clock;
}

/** One request that passed. */
export interface Passed {
  arrival: Arrival;
  webhook: WebhookInfo;
  events: readonly WebhookEvent[];
  /** True when the request is a batch, even of one. */
  batch: boolean;
}

export interface Outcomes {
  passed(request: Passed): void;
  /** `webhook` as far as known. `gone` = the sender hung up, there is nobody to answer. */
  refused(arrival: Arrival, refusal: Refusal, webhook: WebhookInfo, gone: boolean): void;
  /** The scheme's own handshake was answered; no event came. */
  greeted(): void;
}

const tooEarly = (ms: number): Refusal =>
  refuse('rate-limited', 'more requests than the rate limit allows', {
    'Retry-After': String(Math.max(1, Math.ceil(ms / 1000))),
  });

function pathOf(target: string): string {
  const mark = target.indexOf('?');
  return mark < 0 ? target : target.slice(0, mark);
}

/** The query of a target, repeated names as lists. Undefined when it has the forbidden key. */
function queryOf(target: string): Record<string, string | string[]> | undefined {
  const mark = target.indexOf('?');
  if (mark < 0 || mark === target.length - 1) return {};
  // Without its limit of 1000 names, beyond which values would be left out in silence; a head of 16 kB is limit enough.
  const query = parseQuery(target.slice(mark + 1), '&', '=', { maxKeys: 0 }) as Record<string, string | string[]>;
  if (Object.hasOwn(query, '__proto__')) return undefined;
  return { ...query };
}

/** What no step foresaw, such as text longer than JavaScript can hold, must refuse one request and not end Node-RED. */
function failingClosed<T>(step: () => T): T | Refusal {
  try {
    return step();
  } catch (error) {
    return refuse(
      'misconfigured',
      `the request cannot be handled: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/**
 * Walks one request along the straight line: method, size, address, rate by address, credentials over the exact bytes, parse, split,
 * schema, identity, rate by device or all. Each step returns or refuses; none looks back.
 */
export function walk(gate: Gate, arrival: Arrival, outcomes: Outcomes): void {
  const { req } = arrival;
  const { verifier, clock } = gate;
  const query = queryOf(arrival.nodeTarget);
  const ready = gate.problem === undefined && verifier;
  const webhook: WebhookInfo = {
    path: pathOf(arrival.nodeTarget),
    method: req.method as string,
    params: arrival.params,
    query: ready ? maskedQuery(query ?? {}, verifier.secretQuery) : allMasked(query ?? {}),
    headers: ready ? maskedHeaders(req.headers, verifier.secretHeaders) : allMasked(req.headers),
    address: req.socket.remoteAddress ?? '',
    scheme: verifier?.scheme ?? '',
  };
  const no = (refusal: Refusal, gone = false): void => outcomes.refused(arrival, refusal, webhook, gone);

  if (!ready) return no(arrival.refusal ?? refuse('misconfigured', gate.problem ?? 'no webhook auth is chosen'));
  const head: RequestHead = {
    method: webhook.method,
    target: arrival.target,
    headers: distinctHeaders(req),
    encrypted: (req.socket as { encrypted?: boolean }).encrypted === true,
    nodeTarget: arrival.nodeTarget,
  };
  const early = failingClosed(() => checkHead(gate, verifier, arrival, head, webhook));
  if (early) return no(early);

  readBody(req, gate.limits, clock, (read) => {
    if ('aborted' in read) return no(refuse('body-malformed', 'the sender hung up before the body was complete'), true);
    if ('refusal' in read) return no(read.refusal);
    const found = failingClosed(() => examine(gate, verifier, head, read.body, { webhook, query }));
    if (isRefusal(found)) return no(found);
    if ('events' in found) return outcomes.passed({ arrival, webhook, events: found.events, batch: found.batch });
    answer(arrival.res, found.status, { 'Content-Type': found.contentType }, found.body);
    outcomes.greeted();
  });
}

/** What the head alone can be refused for; puts the caller's address into `webhook` first, so that every refusal tells it. */
function checkHead(
  gate: Gate,
  verifier: Verifier,
  arrival: Arrival,
  head: RequestHead,
  webhook: WebhookInfo,
): Refusal | undefined {
  const caller = verifier.address(webhook.address, head.headers['x-forwarded-for']);
  webhook.address = caller.address;
  const unread = arrival.refusal ?? checkBodyHead(arrival.req, gate.limits);
  if (unread) return unread;
  if (!caller.allowed) return refuse('address-not-allowed', `${caller.address} is not in the allow list`);
  if (gate.limit && gate.options.rateBy === 'address') {
    const early = gate.limit(callerOf(caller.address));
    if (early > 0) return tooEarly(early);
  }
  const stranger = verifier.checkHead(head);
  return stranger && refuse(stranger.reason, stranger.detail, stranger.headers);
}

type Greeting = NonNullable<ReturnType<NonNullable<Verifier['handshake']>>>;

let told = { ms: Number.NaN, text: '' };

/** ISO 8601. Requests of one millisecond share the text: rendering it costs as much as parsing a small body. */
function isoTime(ms: number): string {
  if (ms !== told.ms) told = { ms, text: new Date(ms).toISOString() };
  return told.text;
}

/** The steps that need the body. */
function examine(
  gate: Gate,
  verifier: Verifier,
  head: RequestHead,
  body: RequestBody,
  { webhook, query }: { webhook: WebhookInfo; query: ReturnType<typeof queryOf> },
): Pick<Passed, 'events' | 'batch'> | Greeting | Refusal {
  const { content, options, limit, clock } = gate;
  const bytes = believedBytes(verifier, head, body);
  if (!Buffer.isBuffer(bytes)) return refuse(bytes.reason, bytes.detail, bytes.headers);
  if (options.raw) webhook.raw = bytes;
  if (!query) return refuse('forbidden-key', 'the query holds __proto__');

  const parsed = parse(body.content, head.headers['content-type']?.[0], content.mode);
  if (isRefusal(parsed)) return parsed;
  const greeting = verifier.handshake?.(parsed.value);
  if (greeting) return greeting;
  const around = {
    headers: head.headers,
    params: webhook.params,
    query,
    receivedAt: isoTime(clock.now()),
  };
  const found = toEvents(parsed, around, content);
  if (isRefusal(found)) return found;
  if (limit && options.rateBy !== 'address') {
    const early = limit(options.rateBy === 'device' ? (found.events[0]?.info.device ?? '') : 'all');
    if (early > 0) return tooEarly(early);
  }
  return found;
}

/**
 * The bytes that the credentials cover: the content, as providers sign it before a client or proxy compresses it, or else what
 * came over the wire. Both are signed with the secret, so believing either gives a stranger nothing.
 */
function believedBytes(
  verifier: Verifier,
  head: RequestHead,
  body: RequestBody,
): Buffer | NonNullable<ReturnType<Verifier['check']>> {
  const refusal = verifier.check(head, body.content);
  if (!refusal) return body.content;
  if (body.wire !== body.content && !verifier.check(head, body.wire)) return body.wire;
  return refusal;
}
