import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FlowNode, flow, type RunningNodeRed, startNodeRed } from '../support/node-red';

/** A retry node `retry` with short waits; outputs 2 and 3 go to the probes `gave-up` and `succeeded`. */
export function retryNode(more: Record<string, unknown> = {}, next: string[] = ['next']): FlowNode[] {
  return [
    {
      id: 'retry',
      type: 'surewire-retry',
      strategy: 'fixed',
      baseMs: 50,
      jitter: 0,
      ...more,
      wires: [next, ['gave-up'], ['succeeded']],
    },
    { id: 'gave-up', type: 'test-probe', name: 'gave-up', wires: [[]] },
    { id: 'succeeded', type: 'test-probe', name: 'succeeded', wires: [[]] },
  ];
}

export const probe = (id: string, more: Record<string, unknown> = {}): FlowNode => ({
  id,
  type: 'test-probe',
  name: id,
  wires: [[]],
  ...more,
});

/** A catch node that reports to the probe `caught`. */
export const catcher = (): FlowNode[] => [
  { id: 'catch', type: 'catch', scope: null, wires: [['caught']] },
  probe('caught'),
];

export const fn = (id: string, func: string, wires: string[][] = [[]]): FlowNode => ({
  id,
  type: 'function',
  func,
  outputs: wires.length,
  wires,
});

/** An `http request` node that posts to `url`. */
export const httpRequest = (id: string, url: string, wires: string[][] = [[]]): FlowNode => ({
  id,
  type: 'http request',
  method: 'POST',
  ret: 'txt',
  paytoqs: 'ignore',
  url,
  persist: false,
  senderr: false,
  headers: [],
  wires,
});

export async function start(nodes: FlowNode[], more: Parameters<typeof startNodeRed>[0] = {}): Promise<RunningNodeRed> {
  return startNodeRed({ flows: flow(nodes), ...more });
}

export interface Receiver {
  server: Server;
  url: string;
  /** Bodies in the order of arrival. */
  bodies: string[];
  close(): Promise<void>;
}

/** A local HTTP server that answers as told. */
export async function receiver(
  answer: (request: IncomingMessage, response: ServerResponse, body: string, nth: number) => void,
): Promise<Receiver> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      bodies.push(body);
      answer(request, response, body, bodies.length);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    bodies,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** How often each value occurs. */
export function tally(values: Iterable<unknown>): Map<unknown, number> {
  const counts = new Map<unknown, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
