import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Clock } from '../shared/clock';
import { StoreError } from './store';

/** Who holds a directory. Pids are used again, after a restart of a container often at once: the time of the start tells them apart. */
interface Holder {
  pid: number;
  /** The process's start in ticks since boot; '' where the system does not tell. */
  start: string;
  /** Which boot of which machine; pids mean nothing beyond it. */
  boot: string;
  /** The space of pids (a container has its own); '' where the system does not tell. */
  space: string;
  /** This very lock. */
  id: string;
}

export interface DirectoryLock {
  release(): void;
}

/** How often a holder looks for a knock, and how long a stranger waits for the answer. */
const LISTEN_MS = 1000;
const KNOCK_MS = 4000;
/** A takeover lasts milliseconds; one that was killed in the middle must not block for ever. */
const TAKEOVER_STALE_MS = 10_000;

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Field 22 of /proc/<pid>/stat, counted behind the name, which may hold anything. */
function startOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** Where the system has no name for it, the time of the boot, roughly: where that is off, the knock decides. */
function bootId(now: number): string {
  const known = read('/proc/sys/kernel/random/boot_id')?.trim();
  return known ?? `${os.hostname()} ${Math.round((now - os.uptime() * 1000) / 600_000)}`;
}

function pidSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function parse(text: string | undefined): Holder | undefined {
  try {
    const value = JSON.parse(text ?? '') as Partial<Holder>;
    return typeof value.pid === 'number' && typeof value.id === 'string'
      ? ({ start: '', boot: '', space: '', ...value } as Holder)
      : undefined;
  } catch {
    return undefined;
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether the holder lives; undefined where that cannot be seen from here (another container, or another boot or machine). */
function lives(holder: Holder, self: Holder): boolean | undefined {
  if (holder.boot !== self.boot || holder.space !== self.space) return undefined;
  if (!runs(holder.pid)) return false;
  const start = startOf(holder.pid);
  return start === '' || holder.start === '' || start === holder.start;
}

/** Creates the lock with its whole content at once, or not at all. */
function create(file: string, holder: Holder): boolean {
  const draft = `${file}.${holder.id}`;
  writeFileSync(draft, JSON.stringify(holder), { flush: true });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // A file system without links (FAT): exclusive creation, which is atomic too but may be seen empty for a moment.
    try {
      writeFileSync(file, JSON.stringify(holder), { flag: 'wx', flush: true });
      return true;
    } catch (second) {
      if ((second as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw second;
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Replaces a lock seen as stale, unless somebody else has done so meanwhile. */
function replace(file: string, seen: string | undefined, holder: Holder, now: number): boolean {
  const guard = `${file}.takeover`;
  try {
    mkdirSync(guard);
  } catch {
    if (existsSync(guard) && now - statSync(guard).mtimeMs > TAKEOVER_STALE_MS) rmdirSync(guard);
    return false;
  }
  try {
    if (read(file) !== seen) return false;
    const draft = `${file}.${holder.id}`;
    writeFileSync(draft, JSON.stringify(holder), { flush: true });
    renameSync(draft, file);
    return true;
  } finally {
    rmdirSync(guard);
  }
}

/** Asks whoever holds the directory to answer; a holder that is alive takes the knock away. */
async function answersKnock(file: string, id: string, clock: Clock): Promise<boolean> {
  const knock = `${file}.knock`;
  writeFileSync(knock, id);
  await new Promise<void>((resolve) => clock.after(KNOCK_MS, resolve));
  const answered = read(knock) === undefined;
  rmSync(knock, { force: true });
  return answered;
}

/** A card that fails or a directory that was taken away is the store's trouble; it must not end the process. */
function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // What stays of a process that has ended is taken over.
  }
}

function listen(file: string, clock: Clock): () => void {
  let stop = clock.after(LISTEN_MS, look);
  function look(): void {
    remove(`${file}.knock`);
    stop = clock.after(LISTEN_MS, look);
  }
  return () => stop();
}

/**
 * Takes a directory for this process. The lock of a process that was killed is taken over; that of a live one is not.
 * @param id a text that no other lock has
 * @param waiting the clock for the knock: a real one
 * @throws StoreError `locked`
 */
export async function lockDirectory(directory: string, id: string, waiting: Clock): Promise<DirectoryLock> {
  const file = path.join(directory, 'store.lock');
  const self: Holder = {
    pid: process.pid,
    start: startOf(process.pid),
    boot: bootId(waiting.now()),
    space: pidSpace(),
    id,
  };
  for (let attempt = 0; attempt < 5; attempt += 1) {
    if (create(file, self)) return held(file, self, waiting);
    const text = read(file);
    const holder = parse(text);
    const alive = holder ? lives(holder, self) : undefined;
    if (alive ?? (await answersKnock(file, id, waiting))) {
      const who = holder ? ` (process ${holder.pid})` : '';
      throw new StoreError(
        'locked',
        `another Node-RED${who} uses the directory ${directory}. Stop it, or name another directory.`,
      );
    }
    if (replace(file, text, self, waiting.now())) return held(file, self, waiting);
  }
  throw new StoreError('locked', `the directory ${directory} is being taken by another Node-RED.`);
}

function held(file: string, self: Holder, clock: Clock): DirectoryLock {
  const stop = listen(file, clock);
  return {
    release: () => {
      stop();
      if (parse(read(file))?.id === self.id) remove(file);
    },
  };
}
