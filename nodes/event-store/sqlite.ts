import { setFlagsFromString } from 'node:v8';

/** What SQLite stores in a column. */
export type Value = string | number | Uint8Array | null;
export type Row = Record<string, Value>;

export interface Statement {
  run(...values: Value[]): void;
  /** All rows: a cursor left open would hold the file's read lock. */
  all(...values: Value[]): Row[];
}

/** The little that the store needs of an SQLite engine. */
export interface Database {
  exec(sql: string): void;
  /** Lives as long as the database. */
  prepare(sql: string): Statement;
  close(): void;
}

/** `node` is built into the runtime (Node >= 22.13 without a flag); `wasm` is node-sqlite3-wasm, which runs anywhere. */
export type EngineName = 'node' | 'wasm';

/** What this package uses of node:sqlite; its types are not in @types/node 20. */
interface NodeSqlite {
  DatabaseSync: new (
    file: string,
  ) => {
    exec(sql: string): void;
    prepare(sql: string): { run(...values: Value[]): unknown; all(...values: Value[]): unknown[] };
    close(): void;
  };
}

/** node:sqlite where the runtime has it, without the warning it prints on being loaded. */
function nodeSqlite(): NodeSqlite | undefined {
  if (typeof process.getBuiltinModule !== 'function') return undefined;
  const emitWarning: unknown = Reflect.get(process, 'emitWarning');
  // The warning is about SQLite's interface; what is used of it here is covered by tests on both engines.
  process.emitWarning = () => undefined;
  try {
    return process.getBuiltinModule('node:sqlite') as NodeSqlite | undefined;
  } finally {
    Reflect.set(process, 'emitWarning', emitWarning);
  }
}

/** The engine that a store uses on this runtime unless told otherwise. */
export function defaultEngine(): EngineName {
  return nodeSqlite() ? 'node' : 'wasm';
}

function openNode(file: string): Database {
  const sqlite = nodeSqlite();
  if (!sqlite) throw new Error('this Node.js has no node:sqlite');
  const database = new sqlite.DatabaseSync(file);
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run: (...values) => void statement.run(...values),
        all: (...values) => statement.all(...values) as Row[],
      };
    },
    close: () => database.close(),
  };
}

/**
 * V8 compiles WebAssembly that has run for about this many bytes again, optimised: with its own limit the first few statements set that
 * off and it takes 25 MB for good, on a small machine for nothing. A busy store reaches this one within a second. Each module takes
 * the limit that holds when it is loaded, so that putting V8's own back leaves every other module alone.
 */
const OPTIMISE_AFTER = 200_000_000;
const V8_DEFAULT = 1_800_000;

function loadWasm(): typeof import('node-sqlite3-wasm') {
  setFlagsFromString(`--wasm-tiering-budget=${OPTIMISE_AFTER}`);
  try {
    return require('node-sqlite3-wasm') as typeof import('node-sqlite3-wasm');
  } finally {
    setFlagsFromString(`--wasm-tiering-budget=${V8_DEFAULT}`);
  }
}

function openWasm(file: string): Database {
  const wasm = loadWasm();
  const database = new wasm.Database(file);
  const statements: { finalize(): void }[] = [];
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      statements.push(statement);
      return { run: (...values) => void statement.run(values), all: (...values) => statement.all(values) as Row[] };
    },
    close: () => {
      // A statement that is not finalized keeps the file open, and its lock directory there.
      for (const statement of statements) statement.finalize();
      database.close();
    },
  };
}

/** Opens (or creates) a database file. */
export function openDatabase(file: string, engine: EngineName): Database {
  return engine === 'node' ? openNode(file) : openWasm(file);
}
