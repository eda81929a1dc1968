import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import type { Clock } from '../shared/clock';
import type { ArrivingBodies } from './arriving';
import { type Refusal, refuse } from './refusal';

export interface BodyLimits {
  /** Bytes, on the wire and after decompression. */
  maxBody: number;
  /** Milliseconds for the whole body. */
  timeoutMs: number;
  /** Bounds what all unfinished bodies hold together. */
  arriving: ArrivingBodies;
}

export interface RequestBody {
  /** Exactly what came over the wire. */
  wire: Buffer;
  /** The same without its content coding. */
  content: Buffer;
}

/** `refusal` undefined = the sender hung up: nobody is left to answer. */
export type BodyRead = { body: RequestBody } | { refusal: Refusal } | { aborted: true };

const NOTHING: Buffer = Buffer.alloc(0);

type Decompress = (
  bytes: Buffer,
  options: { maxOutputLength: number },
  done: (error: Error | null, result: Buffer) => void,
) => void;

/** "deflate" is zlib by the standard (RFC 9110, 8.4.1.2), but some senders leave the zlib header out. */
const inflateEither: Decompress = (bytes, options, done) => {
  const zlibHeader = bytes.length >= 2 && ((bytes[0] as number) & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0;
  (zlibHeader ? inflate : inflateRaw)(bytes, options, done);
};

const DECOMPRESS: Record<string, Decompress> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: inflateEither,
  br: brotliDecompress,
};

function decompress(coding: string, wire: Buffer, limits: BodyLimits, done: (read: BodyRead) => void): void {
  (DECOMPRESS[coding] as Decompress)(wire, { maxOutputLength: Math.max(1, limits.maxBody) }, (error, content) => {
    if (!error) done({ body: { wire, content } });
    else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') done({ refusal: tooLarge(limits) });
    else done({ refusal: refuse('body-malformed', `the body is not valid ${coding}`) });
  });
}

const tooLarge = (limits: BodyLimits): Refusal =>
  refuse('body-too-large', `the body is larger than ${limits.maxBody} bytes`);

/** What can be refused from the headers alone, so that no byte of such a body is kept. */
export function checkBodyHead(req: IncomingMessage, limits: BodyLimits): Refusal | undefined {
  const length = req.headers['content-length'];
  if (length !== undefined && Number(length) > limits.maxBody) return tooLarge(limits);
  const coding = req.headers['content-encoding']?.trim().toLowerCase();
  if (coding && coding !== 'identity' && !Object.hasOwn(DECOMPRESS, coding)) {
    return refuse('encoding-unsupported', 'expected Content-Encoding gzip, deflate, br or none', {
      'Accept-Encoding': 'gzip, deflate, br',
    });
  }
  const hasBody = (length !== undefined && length !== '0') || req.headers['transfer-encoding'] !== undefined;
  if (hasBody && Readable.isDisturbed(req)) {
    // Fail closed: a body parser in front of Node-RED took the bytes, and what it made of them proves nothing.
    return refuse(
      'misconfigured',
      'the body was read before this node could see its exact bytes (a body parser in front of Node-RED)',
    );
  }
  return undefined;
}

/** Bytes in one stretch. Grown by doubling: a sender that writes chunks of one byte would else cost a hundred times its bytes. */
class Gathered {
  #bytes: Buffer = NOTHING;
  size = 0;

  /** @returns how many bytes of memory more it takes now */
  add(chunk: Buffer, max: number): number {
    const before = this.#bytes.length;
    const size = this.size + chunk.length;
    if (this.size === 0) this.#bytes = chunk;
    else {
      if (size > before) {
        const wider = Buffer.allocUnsafeSlow(Math.max(size, Math.min(2 * size, max)));
        this.#bytes.copy(wider, 0, 0, this.size);
        this.#bytes = wider;
      }
      chunk.copy(this.#bytes, this.size);
    }
    this.size = size;
    return this.#bytes.length - before;
  }

  /** Lets the memory go: the closures that reach it live as long as the connection of a refused sender. */
  drop(): void {
    this.#bytes = NOTHING;
    this.size = 0;
  }

  get bytes(): Buffer {
    return this.#bytes.length === this.size ? this.#bytes : this.#bytes.subarray(0, this.size);
  }
}

/** Reads the whole body within its limits; `done` is called once. Call checkBodyHead first. */
export function readBody(req: IncomingMessage, limits: BodyLimits, clock: Clock, done: (read: BodyRead) => void): void {
  // Something asynchronous in front of Node-RED may have let the end of an empty request, or the sender, go by.
  if (req.readableEnded) return done({ body: { wire: NOTHING, content: NOTHING } });
  if (req.destroyed) return done({ aborted: true });
  const coding = req.headers['content-encoding']?.trim().toLowerCase();
  const declared = Number(req.headers['content-length']);
  const gathered = new Gathered();
  // The listeners stay, deaf: taking them off costs more than it frees, and an error nobody listens for would be thrown.
  let over = false;
  const stop = (): boolean => {
    if (over) return false;
    over = true;
    cancel();
    limits.arriving.release(body);
    gathered.drop();
    return true;
  };
  const finish = (read: BodyRead): void => {
    if (stop()) done(read);
  };
  const body = {
    held: 0,
    evict: () =>
      finish({
        refusal: refuse('overloaded', 'too many bodies are arriving at once, and this one began first'),
      }),
  };
  const take = (chunk: Buffer): void => {
    if (over) return;
    if (gathered.size + chunk.length > limits.maxBody) return finish({ refusal: tooLarge(limits) });
    const grown = gathered.add(chunk, limits.maxBody);
    // Most bodies come whole, and their end follows at once: those are not kept waiting for anybody.
    if (grown > 0 && gathered.size !== declared) limits.arriving.grow(body, grown);
  };
  const end = (): void => {
    const wire = gathered.bytes;
    if (coding && coding !== 'identity' && wire.length > 0) {
      if (stop()) decompress(coding, wire, limits, done);
    } else {
      finish({ body: { wire, content: wire } });
    }
  };
  const gone = (): void => finish({ aborted: true });
  const cancel = clock.after(limits.timeoutMs, () =>
    finish({ refusal: refuse('body-timeout', 'the body did not arrive in time') }),
  );
  req.on('data', take).on('end', end).on('error', gone).on('close', gone);
}
