import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { sendJson } from '../support/http';
import type { RunningNodeRed } from '../support/node-red';

export const MB = 1024 * 1024;

/** That Node-RED is still there and takes a good request: what every attack has to end with. */
export async function stands(red: RunningNodeRed, path = '/hooks/door', headers: Record<string, string> = {}) {
  const before = red.seen('in').length;
  const answer = await sendJson(red.port, path, { good: true }, headers);
  assert.equal(answer.status, 202, answer.body);
  await red.message('in', before + 1);
  assert.equal(red.exitCode, undefined);
}

/** Bytes of buffers that the process still holds after a collection: what it keeps, not what the allocator has not given back. */
export async function buffersHeld(red: RunningNodeRed): Promise<number> {
  return (await red.command<NodeJS.MemoryUsage>('memory', { gc: true })).arrayBuffers;
}

/** Resident memory after the garbage has gone; start Node-RED with `--expose-gc`. */
export async function resident(red: RunningNodeRed): Promise<number> {
  return (await red.command<NodeJS.MemoryUsage>('memory', { gc: true })).rss;
}

/** An open connection whose answer can be waited for; nothing it meets is an error. */
export class Wire {
  text = '';
  closed = false;
  readonly #socket: Socket;
  #changed: () => void = () => undefined;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk) => {
      this.text += chunk.toString('latin1');
      this.#changed();
    });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      this.closed = true;
      this.#changed();
    });
  }

  /** Resolves when the kernel has taken the bytes, so that no more of them are kept here than needed; false = nobody reads any more. */
  async write(bytes: Buffer | string): Promise<boolean> {
    if (this.closed || !this.#socket.writable) return false;
    return new Promise((resolve) => this.#socket.write(bytes, 'latin1', (error) => resolve(!error)));
  }

  /** Waits for a text of the answer (or, without one, for the end of the connection). */
  async until(find?: string | RegExp, timeoutMs = 20_000): Promise<string> {
    const there = (): boolean =>
      find === undefined ? this.closed : typeof find === 'string' ? this.text.includes(find) : find.test(this.text);
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no ${find ?? 'end'} in ${JSON.stringify(this.text.slice(0, 500))}`)),
        timeoutMs,
      );
      this.#changed = () => {
        if (!there() && !this.closed) return;
        clearTimeout(timer);
        resolve();
      };
      this.#changed();
    });
    assert.ok(there(), `closed without ${find}: ${JSON.stringify(this.text.slice(0, 500))}`);
    return this.text;
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** The head of a POST to a path, with a Host. */
export const head = (path: string, ...headers: string[]): string =>
  `${[`POST ${path} HTTP/1.1`, 'Host: a', ...headers].join('\r\n')}\r\n\r\n`;

/** The statuses of the answers in what a connection received. */
export const statuses = (text: string): number[] =>
  Array.from(text.matchAll(/HTTP\/1\.[01] (\d{3}) /g), (match) => Number(match[1]));
