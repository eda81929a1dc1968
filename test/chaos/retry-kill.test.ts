import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { httpRequest, probe, type Receiver, receiver, retryNode, start } from '../retry/support';
import type { FlowNode, RunningNodeRed } from '../support/node-red';

const EVENTS = 500;
const KILLS = 20;
const CONCURRENCY = 8;

/** The same failures in every run, so that a run that goes wrong can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('chaos: retry', function () {
  this.timeout(400_000);
  let server: Receiver;
  let red: RunningNodeRed | undefined;
  after(async () => {
    await red?.stop();
    await server?.close();
  });

  it(`kill -9 ${KILLS} times while ${EVENTS} events are retried against a server that fails 30 %`, async () => {
    const random = seeded(7);
    /** Each event with the run (between two kills) in which it was last accepted. */
    const accepted = new Map<string, number>();
    /** How many of the events accepted in a run were accepted again, because the kill at its end kept that from being written down. */
    const repeats: number[] = Array.from({ length: KILLS + 1 }, () => 0);
    let run = 0;
    let hits = 0;
    server = await receiver((_request, response, body) => {
      hits += 1;
      const fails = random() < 0.3;
      // Slow enough that a kill always finds attempts under way.
      setTimeout(() => {
        if (!fails) {
          const before = accepted.get(body);
          if (before !== undefined) repeats[before] = (repeats[before] ?? 0) + 1;
          accepted.set(body, run);
        }
        response.statusCode = fails ? 503 : 200;
        response.end();
      }, 5);
    });
    const store: FlowNode = { id: 'store', type: 'surewire-event-store', kind: 'disk', directory: 'events' };
    const options = {
      store: 'store',
      baseMs: 20,
      jitter: 0.2,
      attempts: 100,
      concurrency: CONCURRENCY,
      commands: true,
    };
    const nodes = [store, ...retryNode(options), httpRequest('next', server.url), probe('failed')];
    red = await start(nodes);
    const { userDir } = red;
    await red.inject('retry', { command: 'pause' });
    for (let n = 0; n < EVENTS; n += 1) await red.inject('retry', { payload: `event ${n}` });
    await red.statusWith('retry', ({ text }) => text?.includes(`${EVENTS} waiting`) ?? false, 60_000);
    await red.inject('retry', { command: 'resume' });

    for (run = 0; run < KILLS; ) {
      const target = hits + 5 + Math.floor(random() * 30);
      await red.until('attempts', () => hits >= target || accepted.size === EVENTS, 60_000);
      await red.kill();
      // What was sent before the kill may still be answered by the server.
      await new Promise((resolve) => setTimeout(resolve, 50));
      run += 1;
      red = await start(nodes, { userDir });
    }
    await red.until('every event', () => accepted.size === EVENTS, 120_000);
    await red.statusWith('retry', ({ text }) => text === 'idle', 60_000);

    assert.equal(accepted.size, EVENTS, 'lost');
    assert.ok(Math.max(...repeats) <= CONCURRENCY, `repeats after each kill: ${repeats.join()}`);
    assert.equal(repeats[KILLS], 0, 'no repeat without a kill');
    const { deadLetters } = await (await fetch(`${red.url}/surewire/retry/retry/dead-letters`)).json();
    assert.deepEqual(deadLetters, []);
    const sum = repeats.reduce((total, n) => total + n, 0);
    console.log(`      ${hits} attempts for ${EVENTS} events, ${sum} repeats after ${KILLS} kills`);
    rmSync(userDir, { recursive: true, force: true, maxRetries: 3 });
  });
});
