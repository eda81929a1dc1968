import { inspect } from 'node:util';
import { retryAfterMs } from '../retry-after';
import type { Outcome } from './contract';
import { type Message, publicId, type RuntimeNode, title } from './runtime';

export type Failure = Extract<Outcome, { kind: 'failure' }>;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function text(error: unknown): string {
  if (isObject(error) && typeof error.message === 'string' && error.message) return error.message;
  if (typeof error === 'string' && error) return error;
  return error ? inspect(error, { depth: 1, breakLength: Number.POSITIVE_INFINITY }) : 'it failed without saying why';
}

function failure(error: string, node: RuntimeNode, statusCode?: unknown, waitMs?: number): Failure {
  const result: Failure = { kind: 'failure', error, node: publicId(node) };
  if (typeof statusCode === 'number') result.statusCode = statusCode;
  if (waitMs !== undefined) result.retryAfterMs = waitMs;
  return result;
}

const headerOf = (msg: Message): unknown => (isObject(msg.headers) ? msg.headers['retry-after'] : undefined);

export const isHttpRequest = (node: RuntimeNode): boolean => node.type === 'http request';

/**
 * The error a node raised on a message. An error's own `statusCode` and `retryAfter` (seconds) are passed through, as
 * webhook out sets them; an `http request` leaves them on the message.
 */
export function raised(error: unknown, node: RuntimeNode, msg: unknown, now: number): Failure {
  const own = isObject(error) ? error : {};
  if (typeof own.statusCode === 'number' || own.retryAfter !== undefined)
    return failure(text(error), node, own.statusCode, retryAfterMs(own.retryAfter, now));
  if (isHttpRequest(node) && isObject(msg) && typeof msg.statusCode === 'number' && msg.statusCode >= 400)
    return failure(text(error), node, msg.statusCode, retryAfterMs(headerOf(msg), now));
  return failure(text(error), node);
}

/** An `http request` that answered with an error status, which core reports as a success; else undefined. */
export function httpFailure(node: RuntimeNode, msg: Message, now: number): Failure | undefined {
  const status = msg.statusCode;
  if (typeof status === 'number' && status < 400) return undefined;
  const said = typeof status === 'number' ? `answered ${status}` : `got no answer (${String(status)})`;
  return failure(`${title(node)} ${said}`, node, status, retryAfterMs(headerOf(msg), now));
}

/**
 * A core `file` node that appends to a fixed name, and whose stream has broken: it tells so once, and from then on is done with
 * every message as if it had been written, until it is deployed anew.
 */
export function fileFailure(node: RuntimeNode): Failure | undefined {
  const broken = node.type === 'file' ? node.wstream?.errored : undefined;
  return broken ? failure(`${title(node)} cannot write until it is deployed anew: ${text(broken)}`, node) : undefined;
}

export const closedNode = (node: RuntimeNode): Failure =>
  failure(`${title(node)} was closed while it held the message`, node);

/** A message sent to a node that is closed, disabled or not created yet vanishes without a sound. */
export const nobody = (nodeId: string): Failure => ({
  kind: 'failure',
  error: 'no node took the message: what the output is wired to is disabled, closed or not started yet',
  node: nodeId,
});
