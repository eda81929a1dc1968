import assert from 'node:assert/strict';
import { prefixed } from '../support/flows';
import { type FlowNode, flow, type Message, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { type At, pause, type Row, rows } from './downstream-rows';
import { probe, retryNode } from './support';
import { nowhere, type Surroundings, startSurroundings } from './surroundings';

describe('retry in Node-RED: what is behind it', function () {
  this.timeout(60_000);
  const disk: FlowNode = { id: 'store', type: 'surewire-event-store', kind: 'disk', directory: 'events' };
  const stores = ['memory', 'disk'] as const;
  const keyOf = (store: string, index: number): string => `${store}-${index}-`;
  const every = stores.flatMap((store) => rows(nowhere(), '').map((_row, index) => ({ store, index })));
  let red: RunningNodeRed;
  let around: Surroundings;
  let close: (() => Promise<void>) | undefined;

  const rowOf = (store: string, index: number): Row => rows(around, keyOf(store, index))[index] as Row;
  /** The nodes of a row with a retry node of its own. */
  const nodesOf = (store: string, index: number): FlowNode[] => {
    const { nodes, wires, retry } = rowOf(store, index);
    const all = [
      ...retryNode(
        { baseMs: 30, attempts: 5, throttleMinMs: 30, store: store === 'disk' ? 'store' : '', ...retry },
        wires,
      ),
      { id: 'complete', type: 'complete', scope: ['retry'], wires: [['completed']] },
      probe('completed'),
      ...nodes,
    ];
    return prefixed(keyOf(store, index), all, new Set(all.map(({ id }) => id)));
  };
  const lettersOf = async (store: string, index: number) =>
    (await fetch(`${red.url}/surewire/retry/${keyOf(store, index)}retry/dead-letters`)).json();

  before(async () => {
    ({ around, close } = await startSurroundings());
    red = await startNodeRed({
      flows: flow([disk, ...every.flatMap(({ store, index }) => nodesOf(store, index))]),
      settings: { mqttReconnectTime: '200', socketReconnectTime: '200' },
    });
    const first = every.flatMap(({ store, index }) =>
      (rowOf(store, index).wires ?? ['next']).map((name) => keyOf(store, index) + name),
    );
    await red.command('watch', { ids: first });
  });

  after(async () => {
    await red?.stop();
    await close?.();
  });

  for (const store of stores) {
    describe(store === 'disk' ? 'with a disk store' : 'in memory', () => {
      rows(nowhere(), '').forEach(({ what }, index) => {
        it(what, async () => {
          const row = rowOf(store, index);
          const key = keyOf(store, index);
          const id = (name: string): string => key + name;
          const seen = (name: string): Message[] => red.seen(id(name));
          const attemptsAt = (name: string): number[] =>
            red.seen(`at ${id(name)}`).flatMap(({ retry }) => (retry ? [retry.attempt as number] : []));
          const ended = (): number => seen('succeeded').length + seen('gave-up').length;
          const at: At = {
            red,
            key,
            id,
            seen,
            async open(attempt) {
              await red.until(`attempt ${attempt}`, () => attemptsAt('next').includes(attempt));
              await pause(250);
              assert.equal(ended(), 0, 'it is still under way');
              assert.equal(seen('completed').length, store === 'disk' ? 1 : 0);
            },
          };
          await row.ready?.(at);
          await red.inject(id('retry'), { payload: 'x', ...row.message });
          await row.meanwhile?.(at);
          await red.until('the end', () => ended() > 0);
          await red.message(id('completed'));

          const made = attemptsAt('next');
          if (row.attempts === 'until it works') assert.ok(made.length > 1);
          const expected = row.attempts === 'until it works' ? made.length : row.attempts;
          const numbers = Array.from({ length: expected }, (_, n) => n + 1);
          for (const name of row.wires ?? ['next']) assert.deepEqual(attemptsAt(name), numbers, name);

          const end = row.gaveUp ? 'gave-up' : 'succeeded';
          const [message] = seen(end) as [Message];
          assert.ok(message, `${end}, and nothing else`);
          const { payload, retry, deadLetter } = message;
          const said = row.gaveUp ? deadLetter.lastDeliveryOutcome : retry.lastError;
          assert.deepEqual(payload, row.message?.payload ?? 'x');
          if (row.error) assert.match(said, row.error);
          else assert.equal(said, undefined);
          const { deadLetters } = await lettersOf(store, index);
          if (row.gaveUp) {
            assert.deepEqual([deadLetter.deadLetterReason, deadLetter.deliveryAttempts], [row.gaveUp, expected]);
            assert.deepEqual([deadLetters.length, deadLetters[0]?.deadLetterReason], [1, row.gaveUp]);
          } else {
            assert.equal(retry.attempt, expected);
            assert.deepEqual(deadLetters, []);
          }

          // In memory the incoming message is complete after the end, on disk before the first attempt.
          const labels = new Map([
            [`at ${id('next')}`, 'attempt'],
            [id(end), 'end'],
            [id('completed'), 'completed'],
          ]);
          const order = red.messages.flatMap(({ probe: name, msg }) =>
            labels.get(name) === 'attempt' && !msg.retry ? [] : (labels.get(name) ?? []),
          );
          const way = [...numbers.map(() => 'attempt'), 'end'];
          assert.deepEqual(order, store === 'disk' ? ['completed', ...way] : [...way, 'completed']);
          await row.also?.(at);

          if (!row.silent) return;
          await red.statusWith(id('retry'), ({ text }) => text?.endsWith(`no completion from ${id('next')}`) ?? false);
          await red.inject(id('retry'), { payload: 'x' });
          await red.message(id('succeeded'), 2);
          await red.until('a word in the log', () => red.log.includes(`${row.silent} "${id('next')}" does not report`));
        });
      });
    });
  }

  describe('after all of that', () => {
    it('each message had one end, no retry node holds anything, silent nodes were named once', async () => {
      for (const { store, index } of every) {
        const { what, gaveUp, silent } = rowOf(store, index);
        const key = keyOf(store, index);
        const { waiting, inFlight, dead } = (await lettersOf(store, index)).counts;
        assert.deepEqual([waiting, inFlight, dead], [0, 0, gaveUp ? 1 : 0], `${store}: ${what}`);
        const messages = silent ? 2 : 1;
        for (const [name, count] of [
          ['succeeded', gaveUp ? 0 : messages],
          ['gave-up', gaveUp ? messages : 0],
          ['completed', messages],
        ] as const)
          assert.equal(red.seen(key + name).length, count, `${store}: ${what}: ${name}`);
      }
      const silent = every.filter(({ store, index }) => rowOf(store, index).silent).length;
      assert.equal(red.log.split('does not report').length - 1, silent);
    });
  });
});
