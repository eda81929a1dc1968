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

function openWasm(file: string): Database {
  // Loaded on first use: 40 MB of memory.
  const wasm = require('node-sqlite3-wasm') as typeof import('node-sqlite3-wasm');
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
