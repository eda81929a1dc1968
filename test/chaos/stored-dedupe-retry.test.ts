import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDiskStore } from '../../nodes/event-store/disk';
import { dueClock } from '../../nodes/shared/clock';
import { openAuth } from '../support/flows';
import { sendJson } from '../support/http';
import { type FlowNode, flow, type RunningNodeRed, startNodeRed } from '../support/node-red';

const FAILS_TWICE = "if (msg.retry.attempt <= 2) throw new Error('not yet'); return msg;";
/** Keeps the message for ever, as a flow does that is at work when the power goes. */
const hangs = (when: string, otherwise: string): string =>
  `if (${when}) { if (false) node.done(); return; } ${otherwise}`;

interface Setup {
  /** Where the retry node keeps what it holds: with the others on disk, or in memory. */
  retryStore: 'disk' | 'memory';
  /** What stands between webhook in and dedupe. */
  gate?: string;
  work?: string;
  hook?: Record<string, unknown>;
  baseMs?: number;
}

const fn = (id: string, func: string, next: string): FlowNode => ({
  id,
  type: 'function',
  func,
  outputs: 1,
  libs: [],
  wires: [[next]],
});
const ledger = (mark: string, next: string[], kill?: string): FlowNode => ({
  id: mark,
  type: 'test-ledger',
  file: 'ledger',
  mark,
  ...(kill && { kill }),
  wires: [next],
});

const nodes = ({ retryStore, gate = 'return msg;', work = FAILS_TWICE, hook, baseMs = 100 }: Setup): FlowNode[] => [
  openAuth,
  { id: 'store', type: 'surewire-event-store', kind: 'disk', directory: 'events' },
  {
    id: 'hook',
    type: 'surewire-webhook-in',
    path: '/orders',
    auth: 'open',
    answer: 'stored',
    store: 'store',
    eventId: '{/id}',
    redeliveryBaseMs: 100,
    ...hook,
    wires: [['handed'], ['refused']],
  },
  ledger('handed', ['gate']),
  fn('gate', gate, 'dedupe'),
  { id: 'dedupe', type: 'surewire-dedupe', store: 'store', confirm: 'success', wires: [['claimed'], ['duplicate']] },
  ledger('claimed', ['retry'], 'kill-after-claim'),
  {
    id: 'retry',
    type: 'surewire-retry',
    ...(retryStore === 'disk' && { store: 'store' }),
    strategy: 'fixed',
    baseMs,
    jitter: 0,
    wires: [['attempt'], ['gave-up'], []],
  },
  ledger('attempt', ['work']),
  fn('work', work, 'success'),
  ledger('success', [], 'kill-after-success'),
  { id: 'taken', type: 'complete', scope: ['retry'], wires: [['custody']] },
  ledger('custody', [], 'kill-after-custody'),
  ...['duplicate', 'refused', 'gave-up'].map((id) => ({ id, type: 'test-probe', wires: [[]] })),
];

describe('chaos: stored -> dedupe (success) -> retry -> a flow that fails twice, then works', function () {
  this.timeout(120_000);
  let userDir: string;
  let red: RunningNodeRed | undefined;
  beforeEach(() => {
    userDir = mkdtempSync(path.join(tmpdir(), 'surewire-test-'));
  });
  afterEach(async () => {
    await red?.stop({ keep: true });
    rmSync(userDir, { recursive: true, force: true, maxRetries: 3 });
  });

  const begin = async (setup: Setup): Promise<RunningNodeRed> => {
    red = await startNodeRed({ flows: flow(nodes(setup)), userDir, settings: { disableEditor: 'true' } });
    return red;
  };
  /** What the ledger holds, without the marks of claim and custody: `<mark> <id> <attempt> <again>`. */
  const lines = (id = 'order-1'): string[] =>
    readFileSync(path.join(userDir, 'ledger'), 'utf8')
      .split('\n')
      .filter((line) => line.split(' ')[1] === id && !/^(claimed|custody)/.test(line))
      .map((line) => line.replace(` ${id}`, ''));
  const post = async ({ port }: RunningNodeRed, id = 'order-1', more: object = {}): Promise<void> => {
    assert.equal((await sendJson(port, '/orders', { id, ...more })).status, 202);
  };
  const line = (running: RunningNodeRed, text: string, id?: string): Promise<unknown> =>
    running.until(`"${text}", now ${lines(id).join('; ')}`, () => lines(id).includes(text));

  /** Waits until nobody holds anything, ends Node-RED, and looks at what is left in the store. */
  async function settled(running: RunningNodeRed, ids = ['order-1']): Promise<void> {
    for (let busy = true; busy; ) {
      const answers = await Promise.all(
        ['webhook-in/hook', 'retry/retry'].map(async (node) =>
          (await fetch(`${running.url}/surewire/${node}/dead-letters`)).json(),
        ),
      );
      const [hook, retry] = answers.map(({ counts }) => counts as Record<string, number>);
      busy = [hook?.waiting, hook?.atWork, retry?.waiting, retry?.inFlight].some((count) => count !== 0);
    }
    assert.deepEqual([running.seen('refused'), running.seen('gave-up')], [[], []]);
    await running.stop({ keep: true });
    const store = createDiskStore({ directory: path.join(userDir, 'events'), clock: dueClock });
    try {
      for (const queue of ['webhook-in:hook', 'retry/retry'])
        assert.deepEqual(await store.counts(queue), { waiting: 0, leased: 0, dead: 0 }, queue);
      const look = { leaseMs: 1000, windowMs: 1000 };
      for (const id of ids) {
        assert.equal((await store.claim('webhook-in:hook', JSON.stringify(['', id]), look)).state, 'done');
        assert.equal((await store.claim('dedupe/node/dedupe', id, look)).state, 'done');
      }
    } finally {
      await store.close();
    }
  }

  for (const retryStore of ['memory', 'disk'] as const) {
    /** The attempt that follows one that a kill cut short: on disk the count goes on, in memory all begins again. */
    const afterKill = (onDisk: string[], inMemory: string[]): string[] =>
      retryStore === 'disk' ? onDisk : ['handed - again', ...inMemory];
    const round = ['attempt 1', 'attempt 2', 'attempt 3', 'success 3'];
    const plain = (marks: string[]): string[] => marks.map((mark) => (mark.startsWith('handed') ? mark : `${mark} -`));
    const again = (marks: string[]): string[] =>
      marks.map((mark) => (mark.startsWith('handed') ? mark : `${mark} again`));

    describe(`retry in ${retryStore === 'disk' ? 'a disk store' : 'memory'}`, () => {
      it('one success; webhook in does not hand it on again, dedupe does not let the key go', async () => {
        const running = await begin({ retryStore, baseMs: 400 });
        await post(running);
        await line(running, 'attempt 1 -');
        // The key while the retry node waits: with custody the event counts as handled, else it is at work.
        await running.inject('dedupe', { event: { id: 'order-1' } });
        const held = await running.message('duplicate');
        assert.equal(held.duplicate.state, retryStore === 'disk' ? 'done' : 'pending');
        await line(running, 'success 3 -');
        await post(running);
        await settled(running);
        assert.deepEqual(lines(), ['handed - -', ...plain(round)]);
        assert.equal(running.seen('duplicate').length, 1);
      });

      it('kill -9 while it is stored but not handed on: one success', async () => {
        const hook = { maxInFlight: 1 };
        const first = await begin({ retryStore, hook, gate: hangs('msg.payload.blocks', 'return msg;') });
        await post(first, 'order-0', { blocks: true });
        await line(first, 'handed - -', 'order-0');
        await post(first);
        await first.kill();
        assert.deepEqual(lines(), []);
        const second = await begin({ retryStore, hook });
        await line(second, 'success 3 -');
        await settled(second, ['order-0', 'order-1']);
        assert.deepEqual(lines(), ['handed - -', ...plain(round)]);
        assert.deepEqual(lines('order-0'), ['handed - -', 'handed - again', ...again(round)]);
      });

      it('kill -9 when dedupe has claimed the key, before retry has the event: one success', async () => {
        writeFileSync(path.join(userDir, 'kill-after-claim'), '');
        const first = await begin({ retryStore });
        const killed = once(first.child, 'exit');
        await post(first);
        await killed;
        assert.deepEqual(lines(), ['handed - -']);
        const second = await begin({ retryStore });
        await second.until('a success', () => lines().some((text) => text.startsWith('success')));
        await settled(second);
        assert.deepEqual(lines(), ['handed - -', 'handed - again', ...again(round)]);
        assert.deepEqual(second.seen('duplicate'), []);
      });

      it('kill -9 while retry waits: one success', async () => {
        const first = await begin({ retryStore, baseMs: 1500 });
        await post(first);
        await first.statusWith('retry', ({ text }) => text?.startsWith('1 waiting') ?? false);
        await first.kill();
        assert.deepEqual(lines(), ['handed - -', 'attempt 1 -']);
        const second = await begin({ retryStore });
        await second.until('a success', () => lines().some((text) => text.startsWith('success')));
        await settled(second);
        assert.deepEqual(lines(), [
          'handed - -',
          'attempt 1 -',
          ...afterKill(plain(['attempt 2', 'attempt 3', 'success 3']), again(round)),
        ]);
      });

      it('kill -9 while an attempt is at work: one success', async () => {
        const first = await begin({ retryStore, work: hangs('msg.retry.attempt === 3', FAILS_TWICE) });
        await post(first);
        await line(first, 'attempt 3 -');
        await first.kill();
        const second = await begin({ retryStore });
        await second.until('a success', () => lines().some((text) => text.startsWith('success')));
        await settled(second);
        assert.deepEqual(lines(), [
          'handed - -',
          ...plain(['attempt 1', 'attempt 2', 'attempt 3']),
          ...afterKill(plain(['attempt 4', 'success 4']), again(round)),
        ]);
      });

      it('kill -9 after the success, before it is written down: at least once, so one repeat and no more', async () => {
        writeFileSync(path.join(userDir, 'kill-after-success'), '');
        const first = await begin({ retryStore });
        const killed = once(first.child, 'exit');
        await post(first);
        await killed;
        assert.deepEqual(lines(), ['handed - -', ...plain(round)]);
        const second = await begin({ retryStore });
        await second.until('the repeat', () => lines().filter((text) => text.startsWith('success')).length === 2);
        await settled(second);
        assert.deepEqual(lines(), [
          'handed - -',
          ...plain(round),
          ...afterKill(plain(['attempt 4', 'success 4']), again(round)),
        ]);
      });
    });
  }

  it('webhook in alone is deployed anew while the flow is at work, which then fails: the event is not lost', async () => {
    const setup = { retryStore: 'memory' as const, hook: { redeliveries: 3 } };
    // A flow that takes its time, then fails the first time.
    const slow =
      "setTimeout(() => { if (flow.get('tried')) node.send(msg); else node.error('no', msg); flow.set('tried', true); node.done(); }, 1500);";
    const direct = (hook: object): FlowNode[] =>
      flow([
        ...nodes({ ...setup, hook: { ...setup.hook, ...hook } }).filter(
          ({ id }) => !['dedupe', 'claimed', 'retry', 'taken', 'custody', 'attempt', 'work'].includes(id),
        ),
        { id: 'dedupe', type: 'surewire-dedupe', store: 'store', confirm: 'success', wires: [['work'], ['duplicate']] },
        fn('work', slow, 'success'),
      ]);
    red = await startNodeRed({ flows: direct({}), userDir, settings: { disableEditor: 'true' } });
    await post(red);
    await line(red, 'handed - -');
    await red.deploy(direct({ name: 'another' }), 'nodes');
    await line(red, 'handed - again');
    await red.until('a success', () => lines().some((text) => text.startsWith('success')));
    assert.deepEqual(lines(), ['handed - -', 'handed - again', 'success - again']);
    const url = `${red.url}/surewire/webhook-in/hook/dead-letters`;
    for (let busy = true; busy; ) {
      const { counts, deadLetters } = await (await fetch(url)).json();
      assert.deepEqual(deadLetters, []);
      busy = counts.waiting + counts.atWork > 0;
    }
    assert.deepEqual(red.seen('duplicate'), []);
  });

  it('kill -9 just when retry has taken the event over: it may have it a second time, never less than once', async () => {
    // Two nodes, two commits: between the one that puts the event into the retry node's queue and the one by which dedupe
    // confirms its key, the event is in both.
    writeFileSync(path.join(userDir, 'kill-after-custody'), '');
    const first = await begin({ retryStore: 'disk' });
    const killed = once(first.child, 'exit');
    await post(first);
    await killed;
    const second = await begin({ retryStore: 'disk' });
    await second.until('a success', () => lines().some((text) => text.startsWith('success')));
    await settled(second);
    const handed = lines().filter((text) => text.startsWith('handed'));
    const successes = lines().filter((text) => text.startsWith('success'));
    assert.ok(successes.length <= handed.length && handed.length <= 2, lines().join('; '));
  });
});
