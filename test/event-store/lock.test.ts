import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { lockDirectory } from '../../nodes/event-store/lock';
import { type Cancel, type Clock, systemClock } from '../../nodes/shared/clock';
import { need } from '../support/skip';
import { scratch } from './kinds';

const directory = scratch();
/** Waits of seconds in a hundredth of them. */
const hasty: Clock = { ...systemClock, after: (ms, callback): Cancel => systemClock.after(ms / 100, callback) };
const FREE_PID = 2 ** 22 - 1;

const lockFile = (where: string): string => path.join(where, 'store.lock');
const content = (where: string): Record<string, unknown> => JSON.parse(readFileSync(lockFile(where), 'utf8'));

describe('the lock of a directory', () => {
  let where: string;
  /** What a lock of this very process looks like. */
  let own: Record<string, unknown>;

  beforeEach(async () => {
    where = directory();
    const lock = await lockDirectory(where, 'probe', hasty);
    own = content(where);
    lock.release();
    assert.ok(!existsSync(lockFile(where)));
  });

  const lock = () => lockDirectory(where, 'mine', hasty);
  const put = (change: Record<string, unknown>): void =>
    writeFileSync(lockFile(where), JSON.stringify({ ...own, id: 'other', ...change }));
  const taken = async (): Promise<void> => {
    const held = await lock();
    assert.equal(content(where).id, 'mine');
    held.release();
  };

  it('keeps a second one out, in the same process too, and names the holder', async () => {
    const held = await lock();
    await assert.rejects(lockDirectory(where, 'second', hasty), (error: Error & { code: string }) => {
      assert.equal(error.code, 'locked');
      assert.match(error.message, new RegExp(`process ${process.pid}.*Stop it, or name another directory`));
      return true;
    });
    held.release();
    await taken();
  });

  it('of a process that is gone is taken over', async () => {
    put({ pid: FREE_PID });
    await taken();
  });

  it('of a process whose pid another one has now is taken over', async function () {
    need(this, '/proc', existsSync('/proc/self/stat'));
    put({ start: '1' });
    await taken();
  });

  it('of another boot is taken over when nobody answers', async () => {
    put({ boot: 'before' });
    await taken();
  });

  it('of another container is taken over when nobody answers', async () => {
    put({ space: 'pid:[1]' });
    await taken();
  });

  it('of another container that lives is left alone: the holder answers the knock', async () => {
    const held = await lock();
    const seen = content(where);
    writeFileSync(lockFile(where), JSON.stringify({ ...seen, space: 'pid:[1]' }));
    await assert.rejects(lockDirectory(where, 'second', hasty), { code: 'locked' });
    held.release();
    assert.ok(!existsSync(lockFile(where)));
  });

  it('that says nothing is taken over when nobody answers', async () => {
    for (const text of ['', '{', '[]', '{"pid":"x"}']) {
      writeFileSync(lockFile(where), text);
      await taken();
    }
  });

  it('of a directory that cannot be read any more harms nobody', async () => {
    const waiting: (() => void)[] = [];
    const held = await lockDirectory(where, 'mine', {
      ...systemClock,
      after: (_ms, callback) => {
        waiting.push(callback);
        return () => undefined;
      },
    });
    // As on a card that fails: neither there nor missing.
    renameSync(where, `${where}-gone`);
    symlinkSync(where, where);
    try {
      assert.throws(() => lstatSync(lockFile(where)), { code: 'ELOOP' });
      waiting.shift()?.();
      assert.equal(waiting.length, 1, 'it goes on listening');
      held.release();
    } finally {
      unlinkSync(where);
      renameSync(`${where}-gone`, where);
    }
  });

  it('is released only by its holder', async () => {
    const held = await lock();
    put({});
    held.release();
    assert.equal(content(where).id, 'other');
  });

  it('is won by one of many that take a stale one over', async () => {
    put({ pid: FREE_PID });
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) => lockDirectory(where, `racer${at}`, hasty)),
    );
    const won = results.filter((result) => result.status === 'fulfilled');
    assert.equal(won.length, 1);
    for (const result of won) result.value.release();
  });

  it('is not blocked for ever by a takeover that was killed', async () => {
    put({ pid: FREE_PID });
    const guard = `${lockFile(where)}.takeover`;
    mkdirSync(guard);
    await assert.rejects(lock(), { code: 'locked' });
    utimesSync(guard, 1, 1);
    await taken();
  });

  it('knows its own place', function () {
    need(this, '/proc', existsSync('/proc/self/ns/pid'));
    assert.equal(own.space, readlinkSync('/proc/self/ns/pid'));
    assert.match(String(own.start), /^\d+$/);
  });
});
