import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Aedes } from 'aedes';
import { freePort } from '../support/node-red';
import { receiver } from './support';

/** What a flow finds around Node-RED, and what has come there. */
export interface Surroundings {
  /** `<http>500,200/<anything>` answers with 500 once and with 200 from then on; `hang` is no answer. */
  http: string;
  /** Requests by path. */
  hits: Map<string, number>;
  /** Ports of an MQTT broker that is there, and of one that has to be started. */
  broker: number;
  lateBroker: number;
  /** What clients have published, by topic. */
  published: Map<string, string[]>;
  /** The port of a TCP server, everything it has got, and a port where nobody listens. */
  tcp: number;
  tcpText: string;
  closedPort: number;
  /** A directory that is there. */
  directory: string;
}

interface Listening {
  port: number;
  close: () => Promise<void>;
}

async function listen(server: Server, port: number): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** Starts an MQTT broker that writes down what clients publish. */
export async function startBroker(published: Surroundings['published'], port = 0): Promise<Listening> {
  const broker = await Aedes.createBroker();
  broker.on('publish', ({ topic, payload }, client) => {
    if (client) published.set(topic, [...(published.get(topic) ?? []), payload.toString()]);
  });
  const { close, ...listening } = await listen(createServer(broker.handle), port);
  return {
    ...listening,
    close: async () => {
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      await close();
    },
  };
}

/** Surroundings of which nothing is there: enough to read a table that is written for them. */
export const nowhere = (): Surroundings => ({
  http: '',
  hits: new Map(),
  broker: 0,
  lateBroker: 0,
  published: new Map(),
  tcp: 0,
  tcpText: '',
  closedPort: 0,
  directory: '',
});

export async function startSurroundings(): Promise<{ around: Surroundings; close: () => Promise<void> }> {
  const around = nowhere();
  const { hits, published } = around;
  const http = await receiver((request, response) => {
    const url = String(request.url);
    const answers = url.split('/')[1]?.split(',') ?? [];
    const nth = hits.get(url) ?? 0;
    hits.set(url, nth + 1);
    const answer = answers[Math.min(nth, answers.length - 1)];
    if (answer !== 'hang') response.writeHead(Number(answer)).end('x');
  });
  const broker = await startBroker(published);
  const takes = createServer((socket) => {
    socket.on('data', (chunk) => {
      around.tcpText += chunk.toString();
    });
  });
  const tcp = await listen(takes, 0);
  Object.assign(around, {
    http: http.url,
    broker: broker.port,
    tcp: tcp.port,
    lateBroker: await freePort(),
    closedPort: await freePort(),
    directory: mkdtempSync(path.join(tmpdir(), 'surewire-files-')),
  });
  return {
    around,
    close: async () => {
      await Promise.all([http.close(), broker.close(), tcp.close()]);
      rmSync(around.directory, { recursive: true, force: true });
    },
  };
}
