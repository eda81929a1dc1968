import { connect, type Socket } from 'node:net';

/** What one round of load came to. */
export interface Round {
  /** Answers a second. */
  perSecond: number;
  /** Milliseconds, of single requests. */
  p50: number;
  p99: number;
  /** Answers by status. */
  statuses: Record<number, number>;
}

interface Line {
  socket: Socket;
  sentAt: number;
}

/**
 * Sends `count` copies of one request over `connections` kept-alive connections, one at a time on each, and reads the answers. Raw
 * sockets, so that the load costs less than any server it measures.
 * @param request the bytes of a whole HTTP/1.1 request, or a function of its number
 */
export async function load(
  port: number,
  request: Buffer | ((n: number) => Buffer),
  count: number,
  connections: number,
): Promise<Round> {
  const bytes = typeof request === 'function' ? request : () => request;
  const times = new Float64Array(count);
  const statuses: Record<number, number> = {};
  let sent = 0;
  let answered = 0;
  const lines: Line[] = await Promise.all(
    Array.from({ length: connections }, () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      return new Promise<Line>((resolve, reject) => {
        socket.once('connect', () => resolve({ socket, sentAt: 0 }));
        socket.once('error', reject);
      });
    }),
  );
  const end = stayAwake();
  const start = performance.now();
  await new Promise<void>((resolve, reject) => {
    const next = (line: Line): void => {
      if (sent === count) return;
      line.sentAt = performance.now();
      line.socket.write(bytes(sent));
      sent += 1;
    };
    for (const line of lines) {
      let text = '';
      line.socket.on('error', reject);
      line.socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        const head = text.indexOf('\r\n\r\n');
        if (head < 0) return;
        if (text.length < head + 4 + bodyLength(text.slice(0, head), text, head)) return;
        const status = Number(text.slice(9, 12));
        statuses[status] = (statuses[status] ?? 0) + 1;
        text = '';
        times[answered] = performance.now() - line.sentAt;
        answered += 1;
        if (answered === count) resolve();
        else next(line);
      });
      next(line);
    }
  });
  const seconds = (performance.now() - start) / 1000;
  end();
  for (const { socket } of lines) socket.destroy();
  times.sort();
  const at = (share: number): number => times[Math.min(count - 1, Math.floor(count * share))] as number;
  return { perSecond: count / seconds, p50: at(0.5), p99: at(0.99), statuses };
}

/**
 * Lets the load wait for answers without sleeping. On a virtual machine it can cost a server more to wake a sleeping process than to
 * answer it (measured on one: 63 instead of 42 us CPU a request, all of it in writev), and only servers slow enough for the load to
 * fall asleep in their pauses would pay that.
 */
function stayAwake(): () => void {
  let awake = true;
  const again = (): void => {
    if (awake) setImmediate(again);
  };
  again();
  return () => {
    awake = false;
  };
}

function bodyLength(head: string, text: string, end: number): number {
  const length = /content-length: (\d+)/i.exec(head);
  if (length) return Number(length[1]);
  if (!/transfer-encoding: chunked/i.test(head)) return 0;
  const done = text.indexOf('0\r\n\r\n', end + 4);
  return done < 0 ? Number.POSITIVE_INFINITY : done + 5 - end - 4;
}

/** The bytes of a request. */
export function requestBytes(path: string, headers: Record<string, string>, body: string): Buffer {
  const lines = Object.entries({ host: '127.0.0.1', 'content-length': String(Buffer.byteLength(body)), ...headers });
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${body}`,
  );
}
