import { type Agent, type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the answer holds
  json: any;
}

export interface Sent {
  method?: string;
  /** The request target exactly as given; fetch would normalise it. */
  path: string;
  headers?: Record<string, string | string[]>;
  body?: Buffer | string;
  agent?: Agent;
}

/** One HTTP request to a port of this machine, sent as it is. */
export function send(port: number, { method = 'POST', path, headers = {}, body, agent }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // Node.js frames the body of a DELETE only when it is told to.
    const length =
      body === undefined || 'content-length' in headers ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const req = request(
      { host: '127.0.0.1', port, method, path, headers: { ...length, ...headers }, ...(agent && { agent }) },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          let json: unknown;
          try {
            json = JSON.parse(text);
          } catch {
            json = undefined;
          }
          resolve({ status: res.statusCode as number, headers: res.headers, body: text, json });
        });
        res.on('error', reject);
      },
    );
    req.on('error', reject);
    req.end(body);
  });
}

/** `send` with a JSON body. */
export const sendJson = (
  port: number,
  path: string,
  value: unknown,
  headers: Record<string, string | string[]> = {},
  agent?: Agent,
): Promise<Answer> =>
  send(port, {
    path,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(value),
    ...(agent && { agent }),
  });

/** Writes bytes to a socket and returns what comes back until it is closed or `ms` have passed; for requests no client would send. */
export function sendRaw(port: number, bytes: Buffer | string, ms = 3000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(finish, ms);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('close', finish);
    socket.on('error', () => undefined);
    socket.write(bytes);
  });
}
