/**
 * Why an event was not delivered. Every other code is the one Node.js gives (`ECONNREFUSED`, `ENOTFOUND`, `ECONNRESET`, a TLS code).
 * - `HTTP_STATUS`: the receiver answered with anything but 2xx, a redirect included
 * - `TIMEOUT`: no complete answer in time
 * - `RESPONSE_TOO_LARGE`, `RESPONSE_UNREADABLE`: the answer was cut, or its content coding is broken
 * - `ADDRESS_REFUSED`: the receiver is at a link-local or cloud metadata address
 * - `PROXY_REFUSED`: the proxy would not connect
 * - `REQUEST_INVALID`: the message cannot be sent as it is (URL, headers, payload)
 * - `MISCONFIGURED`: the node or its webhook auth is
 * - `CLOSED`: the node was closed while the request was under way
 */
export type DeliveryCode =
  | 'HTTP_STATUS'
  | 'TIMEOUT'
  | 'RESPONSE_TOO_LARGE'
  | 'RESPONSE_UNREADABLE'
  | 'ADDRESS_REFUSED'
  | 'PROXY_REFUSED'
  | 'REQUEST_INVALID'
  | 'MISCONFIGURED'
  | 'CLOSED';

/** What a Catch node gets beside code and message, as `msg.error.cause`: core copies no other property of an error. */
export interface DeliveryCause {
  statusCode: number;
  /** Seconds. */
  retryAfter?: number;
  /** The start of the receiver's answer, at most 1,000 characters. */
  body?: string;
}

/** A failed delivery. The message holds no secret: of the URL it names the origin alone. */
export class DeliveryError extends Error {
  readonly code: string;
  /** The receiver's status, with `HTTP_STATUS` alone. */
  readonly statusCode?: number;
  /** What Retry-After asked for, seconds from now. */
  readonly retryAfter?: number;
  override readonly cause?: DeliveryCause;

  constructor(code: DeliveryCode | (string & {}), message: string, cause?: DeliveryCause) {
    super(message);
    this.name = 'DeliveryError';
    this.code = code;
    if (!cause) return;
    this.cause = cause;
    this.statusCode = cause.statusCode;
    if (cause.retryAfter !== undefined) this.retryAfter = cause.retryAfter;
  }
}
