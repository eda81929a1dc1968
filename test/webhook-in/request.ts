import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from '../../nodes/webhook-in/content';
import { type ContentFields, compileContent, toEvents, type WebhookEvent } from '../../nodes/webhook-in/events';
import { isRefusal, type Refusal } from '../../nodes/webhook-in/refusal';
import { root } from '../support/node-red';

/** A request as a table writes it. */
export interface TestRequest {
  body?: string | Buffer;
  headers?: Record<string, string | string[]>;
  params?: Record<string, string>;
  query?: Record<string, unknown>;
}

/** A published request; see the fields' meaning in the data files' `source`. */
export interface Vector {
  id: string;
  headers: Record<string, string>;
  body: string;
  expect: 'accept' | 'reject';
  options?: ContentFields;
  expectEvents?: { attributes: Record<string, unknown>; data?: unknown }[];
  expectEventId?: string;
  expectEventIds?: string[];
}

export function vectors(name: string): Vector[] {
  return JSON.parse(readFileSync(path.join(root, 'test', 'data', name), 'utf8'));
}

export const receivedAt = '2026-01-01T00:00:00.000Z';

/** Parses a request and finds its events, as webhook in does. */
export function events(
  { body = '', headers = {}, params = {}, query = {} }: TestRequest,
  fields: ContentFields = {},
  auth: Parameters<typeof compileContent>[1] = { identity: {}, secretQuery: [] },
): Refusal | { batch: boolean; events: WebhookEvent[] } {
  const distinct: NodeJS.Dict<string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    distinct[name.toLowerCase()] = Array.isArray(value) ? value : [value];
  }
  const options = compileContent(fields, auth);
  const parsed = parse(Buffer.from(body), distinct['content-type']?.[0], options.mode);
  if (isRefusal(parsed)) return parsed;
  return toEvents(parsed, { headers: distinct, params, query, receivedAt }, options);
}

/** The events, where the test expects some. */
export function accepted(...args: Parameters<typeof events>): WebhookEvent[] {
  const found = events(...args);
  if (isRefusal(found)) throw new Error(`refused: ${found.reason}: ${found.detail}`);
  return found.events;
}

/** The refusal as `reason: detail`. */
export function refused(...args: Parameters<typeof events>): string {
  const found = events(...args);
  return isRefusal(found) ? `${found.reason}: ${found.detail}` : `accepted ${JSON.stringify(found)}`;
}
