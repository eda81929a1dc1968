import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defaultEngine, type EngineName } from '../../nodes/event-store/sqlite';
import type { Row } from './row';

type Numbers = Record<string, number>;

/** Runs one measurement of store-work.ts in a process of its own. */
async function measure(what: string, engine: EngineName, directory: string): Promise<Numbers> {
  const child = fork(path.join(__dirname, 'store-work.js'), [what, engine, directory], { execArgv: ['--expose-gc'] });
  let numbers: Numbers | undefined;
  child.on('message', (message) => {
    numbers = message as Numbers;
  });
  const [code] = (await once(child, 'exit')) as [number];
  if (!numbers) throw new Error(`${what} with ${engine} ended with ${code}`);
  return numbers;
}

async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(path.join(tmpdir(), 'surewire-bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The middle of three runs, each in a directory of its own, by the number named. */
async function median(what: string, engine: EngineName, by: string): Promise<Numbers> {
  const runs: Numbers[] = [];
  for (let run = 0; run < 3; run += 1) runs.push(await inDirectory((directory) => measure(what, engine, directory)));
  return runs.sort((a, b) => (a[by] ?? 0) - (b[by] ?? 0))[1] ?? {};
}

const atLeast = (scenario: string, value: number, unit: string, target: number): Row => ({
  scenario,
  value,
  unit,
  target: `at least ${target.toLocaleString('en-US')}`,
  met: value >= target,
});

const atMost = (scenario: string, value: number, unit: string, target: number, note?: string): Row => ({
  scenario,
  value,
  unit,
  target: `at most ${target.toLocaleString('en-US')}`,
  met: value <= target,
  ...(note === undefined ? {} : { note }),
});

async function rowsOf(engine: EngineName): Promise<Row[]> {
  const name = engine === 'node' ? 'node:sqlite' : 'node-sqlite3-wasm';
  const claims = await median('claims', engine, 'perSecond');
  const events = await median('events', engine, 'perSecond');
  const small = await median('small', engine, 'added');
  const { fill, reopen } = await inDirectory(async (directory) => ({
    fill: await measure('fill', engine, directory),
    reopen: await measure('reopen', engine, directory),
  }));
  const rows = [
    atLeast(`${name}: claims, 1,000 in flight`, claims.perSecond ?? 0, '/s', engine === 'node' ? 60_000 : 30_000),
    atMost(`${name}: written to the disk per claim`, claims.bytes ?? Number.NaN, 'bytes', 400),
    atLeast(`${name}: 1 KB enqueue + acknowledge, 1,000 in flight`, events.perSecond ?? 0, '/s', 20_000),
    atMost(`${name}: opening 1,000,000 keys`, reopen.ms ?? 0, 'ms', 3000, `${reopen.count} keys found`),
    atMost(`${name}: resident, 1,000,000 keys claimed`, fill.resident ?? 0, 'MB', 250),
    atMost(`${name}: resident, 1,000,000 keys opened`, reopen.resident ?? 0, 'MB', 250),
    atMost(`${name}: added by an open, small store`, small.added ?? 0, 'MB', 50),
  ];
  // Syncs of the other engine are out of JavaScript's reach; what is measured is this thread, which is the same for both.
  if (engine === 'wasm') {
    const hold = await median('hold', engine, 'ms');
    const note = `${Math.round(hold.perSecond ?? 0).toLocaleString('en-US')} events/s; a timer was late by ${Math.round(hold.late ?? 0)} ms at most, other processes included`;
    rows.push(atMost('event loop held at most, syncs 20 ms slower', hold.ms ?? 0, 'ms', 20, note));
  }
  return rows;
}

/** The event store's speed, memory and wear, with every engine of this runtime. */
export async function run(): Promise<Row[]> {
  const engines: EngineName[] = defaultEngine() === 'node' ? ['node', 'wasm'] : ['wasm'];
  const rows: Row[] = [];
  for (const engine of engines) rows.push(...(await rowsOf(engine)));
  return rows;
}
