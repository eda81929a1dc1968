import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { createDiskStore, FILE_NAME } from '../../nodes/event-store/disk';
import { openDatabase } from '../../nodes/event-store/sqlite';
import type { Store } from '../../nodes/event-store/store';
import { FakeClock } from '../support/fake-clock';
import { root } from '../support/node-red';
import { smallDisk } from '../support/small-disk';
import { eachEngine, openDisk, scratch } from './kinds';

const scratchDirectory = scratch();
const options = { leaseMs: 60_000, windowMs: 3_600_000 };
const seen = { ...options, confirmed: true };

async function state(store: Store, key: string): Promise<string> {
  return (await store.claim('s', key, options)).state;
}

eachEngine('a disk store in trouble', (engine) => {
  /** A directory with a file of ours in it. */
  async function filled(): Promise<{ directory: string; file: string }> {
    const directory = scratchDirectory();
    const store = await openDisk({ directory, engine });
    await store.enqueue('q', { id: 'a', message: { payload: 'x'.repeat(20_000) } });
    for (let at = 0; at < 200; at += 1) await store.claim('s', `k${at}`, seen);
    await store.close();
    return { directory, file: path.join(directory, FILE_NAME) };
  }

  async function refuses(directory: string, code: string, says: RegExp): Promise<void> {
    const file = path.join(directory, FILE_NAME);
    const before = readFileSync(file);
    await assert.rejects(openDisk({ directory, engine }), (error: Error & { code: string }) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.message, says);
      assert.match(error.message, /Nothing was changed/);
      return true;
    });
    assert.ok(before.equals(readFileSync(file)), 'the file is as it was');
    assert.ok(!existsSync(path.join(directory, 'store.lock')), 'the directory is free again');
  }

  const sql = (file: string, text: string): void => {
    const database = openDatabase(file, engine);
    // As the store opens it; without, the WebAssembly engine cannot read a file in WAL mode.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec(text);
    database.close();
  };

  describe('what it does not open', () => {
    const damages: [name: string, damage: (file: string) => void][] = [
      ['a file that is no database', (file) => writeFileSync(file, 'flows\n'.repeat(1000))],
      ['an empty file', (file) => truncateSync(file, 0)],
      ['a file cut off in the middle', (file) => truncateSync(file, Math.floor(statSync(file).size / 8192) * 4096)],
      [
        'a file overwritten in the middle',
        (file) => {
          const bytes = readFileSync(file);
          bytes.fill(0xa5, 4096, bytes.length - 4096);
          writeFileSync(file, bytes);
        },
      ],
    ];
    for (const [name, damage] of damages) {
      it(name, async () => {
        const { directory, file } = await filled();
        damage(file);
        await refuses(directory, 'damaged', /damaged/);
      });
    }

    it('a database of another program', async () => {
      const directory = scratchDirectory();
      sql(path.join(directory, FILE_NAME), 'CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)');
      await refuses(directory, 'foreign', /another program/);
    });

    it('a file of a newer version', async () => {
      const { directory, file } = await filled();
      sql(file, 'PRAGMA journal_mode = DELETE; PRAGMA user_version = 99');
      await refuses(directory, 'newer-version', /newer Surewire \(format 99/);
    });

    it('a directory that cannot be made', async () => {
      const directory = scratchDirectory();
      writeFileSync(path.join(directory, 'file'), '');
      await assert.rejects(openDisk({ directory: path.join(directory, 'file', 'below'), engine }), { code: 'io' });
    });
  });

  it('rejects every operation with the reason it could not be opened, and closes', async () => {
    const { directory, file } = await filled();
    truncateSync(file, 10);
    const broken = createDiskStore({ directory, engine, clock: new FakeClock() });
    const told: (string | undefined)[] = [];
    broken.onProblem((problem) => told.push(problem));
    await assert.rejects(broken.claim('s', 'k', options), { code: 'damaged' });
    await assert.rejects(broken.counts('q'), { code: 'damaged' });
    assert.match(broken.problem ?? '', /cut off/);
    assert.deepEqual(told, [broken.problem]);
    await broken.close();
  });

  it('goes on after a start that was killed while the file was being made', async () => {
    const directory = scratchDirectory();
    writeFileSync(path.join(directory, `${FILE_NAME}.new`), 'half a file');
    mkdirSync(path.join(directory, `${FILE_NAME}.new.lock`));
    mkdirSync(path.join(directory, `${FILE_NAME}.lock`));
    const store = await openDisk({ directory, engine });
    assert.equal(await state(store, 'k'), 'first');
    await store.close();
  });

  it('starts empty where the file was moved away after a kill, which leaves its journal', async () => {
    const directory = scratchDirectory();
    const killed = scratchDirectory();
    const store = await openDisk({ directory, engine });
    await store.claim('s', 'k', seen);
    copyFileSync(path.join(directory, `${FILE_NAME}-wal`), path.join(killed, `${FILE_NAME}-wal`));
    await store.close();
    const fresh = await openDisk({ directory: killed, engine });
    assert.equal(await state(fresh, 'k'), 'first');
    await fresh.close();
  });

  it('hands out no message that was tampered with, and goes on with the others', async () => {
    const directory = scratchDirectory();
    const clock = new FakeClock();
    const store = await openDisk({ directory, engine, clock });
    const texts: Record<string, string> = {
      deep: `${'['.repeat(5000)}${']'.repeat(5000)}`,
      proto: '{"payload":{"__proto__":{"admin":true}}}',
      constructor: '{"constructor":{"prototype":{"admin":true}}}',
      broken: '{"payload":',
      tag: '{"payload":{"$type":"Function","value":"1"}}',
      note: '"good"',
    };
    for (const id of Object.keys(texts)) await store.enqueue('q', { id, message: id, note: 'n' });
    await store.enqueue('q', { id: 'good', message: 'good' });
    await store.close();
    const database = openDatabase(path.join(directory, FILE_NAME), engine);
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    const change = database.prepare('UPDATE events SET message = ?, note = ? WHERE id = ?');
    for (const [id, text] of Object.entries(texts)) change.run(text, id === 'note' ? '{' : null, id);
    database.close();

    const again = await openDisk({ directory, engine, clock });
    assert.deepEqual(
      (await again.lease('q', 100)).map(({ id, message }) => [id, message]),
      [['good', 'good']],
    );
    const dead = await again.deadLetters('q', { limit: 100 });
    assert.deepEqual(
      dead.map(({ id, message, deadLetterReason }) => [id, message, deadLetterReason]),
      Object.keys(texts).map((id) => [id, id === 'note' ? 'good' : undefined, 'unreadable']),
    );
    await again.close();
  });

  it('gives the disk back what expired keys took', async function () {
    this.timeout(60_000);
    const clock = new FakeClock();
    const directory = scratchDirectory();
    const file = path.join(directory, FILE_NAME);
    const store = await openDisk({ directory, engine, clock });
    await Promise.all(Array.from({ length: 50_000 }, (_, at) => store.claim('s', `k${at}`, seen)));
    await store.close();
    const large = statSync(file).size;
    const again = await openDisk({ directory, engine, clock });
    clock.tick(3_600_000);
    // Housekeeping runs once a minute, and at once again while there is more.
    for (let at = 0; at < 40; at += 1) {
      clock.tick(60_000);
      await again.keys('s');
    }
    assert.deepEqual(await again.keys('s'), { count: 0, evicted: 0 });
    await again.close();
    assert.ok(statSync(file).size < large / 2, `${large} became ${statSync(file).size}`);
  });

  describe('a full disk', () => {
    const mount = smallDisk(`full-${engine}`, 3);

    it('rejects what does not fit, keeps what it had, and works again once there is space', async () => {
      const clock = new FakeClock();
      const store = await openDisk({ directory: path.join(mount, 'store'), engine, clock });
      await store.claim('s', 'before', seen);
      await store.enqueue('q', { id: 'before', message: 1 });
      const ballast = path.join(mount, 'ballast');
      try {
        writeFileSync(ballast, Buffer.alloc(4_000_000));
      } catch {
        // Full, as it should be.
      }
      const problems: (string | undefined)[] = [];
      store.onProblem((problem) => problems.push(problem));
      const big = 'x'.repeat(500_000);
      const failed: number[] = [];
      for (let at = 0; at < 5; at += 1) {
        await store.accept('q', { id: `e${at}`, message: big }, 's', `full${at}`, options).catch((error) => {
          assert.equal(error.code, 'full', error.message);
          failed.push(at);
        });
      }
      assert.ok(failed.includes(4), 'it became full');
      assert.match(store.problem ?? '', /full/);
      assert.equal(await state(store, 'before'), 'done');
      assert.equal(await state(store, 'full4'), 'first', 'what failed claimed nothing');

      rmSync(ballast);
      await store.enqueue('q', { id: 'e4', message: big });
      assert.equal(store.problem, undefined);
      assert.deepEqual([typeof problems[0], problems.at(-1)], ['string', undefined]);
      const expected = ['before', ...[0, 1, 2, 3].filter((at) => !failed.includes(at)).map((at) => `e${at}`), 'e4'];
      await store.close();
      const again = await openDisk({ directory: path.join(mount, 'store'), engine, clock });
      assert.deepEqual(
        (await again.lease('q', 10)).map(({ id }) => id),
        expected,
      );
      assert.equal(await state(again, 'before'), 'done');
      await again.close();
    });
  });
});

describe('a disk store with faults injected below the engine', () => {
  const faults = path.join(root, 'test', 'event-store', 'fixtures', 'faults.cjs');

  async function faulty(): Promise<{
    store: Store;
    clock: FakeClock;
    directory: string;
    fault: (what: string) => void;
  }> {
    const directory = scratchDirectory();
    const file = path.join(directory, 'fault');
    const clock = new FakeClock();
    const thread = { execArgv: ['--require', faults], env: { ...process.env, FAULT_FILE: file } };
    const store = await openDisk({ directory, engine: 'wasm', clock, thread });
    return { store, clock, directory, fault: (what) => writeFileSync(file, what) };
  }

  for (const fault of ['write', 'sync']) {
    it(`fails the operations while the disk fails to ${fault}, takes their effects back, and recovers`, async () => {
      const { store, clock, directory, fault: set } = await faulty();
      await store.claim('s', 'a', seen);
      const leased = await store.claim('s', 'leased', options);
      const one = await store.accept('q', { id: 'one', message: 1, lease: true }, 's', 'one', options);
      const two = await store.enqueue('q', { id: 'two', message: 2, lease: true, lane: 'l' });
      await store.enqueue('q', { id: 'three', message: 3, lane: 'l' });
      assert.ok(leased.state === 'first' && one.state === 'first');
      set(fault);
      const io = { name: 'StoreError', code: 'io' };
      await Promise.all([
        assert.rejects(store.claim('s', 'b', { ...seen, maxKeys: 1 }), io),
        assert.rejects(store.confirm('s', 'leased', leased.token), io),
        assert.rejects(store.acknowledge('q', 'one', one.token ?? ''), io),
        assert.rejects(store.bury('q', 'two', two.token ?? '', { reason: 'r', outcome: 'o' }), io),
        assert.rejects(store.enqueue('q', { id: 'four', message: 4 }), io),
        assert.rejects(store.enqueue('new', { id: 'five', message: 5 }), io),
        assert.rejects(store.claim('new', 'b', seen), io),
        assert.rejects(store.forget('s'), io),
      ]);
      assert.match(store.problem ?? '', /cannot be written/);
      set('');
      clock.tick(5000);
      await store.counts('q');
      assert.equal(store.problem, undefined, 'the next write found the disk well');
      assert.equal(await state(store, 'a'), 'done');
      assert.equal(await state(store, 'b'), 'first');
      assert.equal(await state(store, 'one'), 'pending');
      assert.deepEqual(await store.keys('s').then(({ evicted }) => evicted), 0);
      assert.equal(await store.confirm('s', 'leased', leased.token), true);
      assert.equal(await store.acknowledge('q', 'one', one.token ?? ''), true);
      assert.deepEqual(await store.lease('q', 10), [], 'the lane still waits for its head');
      assert.equal(await store.acknowledge('q', 'two', two.token ?? ''), true);
      assert.deepEqual(
        (await store.lease('q', 10)).map(({ id }) => id),
        ['three'],
      );
      await store.close();
      const again = await openDisk({ directory, engine: 'wasm', clock });
      for (const key of ['a', 'leased', 'one']) assert.equal(await state(again, key), 'done');
      assert.deepEqual(await again.counts('q').then(({ waiting, dead }) => [waiting, dead]), [1, 0]);
      await again.close();
    });
  }

  it('keeps in mind that the clock was set after a write that failed', async () => {
    const year = 365 * 86_400_000;
    const { store, clock, directory, fault } = await faulty();
    await store.claim('s', 'before', seen);
    fault('write');
    await assert.rejects(store.claim('s', 'failed', seen), { code: 'io' });
    fault('');
    clock.jump(year);
    await store.claim('s', 'behind', seen);
    await store.close();
    const again = await openDisk({ directory, engine: 'wasm', clock });
    for (const key of ['before', 'behind']) assert.equal(await state(again, key), 'done', key);
    await again.close();
  });

  it('rejects what was under way when its thread ends, and comes back', async () => {
    const { store, clock, fault } = await faulty();
    await store.claim('s', 'a', seen);
    const problems: (string | undefined)[] = [];
    const ended = new Promise<void>((resolve) => {
      store.onProblem((problem) => {
        problems.push(problem);
        resolve();
      });
    });
    fault('exit');
    await ended;
    fault('');
    const waiting = state(store, 'a');
    clock.tick(1000);
    assert.equal(await waiting, 'done');
    assert.match(problems[0] ?? '', /thread ended/);
    assert.equal(store.problem, undefined);
    await store.close();
  });

  it('closes after its thread has ended, and rejects what waited', async () => {
    const { store, fault } = await faulty();
    const ended = new Promise<void>((resolve) => {
      store.onProblem(() => resolve());
    });
    fault('exit');
    await ended;
    const waiting = store.counts('q');
    const rejected = assert.rejects(waiting, { code: 'closed' });
    await store.close();
    await rejected;
  });

  it('closes while its new thread finds the file damaged', async () => {
    for (const waits of [true, false]) {
      const { store, clock, directory, fault } = await faulty();
      const ended = new Promise<void>((resolve) => {
        store.onProblem(() => resolve());
      });
      fault('exit');
      await ended;
      fault('');
      writeFileSync(path.join(directory, FILE_NAME), 'x'.repeat(10_000));
      clock.tick(1000);
      const waiting = waits ? assert.rejects(store.counts('q'), { name: 'StoreError' }) : undefined;
      await store.close();
      await waiting;
    }
  });
});
