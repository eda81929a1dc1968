import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type WorkerOptions as ThreadOptions, Worker } from 'node:worker_threads';
import { type Cancel, type Clock, systemClock } from '../shared/clock';
import type { Core } from './core';
import { asStoreError, closedError, mayPass, storeError } from './disk-error';
import { type Channel, type Operation, StoreFront } from './front';
import { type DirectoryLock, lockDirectory } from './lock';
import { Problem } from './problem';
import type { Call, Failure, FromWorker, Results, WorkerOptions } from './protocol';
import type { EngineName } from './sqlite';
import { type Store, StoreError } from './store';
import { Turns } from './turns';

/** Within the store's directory. */
export const FILE_NAME = 'store.sqlite';

/** What dies at once fits in this much; V8's own limit lets the thread of a busy store grow by 50 MB more. */
const YOUNG_MB = 8;
/** Operations in one message to the worker, and so in one transaction. */
const BATCH_CALLS = 1000;
/** While the worker commits one batch, the next is on its way: the worker never waits for this thread. */
const IN_FLIGHT = 2;
const TICK_MS = 60_000;
/** Housekeeping goes on this soon while there is more, or while the disk is in trouble. */
const SOON_MS = 250;
const PROBE_MS = 5000;
/** A thread that ends at once every time must not keep a core busy. */
const RESTART_MS = 1000;
const REOPEN_MS = 10_000;

export interface DiskOptions {
  directory: string;
  clock: Clock;
  /** How long a group commit gathers, milliseconds; default 0: what arrives while one commit runs goes into the next. */
  commitMs?: number;
  /** Default: node:sqlite where the runtime has it. */
  engine?: EngineName;
  /** What has to be over before the directory can be taken: another store of this process that is closing. */
  opensAfter?: Promise<unknown>;
  /** For tests: how the worker's thread is started. */
  thread?: ThreadOptions;
}

interface Pending {
  call: Call;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

class DiskChannel implements Channel {
  readonly durable = true;
  readonly ready: Promise<void>;
  readonly #options: DiskOptions;
  readonly #clock: Clock;
  readonly #problem = new Problem();
  #lock: DirectoryLock | undefined;
  #worker: Worker | undefined;
  #open = false;
  #failed: StoreError | undefined;
  #starting: Promise<void>;
  #queue: Pending[] = [];
  /** Batches that the worker has, oldest first. */
  #sent: Pending[][] = [];
  /** Results on their way to who asked. */
  readonly #answers = new Turns(() => this.#flush());
  #flushing: Cancel | undefined;
  #tick: Cancel | undefined;
  #closing: Promise<void> | undefined;
  #idle: (() => void) | undefined;
  #ended: (() => void) | undefined;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.ready = this.#start();
    this.#starting = this.ready;
    // Operations reject with the same error; nobody has to await `ready`.
    this.ready.catch(() => undefined);
  }

  get problem(): string | undefined {
    return this.#problem.text;
  }

  onProblem(listener: (problem: string | undefined) => void): Cancel {
    return this.#problem.listen(listener);
  }

  call<Name extends Operation>(name: Name, ...args: Parameters<Core[Name]>): Promise<ReturnType<Core[Name]>> {
    if (this.#closing) return Promise.reject(closedError());
    if (this.#failed) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      this.#queue.push({ call: [name, ...args], resolve: resolve as (value: unknown) => void, reject });
      this.#plan();
    });
  }

  flush(): Promise<unknown> {
    const answered = this.call('keys', '');
    this.#hurry();
    return answered;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #start(): Promise<void> {
    const { directory } = this.#options;
    try {
      await this.#options.opensAfter;
      mkdirSync(directory, { recursive: true });
      this.#lock = await lockDirectory(directory, randomUUID(), systemClock);
      await this.#spawn();
    } catch (error) {
      throw this.#fail(asStoreError(error, directory));
    }
    this.#works();
  }

  #works(): void {
    this.#failed = undefined;
    this.#problem.set(undefined);
    this.#planTick(TICK_MS);
    this.#flush();
  }

  #spawn(): Promise<void> {
    const data: WorkerOptions = {
      file: path.join(this.#options.directory, FILE_NAME),
      engine: this.#options.engine,
      wall: this.#clock.now(),
      mono: this.#clock.monotonic(),
      opening: randomUUID(),
    };
    const worker = new Worker(path.join(__dirname, 'disk-worker.js'), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
      ...this.#options.thread,
      workerData: data,
    });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      const ended = (why: string): void => {
        const error = new StoreError('io', `the event store's thread ended: ${why}`);
        reject(error);
        if (this.#worker === worker) this.#crashed(error);
      };
      worker.on('message', (message: FromWorker) => {
        if (message.kind === 'open') {
          this.#open = true;
          resolve();
        } else if (message.kind === 'failed') {
          this.#worker = undefined;
          reject(storeError(message.failure));
        } else this.#hear(message);
      });
      worker.on('error', (error) => ended(error.message));
      worker.on('exit', (code) => ended(`exit code ${code}`));
    });
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'results') {
      this.#settle(message.results);
      this.#heed(message.trouble);
      this.#flush();
    } else if (message.kind === 'ticked') {
      this.#heed(message.trouble);
      this.#planTick(message.more ? SOON_MS : this.#problem.text === undefined ? TICK_MS : PROBE_MS);
    } else if (message.kind === 'closed') {
      this.#worker = undefined;
      this.#ended?.();
    }
  }

  #settle({ values, failures }: Results): void {
    const failed = new Map(failures);
    for (const [index, { resolve, reject }] of (this.#sent.shift() ?? []).entries()) {
      const failure = failed.get(index);
      this.#answers.add(failure ? () => reject(storeError(failure)) : () => resolve(values[index]));
    }
    this.#answers.give();
  }

  /** The disk's trouble is the store's problem until something could be written again. */
  #heed(trouble: Failure | undefined | 'unknown'): void {
    if (trouble === 'unknown') return;
    const before = this.#problem.text;
    this.#problem.set(trouble?.message);
    if (trouble && before === undefined) this.#planTick(PROBE_MS);
  }

  /** What comes in one turn of the event loop goes out together. */
  #plan(): void {
    if (this.#flushing || !this.#open || this.#sent.length >= IN_FLIGHT) return;
    const { commitMs = 0 } = this.#options;
    if (commitMs > 0 && !this.#closing) this.#flushing = this.#clock.after(commitMs, () => this.#hurry());
    else {
      const immediate = setImmediate(() => this.#hurry());
      this.#flushing = () => clearImmediate(immediate);
    }
  }

  #hurry(): void {
    this.#flushing?.();
    this.#flushing = undefined;
    this.#flush();
  }

  #flush(): void {
    if (this.#open && !this.#flushing && this.#queue.length > 0 && this.#sent.length < IN_FLIGHT) {
      const batch = this.#queue.splice(0, BATCH_CALLS);
      this.#sent.push(batch);
      this.#worker?.postMessage({ kind: 'batch', ...this.#moment(), calls: batch.map(({ call }) => call) });
      if (this.#queue.length > 0) this.#plan();
    }
    if (this.#queue.length === 0 && this.#sent.length === 0 && this.#answers.size === 0) this.#idle?.();
  }

  #moment(): { wall: number; mono: number } {
    return { wall: this.#clock.now(), mono: this.#clock.monotonic() };
  }

  #planTick(ms: number): void {
    this.#tick?.();
    if (this.#closing) return;
    this.#tick = this.#clock.after(ms, () => {
      this.#worker?.postMessage({ kind: 'tick', ...this.#moment(), probe: this.#problem.text !== undefined });
    });
  }

  /** What was under way is lost, and with it every lease; the next operation finds a new thread. */
  #crashed(error: StoreError): void {
    this.#worker = undefined;
    const opened = this.#open;
    this.#open = false;
    this.#tick?.();
    this.#problem.set(error.message);
    for (const { reject } of this.#sent.splice(0).flat()) reject(error);
    this.#idle?.();
    this.#ended?.();
    if (opened && !this.#closing) this.#tick = this.#clock.after(RESTART_MS, () => this.#restart());
  }

  #restart(): void {
    this.#starting = this.#spawn().then(
      () => this.#works(),
      (error: unknown) => void this.#fail(asStoreError(error, this.#options.directory)),
    );
  }

  #fail(error: StoreError): StoreError {
    this.#lock?.release();
    this.#lock = undefined;
    this.#failed = error;
    this.#problem.set(error.message);
    this.#rejectQueued(error);
    if (mayPass(error) && !this.#closing) this.#tick = this.#clock.after(REOPEN_MS, () => this.#reopen());
    return error;
  }

  #reopen(): void {
    this.#starting = this.#start();
    this.#starting.catch(() => undefined); // It has planned the next attempt.
  }

  #rejectQueued(error: StoreError): void {
    for (const { reject } of this.#queue.splice(0)) reject(error);
  }

  async #close(): Promise<void> {
    // Whatever was called before is done first, also where the file is still being opened.
    await this.#starting.catch(() => undefined);
    this.#tick?.();
    if (this.#worker) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
        this.#hurry();
      });
    }
    this.#rejectQueued(closedError());
    if (this.#worker) {
      await new Promise<void>((resolve) => {
        this.#ended = resolve;
        this.#worker?.postMessage({ kind: 'close', ...this.#moment() });
      });
    }
    this.#lock?.release();
    this.#lock = undefined;
  }
}

/** Opens a store in a directory, which this process then holds alone; in a worker thread, so that syncs do not hold up Node-RED. */
export function createDiskStore(options: DiskOptions): Store {
  return new StoreFront(new DiskChannel(options), () => options.clock.now(), randomUUID);
}
