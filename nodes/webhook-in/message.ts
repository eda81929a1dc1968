import type { IncomingHttpHeaders } from 'node:http';
import type { EventInfo } from '../shared/event';

/** Shown in place of a credential. */
const MASK = '***';
/** Headers that carry credentials whatever the scheme. */
const ALWAYS_SECRET = ['authorization', 'proxy-authorization', 'cookie'];

/** `msg.webhook` of the reference. */
export interface WebhookInfo {
  path: string;
  method: string;
  params: Record<string, string>;
  query: Record<string, string | string[]>;
  headers: IncomingHttpHeaders;
  address: string;
  scheme: string;
  raw?: Buffer;
  batch?: { index: number; count: number };
}

/** One event on its way to output 1. */
export interface EventMessage {
  payload: unknown;
  topic: string;
  event: EventInfo;
  webhook: WebhookInfo;
  parts?: { id: string; type: 'array'; count: number; len: 1; index: number };
}

/** A copy of the headers with credentials masked; Node.js holds repeated ones as text joined by commas, or as a list. */
export function maskedHeaders(headers: IncomingHttpHeaders, secret: readonly string[]): IncomingHttpHeaders {
  const shown: IncomingHttpHeaders = { ...headers };
  for (const name of ALWAYS_SECRET) if (shown[name] !== undefined) shown[name] = MASK;
  for (const name of secret) if (shown[name] !== undefined) shown[name] = MASK;
  return shown;
}

/** A copy of the query with credentials masked. */
export function maskedQuery(
  query: Record<string, string | string[]>,
  secret: readonly string[],
): Record<string, string | string[]> {
  if (secret.length === 0) return query;
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => [name, secret.includes(name.toLowerCase()) ? MASK : value]),
  );
}

/** A copy with every value masked, for a node that is not configured and so cannot tell what is a credential. */
export function allMasked(values: object): Record<string, string> {
  return Object.fromEntries(Object.keys(values).map((name) => [name, MASK]));
}

/** The messages of one request, in order; a batch gets `parts` as core split sets them, so that core join puts it together again. */
export function messagesOf(
  events: readonly { payload: unknown; info: EventInfo }[],
  webhook: WebhookInfo,
  batch: boolean,
  newId: () => string,
): EventMessage[] {
  const group = batch ? newId() : '';
  const count = events.length;
  return events.map(({ payload, info }, index) => ({
    payload,
    topic: info.type ?? webhook.path,
    event: info,
    webhook: batch ? { ...webhook, batch: { index, count } } : webhook,
    ...(batch && { parts: { id: group, type: 'array' as const, count, len: 1 as const, index } }),
  }));
}
