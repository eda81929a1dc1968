import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { urlCredentials } from '../shared/url-credentials';
import type { WireRequest } from './request';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Why there is no answer. */
export interface NoAnswer extends Error {
  code?: string;
  /**
   * The connection had been kept from an earlier request: the server may have closed it just as it was used again
   * (https://nodejs.org/api/http.html#requestreusedsocket).
   */
  stale?: boolean;
}

/** Posts requests, each once; redirects are answers like others. */
export interface Transport {
  /** Rejects with a NoAnswer that has a `code` when there is no answer. */
  post(request: WireRequest): Promise<Answer>;
  /** Ends every connection; requests under way reject. */
  close(): void;
}

/** Real senders do not wait longer (GitHub 10 s, Event Grid 30 s). */
const TIMEOUT_MS = 30_000;
/** More of an answer is not kept; the rest is read and thrown away. */
const KEPT_BYTES = 65_536;

export interface TransportOptions {
  /** Within which the whole of an answer has to be there; 30,000. */
  timeoutMs?: number;
  /** Whether requests go to this very process: its certificate is for the name that others know it by; false. */
  own?: boolean;
}

/** Connections are kept open and used again, as those of a fleet behind one gateway. */
export function httpTransport(
  connections: number,
  { timeoutMs = TIMEOUT_MS, own = false }: TransportOptions = {},
): Transport {
  const options = { keepAlive: true, maxSockets: connections, maxFreeSockets: connections };
  const plain = new HttpAgent(options);
  const secure = new HttpsAgent({ ...options, rejectUnauthorized: !own });

  function post(request: WireRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const url = new URL(request.url);
      const https = url.protocol === 'https:';
      const auth = urlCredentials(url);
      const sent = (https ? httpsRequest : httpRequest)({
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? (https ? 443 : 80) : Number(url.port),
        path: url.pathname + url.search,
        method: 'POST',
        // Signed URLs contain the host as written, so it has to be sent as written.
        headers: { host: url.host, ...request.headers },
        agent: https ? secure : plain,
        ...(auth !== undefined && { auth }),
      });
      const timer = setTimeout(() => {
        const error = Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
        reject(error);
        sent.destroy(error);
      }, timeoutMs);
      sent.on('close', () => clearTimeout(timer));
      let answered = false;
      // Node.js closes the connection of an upgrade that nobody listens to without a word.
      sent.on('upgrade', ({ statusCode = 0, headers }, socket) => {
        socket.destroy();
        resolve({ status: statusCode, headers, body: Buffer.alloc(0) });
      });
      sent.on('response', (response) => {
        answered = true;
        const kept: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          if (size < KEPT_BYTES) kept.push(chunk.subarray(0, KEPT_BYTES - size));
          size += chunk.length;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(kept) }),
        );
        response.on('error', reject);
      });
      sent.on('error', (error: NoAnswer) => {
        if (answered) return;
        if (sent.reusedSocket && error.code === 'ECONNRESET') error.stale = true;
        reject(error);
      });
      sent.end(request.body);
    });
  }
  return {
    post,
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}
