import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FILE_NAME } from '../../nodes/event-store/disk';
import { type FlowNode, flow, type RunningNodeRed, startNodeRed } from '../support/node-red';

/** A dedupe node on a store, with probes at both outputs. */
function flows(store: Record<string, unknown>, more: FlowNode[] = []): FlowNode[] {
  return flow([
    { id: 'store', type: 'surewire-event-store', name: 'events', ...store },
    {
      id: 'dedupe',
      type: 'surewire-dedupe',
      store: 'store',
      keyType: 'msg',
      key: 'key',
      wires: [['first'], ['again']],
    },
    { id: 'first', type: 'test-probe', name: 'first' },
    { id: 'again', type: 'test-probe', name: 'again' },
    ...more,
  ]);
}

const keys = (red: RunningNodeRed, probe: string): unknown[] => red.seen(probe).map((msg) => msg.key);

describe('event store in Node-RED', () => {
  const running: RunningNodeRed[] = [];
  const start = async (options: Parameters<typeof startNodeRed>[0]): Promise<RunningNodeRed> => {
    const red = await startNodeRed(options);
    running.push(red);
    return red;
  };

  afterEach(async () => {
    for (const red of running.splice(0)) await red.stop();
  });

  it('on disk: keys survive kill -9 and a stop, in the user directory by default', async () => {
    const first = await start({ flows: flows({ kind: 'disk' }) });
    await first.inject('dedupe', { key: 'a' });
    await first.message('first');
    await first.kill();
    const { userDir } = first;
    const second = await start({ userDir });
    await second.inject('dedupe', { key: 'a' });
    await second.inject('dedupe', { key: 'b' });
    await second.message('again');
    await second.message('first');
    assert.deepEqual([keys(second, 'first'), keys(second, 'again')], [['b'], ['a']]);
    await second.stop({ keep: true });
    const third = await start({ userDir });
    for (const key of ['a', 'b', 'c']) await third.inject('dedupe', { key });
    await third.message('again', 2);
    await third.message('first');
    assert.deepEqual([keys(third, 'first'), keys(third, 'again')], [['c'], ['a', 'b']]);
  });

  for (const [name, store] of [
    ['a store in memory', 'store'],
    ['the memory of a node alone', ''],
  ] as const) {
    it(`${name}: keys survive deploys of every kind, until their owner is gone`, async () => {
      const all = (more: FlowNode[] = []): FlowNode[] =>
        flows({}, more).map((node) => (node.id === 'dedupe' ? { ...node, store } : node));
      const owner = store || 'dedupe';
      const red = await start({ flows: all() });
      await red.inject('dedupe', { key: 'a' });
      await red.message('first');
      const other: FlowNode = { id: 'new', type: 'test-probe', name: 'new' };
      await red.deploy(all([other]), 'nodes');
      await red.deploy(all([{ ...other, name: 'newer' }]), 'flows');
      await red.deploy(all(), 'full');
      await red.inject('dedupe', { key: 'a' });
      await red.message('again');
      assert.deepEqual([keys(red, 'first'), keys(red, 'again')], [['a'], ['a']]);

      await red.deploy(all().filter(({ id }) => id !== owner));
      await red.deploy(all());
      await red.inject('dedupe', { key: 'a' });
      await red.message('first', 2);
      assert.deepEqual([keys(red, 'first'), keys(red, 'again')], [['a', 'a'], ['a']]);
    });
  }

  it('loses no operation in flight to a full deploy', async () => {
    const red = await start({ flows: flows({ kind: 'disk', commitMs: 20 }) });
    for (let at = 0; at < 3; at += 1) {
      const sent = Array.from({ length: 50 }, (_, n) => red.inject('dedupe', { key: `${at}/${n}` }));
      await Promise.all([...sent, red.deploy(flows({ kind: 'disk', commitMs: 20 }), 'full')]);
      await red.inject('dedupe', { key: `after ${at}` });
      await red.until('the message after the deploy', () => keys(red, 'first').includes(`after ${at}`));
    }
    assert.doesNotMatch(red.log, /store is closed|another Node-RED/);
    assert.equal(new Set(keys(red, 'first')).size, keys(red, 'first').length, 'none was first twice');
  });

  it('is one store for two config nodes that name one directory', async () => {
    const red = await start({
      flows: flows({ kind: 'disk', directory: 'shared' }, [
        { id: 'other', type: 'surewire-event-store', kind: 'disk', directory: './shared/../shared' },
        {
          id: 'dedupe2',
          type: 'surewire-dedupe',
          store: 'other',
          keyType: 'msg',
          key: 'key',
          namespace: 'n',
          wires: [['first'], ['again']],
        },
        {
          id: 'dedupe3',
          type: 'surewire-dedupe',
          store: 'store',
          keyType: 'msg',
          key: 'key',
          namespace: 'n',
          wires: [['first'], ['again']],
        },
      ]),
    });
    await red.inject('dedupe2', { key: 'a' });
    await red.message('first');
    await red.inject('dedupe3', { key: 'a' });
    await red.message('again');
  });

  it('says clearly when another Node-RED has the directory, and opens once that has gone', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'surewire-shared-'));
    const first = await start({ flows: flows({ kind: 'disk', directory }) });
    await first.inject('dedupe', { key: 'a' });
    await first.message('first');
    const second = await start({ flows: flows({ kind: 'disk', directory }) });
    await second.statusWith('dedupe', ({ fill, text = '' }) => fill === 'red' && text.includes('another Node-RED'));
    await second.until('the log', () => second.log.includes(`another Node-RED (process ${first.pid})`));
    await first.stop();
    await second.statusWith('dedupe', ({ fill }) => fill !== 'red', 30_000);
    await second.inject('dedupe', { key: 'a' });
    await second.message('again');
    await second.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const broken: [why: string, store: Record<string, unknown>, text: RegExp][] = [
    ['redis', { kind: 'redis' }, /redis is not available yet/],
    ['an unknown kind', { kind: 'tape' }, /kind: expected one of memory, disk/],
    ['a bad commitMs', { kind: 'disk', commitMs: 'soon' }, /commitMs: expected a number from 0/],
  ];
  for (const [why, store, text] of broken) {
    it(`${why}: a red status that says so, and errors instead of messages`, async () => {
      const red = await start({ flows: flows(store) });
      await red.statusWith('dedupe', (status) => status.fill === 'red' && text.test(status.text ?? ''));
      await red.inject('dedupe', { key: 'a' });
      await red.until('the log', () => text.test(red.log));
      assert.deepEqual(red.seen('first'), []);
    });
  }

  it('a damaged file: a red status, the file stays, and Node-RED runs on', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'surewire-damaged-'));
    writeFileSync(path.join(directory, FILE_NAME), 'x'.repeat(10_000));
    const red = await start({ flows: flows({ kind: 'disk', directory }) });
    await red.statusWith('dedupe', ({ fill, text = '' }) => fill === 'red' && text.includes('damaged'));
    await red.inject('first', { key: 'direct' });
    await red.message('first');
    await red.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('a store that is missing: a red status', async () => {
    const red = await start({ flows: flows({}).filter(({ id }) => id !== 'store') });
    await red.statusWith('dedupe', ({ fill, text = '' }) => fill === 'red' && text.includes('missing'));
  });
});
