import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../shared/clock';
import { headerText } from '../shared/header-text';
import { retryAfterMs } from '../shared/retry-after';
import { urlCredentials } from '../shared/url-credentials';
import type { Signer } from '../webhook-auth/contract';
import { addressRefused, guardedLookup, isRefusedAddress } from './address-guard';
import type { Agents } from './agents';
import { answerPayload, decoded } from './answer-body';
import { type OutConfig, targetUrl } from './config';
import { DeliveryError } from './delivery-error';
import { type Exchange, exchange, isSuccess, type OutgoingRequest, type RawAnswer } from './exchange';
import { requestBody } from './request-body';
import { type Headers, messageHeaders } from './request-headers';

/** One event to deliver, as the message has it. */
export interface Delivery {
  id: string;
  payload: unknown;
  /** `msg.headers`. */
  headers?: unknown;
  /** `msg.url`; counts only where the node has none. */
  url?: unknown;
}

/** What the receiver said to an event it took. */
export interface Answer {
  statusCode: number;
  headers: IncomingHttpHeaders;
  payload: unknown;
}

export interface DelivererParts {
  config: OutConfig;
  /** Undefined: the request goes out unsigned. */
  signer: Signer | undefined;
  agents: Agents;
  /** The proxy for a URL, undefined = direct. May throw an Error that names what is wrong. */
  proxy(url: URL): URL | undefined;
  clock: Clock;
}

/** The header that carries the event's id where the scheme has none of its own (Standard Webhooks' name). */
const ID_HEADER = 'webhook-id';
const USER_AGENT = 'surewire-node-red-webhooks';
const EXCERPT = 1000;

/** Delivers events one request each: signs, sends, and turns every way to fail into a DeliveryError. */
export class Deliverer {
  readonly #underWay = new Set<Exchange>();
  readonly #lookup = guardedLookup();
  #closed = false;

  constructor(private readonly parts: DelivererParts) {}

  /** @returns the receiver's answer when it is 2xx @throws DeliveryError otherwise */
  async deliver(delivery: Delivery): Promise<Answer> {
    const request = this.#request(delivery);
    const { config, clock } = this.parts;
    if (this.#closed) throw closed();
    let running: Exchange | undefined;
    try {
      running = exchange(request, config, clock);
      this.#underWay.add(running);
      const raw = await running.answer;
      if (!isSuccess(raw.statusCode)) throw await this.#refused(raw, request.url);
      const body = await decoded(raw.body, raw.headers, config.maxResponse);
      const payload = answerPayload(body, raw.headers['content-type']);
      return { statusCode: raw.statusCode, headers: body === raw.body ? raw.headers : uncoded(raw.headers), payload };
    } catch (error) {
      throw named(error as NodeJS.ErrnoException, request);
    } finally {
      if (running) this.#underWay.delete(running);
    }
  }

  /** Ends every request under way with `CLOSED` and refuses later ones. */
  close(): void {
    this.#closed = true;
    for (const running of this.#underWay) running.cancel(closed());
    this.parts.agents.close();
  }

  #request(delivery: Delivery): OutgoingRequest {
    const { config, signer, agents } = this.parts;
    const unsigned = this.#target(delivery);
    const headers: Headers = { 'user-agent': USER_AGENT, ...messageHeaders(delivery.headers), ...config.headers };
    const body = requestBody(delivery.payload, config.method, headers['content-type']);
    if (body.contentType) headers['content-type'] ??= body.contentType;
    const credentials = urlCredentials(unsigned);
    if (credentials) headers.authorization ??= `Basic ${Buffer.from(credentials).toString('base64')}`;
    const { id } = delivery;
    let url = unsigned;
    let idSent = false;
    if (signer) {
      const signed = sign(signer, {
        method: config.method,
        url: unsigned.href,
        headers: { ...headers },
        body: body.bytes,
        id,
      });
      url = new URL(signed.url);
      Object.assign(headers, lowerCase(signed.headers));
      idSent = Object.values(signed.headers).includes(headerText(id));
    }
    if (!idSent) headers[ID_HEADER] = headerText(id);
    if (body.bytes.length > 0 || config.method !== 'GET') headers['content-length'] = String(body.bytes.length);
    const proxy = this.#proxy(url);
    return {
      url,
      method: config.method,
      headers,
      body: body.bytes,
      agent: agents.for(url, proxy),
      proxied: proxy !== undefined,
      ...(config.allowLinkLocal || proxy ? {} : { lookup: this.#lookup }),
    };
  }

  #target(delivery: Delivery): URL {
    const { config } = this.parts;
    let url = config.url;
    if (!url) {
      if (typeof delivery.url !== 'string' || delivery.url === '') {
        throw new DeliveryError('REQUEST_INVALID', 'no URL: set the url field of the node or msg.url');
      }
      try {
        url = targetUrl(delivery.url, 'msg.url');
      } catch (error) {
        throw new DeliveryError('REQUEST_INVALID', (error as Error).message);
      }
    }
    // A connection to an address needs no look-up, so the guard there would not see it.
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (!config.allowLinkLocal && isRefusedAddress(host)) throw addressRefused(host);
    return url;
  }

  #proxy(url: URL): URL | undefined {
    try {
      return this.parts.proxy(url);
    } catch {
      throw new DeliveryError(
        'MISCONFIGURED',
        'proxy: expected the URL of an HTTP proxy, e.g. http://proxy.example:3128',
      );
    }
  }

  async #refused(raw: RawAnswer, url: URL): Promise<DeliveryError> {
    const { statusCode, headers } = raw;
    const waitMs = retryAfterMs(headers['retry-after'], this.parts.clock.now());
    const retryAfter = waitMs === undefined ? undefined : Math.ceil(waitMs / 1000);
    const body = await decoded(raw.body, headers, this.parts.config.maxResponse).catch(() => Buffer.alloc(0));
    const redirect = statusCode >= 300 && statusCode < 400 ? '; redirects are not followed, set the final URL' : '';
    return new DeliveryError('HTTP_STATUS', `${url.origin} answered ${statusCode}${redirect}`, {
      statusCode,
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(body.length > 0 ? { body: body.toString().slice(0, EXCERPT) } : {}),
    });
  }
}

function closed(): DeliveryError {
  return new DeliveryError('CLOSED', 'the node was closed before the receiver had answered');
}

/** The headers of a body whose coding was undone: an `http response` after this node would send the others with the wrong bytes. */
function uncoded(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { 'content-encoding': _coding, 'content-length': _length, ...rest } = headers;
  return rest;
}

function lowerCase(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function sign(signer: Signer, request: Parameters<Signer['sign']>[0]): ReturnType<Signer['sign']> {
  try {
    return signer.sign(request);
  } catch (error) {
    throw new DeliveryError('MISCONFIGURED', `auth: ${(error as Error).message}`);
  }
}

/** Puts the receiver's origin in front and gives every failure a code. */
function named(error: NodeJS.ErrnoException, request: OutgoingRequest): DeliveryError {
  const { origin } = request.url;
  if (error instanceof DeliveryError) {
    return error.code === 'HTTP_STATUS' || error.code === 'CLOSED' || error.code === 'ADDRESS_REFUSED'
      ? error
      : new DeliveryError(error.code, `${origin}: ${error.message}`);
  }
  // hpagent's words for an answer to CONNECT other than 200.
  const [, refusal] = /^Bad response: (\d+)$/.exec(error.message) ?? [];
  if (refusal) return new DeliveryError('PROXY_REFUSED', `${origin}: the proxy answered ${refusal} to CONNECT`);
  if (/^ERR_(INVALID|UNESCAPED)_/.test(error.code ?? '')) {
    return new DeliveryError('REQUEST_INVALID', `${origin}: the request cannot be written: ${error.message}`);
  }
  return new DeliveryError(error.code ?? 'REQUEST_FAILED', `${origin}: ${error.message || error.code}`);
}
