import { rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { Core } from './core';
import type { Call, Failure, FromWorker, Results, ToWorker, WorkerOptions } from './protocol';
import { explain, openFile } from './schema';
import { SqlLedger } from './sql-ledger';
import { type Database, defaultEngine } from './sqlite';
import { StoreError } from './store';
import { Timeline } from './timeline';

/** A wall clock that has drifted this far from the store's time was set; less is not worth a write. */
const SKEW_MS = 1000;
/** How far back the store's time may fall after a crash when the wall clock cannot be trusted either. */
const REMEMBER_MS = 60_000;
const SWEEP_AT_ONCE = 20_000;
const VACUUM_PAGES = 2000;
/** Free pages that are kept for what comes next. */
const KEEP_FREE = 64;

type Trouble = Failure | undefined | 'unknown';

/** Owns the file: runs batches of operations, each batch in one transaction, and answers once that is on the disk. */
class Owner {
  readonly #file: string;
  readonly #database: Database;
  readonly #ledger: SqlLedger;
  readonly #core: Core;
  readonly #timeline: Timeline;
  #skew: number;
  #last: number;

  constructor(options: WorkerOptions) {
    this.#file = options.file;
    this.#database = openFile(options.file, options.engine ?? defaultEngine());
    this.#ledger = new SqlLedger(this.#database);
    this.#skew = Number(this.#ledger.meta('skew') ?? 0);
    this.#last = Number(this.#ledger.meta('last') ?? 0);
    this.#timeline = new Timeline(options.wall, options.mono, { skew: this.#skew, last: this.#last });
    const salt = String(this.#ledger.meta('salt'));
    this.#core = new Core(this.#ledger, { transactional: true, salt, opening: options.opening });
    this.#load();
  }

  batch(wall: number, mono: number, calls: readonly Call[]): { results: Results; trouble: Trouble } {
    this.#core.now = this.#timeline.at(wall, mono);
    const results: Results = { values: [], failures: [] };
    try {
      for (const [index, call] of calls.entries()) this.#run(call, index, results);
      return { trouble: this.#commit(), results };
    } catch (error) {
      const failure = this.#rollback(error);
      if (calls.length > 1) return this.#oneByOne(calls);
      return { results: { values: [], failures: [[0, failure]] }, trouble: failure };
    }
  }

  /** One that cannot be done must not take the others of its batch with it. */
  #oneByOne(calls: readonly Call[]): { results: Results; trouble: Trouble } {
    const results: Results = { values: [], failures: [] };
    let trouble: Trouble = 'unknown';
    for (const [index, call] of calls.entries()) {
      try {
        this.#run(call, index, results);
        const state = this.#commit();
        if (state !== 'unknown') trouble = state;
      } catch (error) {
        trouble = this.#rollback(error);
        results.failures.push([index, trouble]);
      }
    }
    return { results, trouble };
  }

  tick(wall: number, mono: number, probe: boolean): { more: boolean; trouble: Trouble } {
    this.#core.now = this.#timeline.at(wall, mono);
    try {
      const more = this.#core.sweep(SWEEP_AT_ONCE);
      if (probe) this.#ledger.setMeta('last', Math.round(this.#core.now.t));
      const trouble = this.#commit();
      return { more: this.#vacuum() || more, trouble };
    } catch (error) {
      return { more: false, trouble: this.#rollback(error) };
    }
  }

  close(wall: number, mono: number): void {
    this.#core.now = this.#timeline.at(wall, mono);
    try {
      this.#ledger.setMeta('last', Math.round(this.#core.now.t));
      this.#commit();
    } catch (error) {
      this.#rollback(error);
    }
    this.#database.close();
  }

  #load(): void {
    this.#core.undo.kept = false;
    for (const { id, name } of this.#ledger.scopes()) this.#core.claims.loadScope(id, name);
    for (const { id, name } of this.#ledger.queues()) this.#core.loadQueue(id, name);
    for (const claim of this.#ledger.claims()) this.#core.claims.load(claim);
    for (const event of this.#ledger.events()) this.#core.loadEvent(event);
    for (const dead of this.#ledger.dead()) this.#core.loadDead(dead);
    this.#core.undo.kept = true;
  }

  #run([name, ...args]: Call, index: number, results: Results): void {
    try {
      const operation = this.#core[name] as (...given: unknown[]) => unknown;
      results.values[index] = operation.apply(this.#core, args);
    } catch (error) {
      // Refused before anything was changed; whatever else goes wrong takes the transaction with it.
      if (!(error instanceof StoreError)) throw error;
      results.failures.push([index, failureOf(error)]);
    }
  }

  #commit(): Trouble {
    if (!this.#ledger.changed) return 'unknown';
    this.#rememberTime();
    this.#ledger.commit();
    this.#core.undo.forget();
    return undefined;
  }

  /** In a transaction that is written anyway; the time line of a restart depends on it. */
  #rememberTime(): void {
    const { wall, t } = this.#core.now;
    // Also where it is not a number, because it is not known what the file says.
    if (!(Math.abs(wall - t - this.#skew) <= SKEW_MS)) {
      this.#skew = wall - t;
      this.#ledger.setMeta('skew', Math.round(this.#skew));
    }
    if (t - this.#last > REMEMBER_MS) {
      this.#last = t;
      this.#ledger.setMeta('last', Math.round(t));
    }
  }

  #rollback(error: unknown): Failure {
    this.#ledger.rollback();
    this.#core.undo.rollback();
    // What was remembered was rolled back too.
    this.#skew = Number.NaN;
    this.#last = 0;
    return failureOf(explain(error, this.#file, this.#noSpace()));
  }

  /** The WebAssembly engine reports a full disk as an I/O error. */
  #noSpace(): boolean {
    try {
      const { bavail, bsize } = statfsSync(path.dirname(this.#file));
      return bavail * bsize < 65_536;
    } catch {
      return false;
    }
  }

  /** Gives pages back to the file system, a few at a time. True when there are more. */
  #vacuum(): boolean {
    const free = (): number => Number(Object.values(this.#database.prepare('PRAGMA freelist_count').all()[0] ?? {})[0]);
    const before = free();
    if (before <= KEEP_FREE) return false;
    this.#database.exec(`PRAGMA incremental_vacuum(${Math.min(VACUUM_PAGES, before - KEEP_FREE)})`);
    const after = free();
    if (after <= KEEP_FREE) this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    return after > KEEP_FREE && after < before;
  }
}

function failureOf(error: StoreError): Failure {
  return { code: error.code, message: error.message };
}

function main(): void {
  const port = parentPort;
  if (!port) return;
  const options = workerData as WorkerOptions;
  const answer = (message: FromWorker): void => port.postMessage(message);
  let owner: Owner;
  try {
    // Left by a process that was killed; nobody else is in the directory, whose lock the main thread holds.
    rmSync(`${options.file}.lock`, { recursive: true, force: true });
    owner = new Owner(options);
  } catch (error) {
    answer({ kind: 'failed', failure: failureOf(explain(error, options.file)) });
    port.close();
    return;
  }
  port.on('message', (message: ToWorker) => {
    const { wall, mono } = message;
    if (message.kind === 'batch') answer({ kind: 'results', ...owner.batch(wall, mono, message.calls) });
    else if (message.kind === 'tick') answer({ kind: 'ticked', ...owner.tick(wall, mono, message.probe) });
    else {
      owner.close(wall, mono);
      answer({ kind: 'closed' });
      port.close();
    }
  });
  answer({ kind: 'open' });
}

main();
