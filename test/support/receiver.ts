import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import {
  type AddressInfo,
  createServer as createSocketServer,
  type Socket,
  type Server as SocketServer,
} from 'node:net';

/** One request as it came over the wire. */
export interface Received {
  method: string;
  target: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
  /** The connection's remote port: equal for requests over one kept connection. */
  connection: number | undefined;
}

export type Answering = (request: Received, response: ServerResponse) => void;

/** A local server that writes down what it gets; answers as it is told to. */
export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly requests: Received[];
  close(): Promise<void>;
}

const ok: Answering = (_request, response) => response.writeHead(200).end('ok');

async function listen(server: Server | SocketServer, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function stop(server: Server | SocketServer, sockets: Set<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}

function remember(server: Server | SocketServer): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  return sockets;
}

/** Starts an HTTP receiver on 127.0.0.1; `tls` makes it an HTTPS one. */
export async function receiver(
  answer: Answering = ok,
  options: { tls?: ServerOptions; port?: number } = {},
): Promise<Receiver> {
  const requests: Received[] = [];
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const received: Received = {
        method: request.method ?? '',
        target: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks),
        connection: request.socket.remotePort,
      };
      requests.push(received);
      answer(received, response);
    });
  };
  const server = options.tls ? createTlsServer(options.tls, take) : createServer(take);
  const sockets = remember(server);
  const port = await listen(server, options.port);
  const url = `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  return { url, port, requests, close: () => stop(server, sockets) };
}

/** Starts a server that speaks bytes: `speak` gets each connection. */
export async function socketServer(speak: (socket: Socket) => void): Promise<Omit<Receiver, 'requests'>> {
  const server = createSocketServer(speak);
  const sockets = remember(server);
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, port, close: () => stop(server, sockets) };
}
