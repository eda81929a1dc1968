import {
  type Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../shared/clock';
import { DeliveryError } from './delivery-error';
import type { Headers } from './request-headers';

/** One request as it goes out. */
export interface OutgoingRequest {
  url: URL;
  method: string;
  headers: Headers;
  body: Buffer;
  agent: Agent;
  /** True when the agent speaks through a proxy, which resolves names itself. */
  proxied: boolean;
  lookup?: LookupFunction;
}

export interface Limits {
  /** Whole request, milliseconds. */
  timeoutMs: number;
  /** Bytes of a 2xx answer's body; a longer one is an error. */
  maxResponse: number;
}

/** An answer with its body as it came, content coding included. Of an answer other than 2xx only the start is kept. */
export interface RawAnswer {
  statusCode: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** A request under way; `cancel` makes it fail with the error given, which is harmless once it has ended. */
export interface Exchange {
  answer: Promise<RawAnswer>;
  cancel(error: DeliveryError): void;
}

/** What is read of an answer other than 2xx: enough to say why, and to reuse the connection after an ordinary error page. */
const REFUSAL_BYTES = 65_536;

function start(request: OutgoingRequest, timeoutMs: number): ClientRequest {
  const { url } = request;
  const secure = url.protocol === 'https:';
  return (secure ? httpsRequest : httpRequest)({
    protocol: url.protocol,
    // The brackets of an IPv6 address belong into a proxy's CONNECT line and not into a look-up.
    hostname: request.proxied ? url.hostname : url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || (secure ? 443 : 80),
    path: url.pathname + url.search,
    method: request.method,
    headers: request.headers,
    agent: request.agent,
    ...(request.lookup ? { lookup: request.lookup } : {}),
    // hpagent takes it as the limit for CONNECT, which has no other.
    ...(request.proxied ? { timeout: timeoutMs } : {}),
  });
}

/** The server closed a kept connection just as it was used again; Node.js advises to send once more (http, request.reusedSocket). */
const isStale = (error: NodeJS.ErrnoException, sent: ClientRequest): boolean =>
  sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');

/**
 * Sends one request and reads its answer within the limits. Redirects are answers like any other. The promise rejects with a
 * DeliveryError (`TIMEOUT`, `RESPONSE_TOO_LARGE`, whatever `cancel` gives) or with Node's own error.
 * @throws TypeError when Node.js cannot write the request (a header with a line break)
 */
export function exchange(request: OutgoingRequest, limits: Limits, clock: Clock): Exchange {
  let sent: ClientRequest;
  let response: IncomingMessage | undefined;
  let chunks: Buffer[] = [];
  let size = 0;
  let ended = false;
  let settle!: { resolve(answer: RawAnswer): void; reject(error: Error): void };
  const answer = new Promise<RawAnswer>((resolve, reject) => {
    settle = { resolve, reject };
  });

  const end = (finish: () => void): void => {
    if (ended) return;
    ended = true;
    cancelTimer();
    finish();
  };
  const succeed = (): void =>
    end(() => {
      const { statusCode = 0, headers } = response as IncomingMessage;
      settle.resolve({ statusCode, headers, body: Buffer.concat(chunks) });
    });
  const fail = (error: Error): void => {
    // A refusal stays a refusal, however its body ends.
    if (response && !isSuccess(response.statusCode)) succeed();
    else end(() => settle.reject(error));
    chunks = [];
    sent.destroy();
  };

  const read = (incoming: IncomingMessage): void => {
    response = incoming;
    const most = isSuccess(incoming.statusCode) ? limits.maxResponse : REFUSAL_BYTES;
    const tooLarge = (): void =>
      fail(
        new DeliveryError('RESPONSE_TOO_LARGE', `the answer is longer than ${limits.maxResponse} bytes (maxResponse)`),
      );
    if (isSuccess(incoming.statusCode) && Number(incoming.headers['content-length']) > most) {
      tooLarge();
      return;
    }
    incoming.on('data', (chunk: Buffer) => {
      if (ended) return;
      size += chunk.length;
      if (size > most) tooLarge();
      else chunks.push(chunk);
    });
    incoming.on('end', succeed);
    incoming.on('error', fail);
  };

  const send = (): void => {
    sent = start(request, limits.timeoutMs);
    sent.on('response', read);
    sent.on('error', (error) => {
      if (!ended && !response && isStale(error, sent)) send();
      else fail(error);
    });
    sent.end(request.body.length > 0 ? request.body : undefined);
  };

  const cancelTimer = clock.after(limits.timeoutMs, () =>
    fail(new DeliveryError('TIMEOUT', `no complete answer within ${limits.timeoutMs / 1000} s`)),
  );
  try {
    send();
  } catch (error) {
    cancelTimer();
    throw error;
  }
  return { answer, cancel: fail };
}

/** Whether an answer says that the receiver has the event. */
export function isSuccess(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300;
}
