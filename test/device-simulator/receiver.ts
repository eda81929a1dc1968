import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { systemClock } from '../../nodes/shared/clock';
import type { AuthConfig, AuthCredentials } from '../../nodes/webhook-auth/auth';
import { createAuth } from '../../nodes/webhook-auth/auth';

export interface Received {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
  url: string;
  /** Which connection it came over, counted from 0. */
  connection: number;
  at: number;
}

export interface Receiver {
  url: string;
  port: number;
  received: Received[];
  /** Ids of events accepted, each time. */
  accepted: string[];
  connections: number;
  close(): Promise<void>;
}

export interface ReceiverOptions {
  auth?: AuthConfig;
  credentials?: AuthCredentials;
  maxBody?: number;
  /** Decides before anything is checked: a status, and headers with it; undefined = go on. */
  before?(index: number): { status: number; headers?: Record<string, string> } | undefined;
  /** Called with the id of each event accepted. */
  onEvent?(id: string): void;
}

/** A small server that checks what it gets as a webhook endpoint has to: size, signature over the bytes, JSON. */
export async function receiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const auth = createAuth(options.auth ?? { scheme: 'none' }, options.credentials ?? {}, systemClock);
  if (auth.problem) throw new Error(auth.problem);
  const { verifier } = auth;
  const received: Received[] = [];
  const accepted: string[] = [];
  const sockets = new Map<object, number>();
  let requests = 0;
  const server = createServer((request, response) => {
    if (!sockets.has(request.socket)) sockets.set(request.socket, sockets.size);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const early = options.before?.(requests++);
      const status = early?.status ?? judge(request, body);
      received.push({
        status,
        headers: request.headers,
        body: body.toString(),
        url: String(request.url),
        connection: sockets.get(request.socket) as number,
        at: performance.now(),
      });
      response.writeHead(status, { 'content-type': 'application/json', ...early?.headers });
      response.end(JSON.stringify({ status }));
    });
  });

  function judge(request: IncomingMessage, body: Buffer): number {
    if (body.length > (options.maxBody ?? 1_048_576)) return 413;
    const target = String(request.url);
    const head = {
      method: String(request.method),
      target,
      nodeTarget: target,
      headers: request.headersDistinct,
      encrypted: false,
    };
    if (verifier.checkHead(head) ?? verifier.check(head, body)) return 401;
    try {
      for (const event of [JSON.parse(body.toString())].flat() as { id: string }[]) {
        accepted.push(event.id);
        options.onEvent?.(event.id);
      }
      return 202;
    } catch {
      return 400;
    }
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/hooks/devices`,
    port,
    received,
    accepted,
    get connections() {
      return sockets.size;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
