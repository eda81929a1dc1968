import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type Database, type EngineName, openDatabase, type Row } from './sqlite';
import { StoreError } from './store';

/** Marks the file as ours in SQLite's header: "SURE". */
const APPLICATION_ID = 0x53555245;

/**
 * What each version of the file added to the one before, oldest first; a file's version is the number of steps it has taken.
 * Released steps never change: a new version is a new step.
 */
const STEPS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE scopes (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  -- row = scope * 2^37 + number, so that the keys of one scope lie side by side, oldest first, and leave by range.
  CREATE TABLE claims ("row" INTEGER PRIMARY KEY, digest BLOB NOT NULL, first_seen INTEGER NOT NULL, until INTEGER NOT NULL);
  CREATE TABLE queues (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  -- Written once; what changes later stands in progress, so that a large message is not written again. The message comes last: it is
  -- not read along with the columns before it.
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY, queue INTEGER NOT NULL, id TEXT NOT NULL, lane TEXT, due_at INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL, deliveries INTEGER NOT NULL,
    claim_scope INTEGER, claim_digest BLOB, claim_first_seen INTEGER, claim_until INTEGER,
    note TEXT, message TEXT NOT NULL
  );
  CREATE TABLE progress (seq INTEGER PRIMARY KEY, due_at INTEGER NOT NULL, deliveries INTEGER NOT NULL, note TEXT);
  CREATE TABLE dead_letters (
    seq INTEGER PRIMARY KEY, queue INTEGER NOT NULL, id TEXT NOT NULL, lane TEXT, enqueued_at INTEGER NOT NULL,
    buried_at INTEGER NOT NULL, attempted_at INTEGER NOT NULL, attempts INTEGER NOT NULL, reason TEXT NOT NULL, outcome TEXT NOT NULL,
    claim_scope INTEGER, claim_digest BLOB, claim_first_seen INTEGER, claim_until INTEGER,
    message TEXT NOT NULL
  );
  `,
];

const SCHEMA_VERSION = STEPS.length;

function damaged(file: string, why: string): StoreError {
  return new StoreError(
    'damaged',
    `${file} is damaged (${why}). Nothing was changed. Put a backup in place of the whole directory, or move the file away to start empty.`,
  );
}

/** Looks at SQLite's header (https://www.sqlite.org/fileformat.html) without opening the file, so that what is not ours stays untouched. */
function inspect(file: string): void {
  const header = Buffer.alloc(100);
  const handle = openSync(file, 'r');
  try {
    if (readSync(handle, header, 0, 100, 0) < 100) throw damaged(file, 'it is cut off');
  } finally {
    closeSync(handle);
  }
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0') throw damaged(file, 'it is not an SQLite file');
  if (header.readUInt32BE(68) !== APPLICATION_ID) {
    throw new StoreError(
      'foreign',
      `${file} is an SQLite file of another program. Nothing was changed. Name another directory for the event store.`,
    );
  }
  refuseNewer(file, header.readUInt32BE(60));
}

function refuseNewer(file: string, version: number): void {
  if (version <= SCHEMA_VERSION) return;
  throw new StoreError(
    'newer-version',
    `${file} was written by a newer Surewire (format ${version}, this one knows ${SCHEMA_VERSION}). Nothing was changed. Install that version again.`,
  );
}

/** A new file gets its name only when it is whole, so that a file cut off is never one of ours that was just beginning. */
function create(file: string, engine: EngineName): void {
  const fresh = `${file}.new`;
  // The journals of a file that was moved away after a kill: SQLite would write what they hold into the new one.
  for (const left of [fresh, `${fresh}-journal`, `${file}-wal`, `${file}-journal`]) rmSync(left, { force: true });
  rmSync(`${fresh}.lock`, { recursive: true, force: true });
  const database = openDatabase(fresh, engine);
  try {
    database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    migrate(database, 0);
    database.prepare("INSERT INTO meta VALUES ('salt', ?)").run(randomBytes(16).toString('hex'));
  } finally {
    database.close();
  }
  sync(fresh);
  renameSync(fresh, file);
  sync(path.dirname(file));
}

function sync(target: string): void {
  // A directory cannot be opened for that on Windows, which needs no such thing.
  if (process.platform === 'win32') return;
  const handle = openSync(target, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function migrate(database: Database, from: number): void {
  for (let version = from; version < SCHEMA_VERSION; version += 1) {
    database.exec(`BEGIN; ${STEPS[version]}; PRAGMA user_version = ${version + 1}; COMMIT`);
  }
}

function only(rows: Row[]): unknown {
  return Object.values(rows[0] ?? {})[0];
}

/**
 * Opens the store's file, creates it where there is none, and brings an older one up to date.
 * @throws StoreError `damaged`, `foreign`, `newer-version`; the file is then as it was
 */
export function openFile(file: string, engine: EngineName): Database {
  if (existsSync(file)) inspect(file);
  else create(file, engine);
  const database = openDatabase(file, engine);
  try {
    // Exclusive before the first read: the WebAssembly engine has no shared memory, and then needs none.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    // A longer journal is copied into the file less often: what was written and deleted in between never is.
    database.exec('PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY');
    const check = only(database.prepare('PRAGMA quick_check(1)').all());
    if (check !== 'ok') throw damaged(file, String(check));
    const version = Number(only(database.prepare('PRAGMA user_version').all()));
    refuseNewer(file, version);
    migrate(database, version);
    return database;
  } catch (error) {
    database.close();
    throw explain(error, file);
  }
}

/** An engine's error as a StoreError; both engines give SQLite's own messages. */
export function explain(error: unknown, file: string, full = false): StoreError {
  if (error instanceof StoreError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (/malformed|not a database|corrupt/i.test(text)) return damaged(file, text);
  if (full || /is full|ENOSPC|EDQUOT/.test(text)) {
    return new StoreError('full', `the disk of ${file} is full`, { cause: error });
  }
  if (/is locked/.test(text)) return new StoreError('locked', `another program has ${file} open`, { cause: error });
  return new StoreError('io', `${file} cannot be written or read: ${text}`, { cause: error });
}
