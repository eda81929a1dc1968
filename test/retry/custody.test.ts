import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { type FlowNode, flow, type Message, type RunningNodeRed } from '../support/node-red';
import { catcher, fn, probe, retryNode, start } from './support';

const disk: FlowNode = { id: 'store', type: 'surewire-event-store', kind: 'disk', directory: 'events' };
const memory: FlowNode = { id: 'store', type: 'surewire-event-store', kind: 'memory' };
/** Tells when retry is done with its incoming message. */
const completion: FlowNode[] = [
  { id: 'complete', type: 'complete', scope: ['retry'], uncaught: false, wires: [['completed']] },
  probe('completed'),
];

describe('retry in Node-RED: who answers for a message', function () {
  this.timeout(120_000);
  let red: RunningNodeRed;
  const dirs = new Set<string>();
  const begin = async (nodes: FlowNode[], userDir?: string): Promise<void> => {
    red = await start([...nodes, ...catcher()], userDir === undefined ? {} : { userDir });
    dirs.add(red.userDir);
  };
  afterEach(async () => red?.stop({ keep: true }));
  after(() => {
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  });
  const attempts = (): number[] => red.seen('next').map((msg) => msg.retry.attempt as number);

  it('disk: the incoming message is complete once it is stored', async () => {
    await begin([disk, ...retryNode({ store: 'store', baseMs: 600_000 }), probe('next', { fail: 1 }), ...completion]);
    await red.inject('retry', { payload: 1 });
    await red.message('completed');
    await red.statusWith('retry', ({ text }) => text === '1 waiting');
    assert.equal(red.seen('succeeded').length, 0);
  });

  it('memory: only when it has succeeded, or was given up', async () => {
    await begin([
      memory,
      ...retryNode({ store: 'store', baseMs: 300, attempts: 2 }),
      probe('next', { fail: 3 }),
      ...completion,
    ]);
    await red.inject('retry', { payload: 'gives up' });
    await red.until('the first failure', () => attempts().length === 1);
    assert.equal(red.seen('completed').length, 0);
    await red.message('gave-up');
    await red.message('completed');
    await red.inject('retry', { payload: 'succeeds' });
    await red.message('succeeded');
    await red.message('completed', 2);
    assert.deepEqual(
      red.seen('completed').map(({ payload }) => payload),
      ['gives up', 'succeeds'],
    );
    assert.equal(red.seen('caught').filter(({ error }) => error.source.id === 'retry').length, 0);
  });

  it('disk: what waits and what was given up survives a restart', async () => {
    const nodes = (fail: number): FlowNode[] => [
      disk,
      ...retryNode({ store: 'store', baseMs: 2500, attempts: 2 }),
      fn('next', `if (msg.payload === 'dead' || ${fail}) throw new Error('no'); return msg;`, [['end']]),
      probe('end'),
    ];
    await begin(nodes(1));
    await red.inject('retry', { payload: 'dead', when: new Date(5), bytes: Buffer.from('ab') });
    await red.message('gave-up');
    const arrived = Date.now();
    await red.inject('retry', { payload: 'waits' });
    await red.statusWith('retry', ({ text }) => text === '1 waiting · 1 given up');
    await red.stop({ keep: true });

    await begin(nodes(0), red.userDir);
    const { payload, retry } = await red.message('succeeded');
    assert.deepEqual([payload, retry.attempt, retry.lastError], ['waits', 2, retry.lastError]);
    assert.match(retry.lastError, /no/);
    assert.ok(Math.abs(Date.parse(retry.firstAt) - arrived) < 60_000);
    const { deadLetters } = await (await fetch(`${red.url}/surewire/retry/retry/dead-letters`)).json();
    assert.deepEqual(
      deadLetters.map((letter: { message: { payload: string } }) => letter.message.payload),
      ['dead'],
    );
  });

  it('disk: kill -9 in the middle of an attempt repeats that attempt, with the next number', async () => {
    const nodes = (answer: string): FlowNode[] => [
      disk,
      ...retryNode({ store: 'store', outcome: 'wired' }),
      probe('next', { wires: [[answer]] }),
      fn('silent', 'return null;'),
    ];
    await begin(nodes('silent'));
    await red.inject('retry', { payload: 1 });
    await red.message('next');
    await red.kill();
    await begin(nodes('retry'), red.userDir);
    const { retry } = await red.message('succeeded');
    assert.equal(retry.attempt, 2);
  });

  for (const [name, store] of [
    ['private memory', ''],
    ['a memory store', 'store'],
  ] as const) {
    it(`${name}: what waits survives a deploy of other nodes, of retry itself, and of everything`, async () => {
      const nodes = (mark: number, fail: number): FlowNode[] => [
        memory,
        ...retryNode({ store, baseMs: 1500, name: mark === 2 ? 'renamed' : '' }),
        fn('next', `if (${fail}) throw new Error('no'); msg.mark = ${mark}; return msg;`, [['end']]),
        probe('end'),
      ];
      await begin(nodes(0, 1));
      await red.inject('retry', { payload: 1 });
      await red.statusWith('retry', ({ text }) => text === '1 waiting');
      await red.deploy(flow([...nodes(1, 1), ...catcher()]), 'nodes');
      await red.deploy(flow([...nodes(2, 1), ...catcher()]), 'nodes');
      if (store === '') await red.deploy(flow([...nodes(3, 0), ...catcher()]), 'full');
      else await red.deploy(flow([...nodes(3, 0), ...catcher()]), 'nodes');
      const { mark } = await red.message('end');
      assert.equal(mark, 3);
      await red.message('succeeded');
    });
  }

  it('nothing is sent after the node is closed, in the middle of a wait and of an attempt', async () => {
    const rest = [
      disk,
      probe('next', { wires: [['work']] }),
      // `under way` is held for ever at attempt 1.
      fn(
        'work',
        "if (msg.retry.attempt > 1) { node.send(msg); node.done(); } else if (msg.payload === 'waits') node.error('no', msg), node.done();",
        [['end']],
      ),
      probe('end'),
    ];
    const retry = retryNode({ store: 'store', baseMs: 3000, timeout: 0 });
    await begin([...retry, ...rest]);
    await red.inject('retry', { payload: 'waits' });
    await red.statusWith('retry', ({ text }) => text === '1 waiting');
    await red.inject('retry', { payload: 'under way' });
    await red.message('next', 2);
    await red.deploy(flow([...rest, ...catcher(), probe('gave-up'), probe('succeeded')]));
    // Beyond the wait.
    await new Promise((resolve) => setTimeout(resolve, 3500));
    assert.equal(red.seen('next').length, 2);
    assert.equal(red.seen('succeeded').length, 0);
    await red.deploy(flow([...retry, ...rest, ...catcher()]));
    await red.message('succeeded', 2);
    assert.deepEqual(
      new Map(red.seen('end').map((msg) => [msg.payload, [msg.retry.attempt, msg.retry.lastError]])),
      new Map<unknown, unknown[]>([
        ['waits', [2, 'no']],
        ['under way', [2, undefined]],
      ]),
    );
    assert.equal(red.seen('end').length, 2);
  });

  for (const [what, deploy] of [
    ['retry alone', 'nodes'],
    ['everything', 'full'],
  ] as const)
    it(`${what} is deployed anew in the middle of store writes: every message is stored or refused, none twice`, async () => {
      // Writes are gathered for so long that none of these is on the disk yet.
      const nodes = (name: string): FlowNode[] => [
        { ...disk, commitMs: 300 },
        ...retryNode({ store: 'store', name, concurrency: 1000 }),
        probe('next'),
        fn('source', 'for (let n = 0; n < 300; n += 1) node.send({ payload: n });', [['retry']]),
        ...completion,
      ];
      await begin(nodes('before'));
      await red.inject('retry', { payload: 'the store is open' });
      await red.message('succeeded');
      await red.statusWith('retry', ({ text }) => text === 'idle');
      await red.inject('source', {});
      await red.deploy(flow([...nodes('after'), ...catcher()]), deploy);
      const settled = (): Message[] => [...red.seen('succeeded'), ...red.seen('caught')];
      await red.until('301 ends', () => settled().length >= 301);
      await red.statusWith('retry', ({ text }) => text === 'idle');
      assert.deepEqual(new Set(settled().map(({ payload }) => payload)).size, 301);
      assert.equal(settled().length, 301);
    });

  it('a wall clock that is set back or ahead neither holds up nor doubles what waits', async () => {
    red = await start(
      [
        disk,
        ...retryNode({ store: 'store', baseMs: 400 }),
        fn(
          'next',
          "if (msg.retry.attempt < 3) { global.get('jump')(msg.retry.attempt === 1 ? -86400000 : 3 * 86400000); throw new Error('no'); } return msg;",
          [['end']],
        ),
        probe('end'),
      ],
      {
        preamble:
          'const now = Date.now; let offset = 0; Date.now = () => now() + offset; const jump = (ms) => { offset += ms; };',
        settings: { functionGlobalContext: '{ jump }' },
      },
    );
    dirs.add(red.userDir);
    await red.inject('retry', { payload: 1 });
    await red.message('succeeded');
    assert.equal(red.seen('end').length, 1);
  });
});
