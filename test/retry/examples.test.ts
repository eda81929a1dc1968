import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type FlowNode, freePort, type Message, type RunningNodeRed, root, startNodeRed } from '../support/node-red';

/** An example as imported, at this port, with a probe in the place of each debug node. */
function example(file: string, port: number): FlowNode[] {
  const text = readFileSync(path.join(root, 'examples', file), 'utf8').replaceAll(
    '127.0.0.1:1880',
    `127.0.0.1:${port}`,
  );
  return (JSON.parse(text) as FlowNode[]).map((node) =>
    node.type === 'debug' ? { ...node, type: 'test-probe', wires: [[]] } : node,
  );
}

describe('retry: examples', function () {
  this.timeout(60_000);
  let red: RunningNodeRed;
  let flows: FlowNode[][];
  const press = async (name: string): Promise<void> => {
    const button = flows.flat().find((node) => node.name === name);
    const answer = await fetch(`${red.url}/inject/${button?.id}`, { method: 'POST' });
    assert.equal(answer.status, 200, name);
  };
  const retryOf = (nodes: FlowNode[]): string => String(nodes.find(({ type }) => type === 'surewire-retry')?.id);

  before(async () => {
    const port = await freePort();
    flows = ['30-retry-a-flaky-api.json', '31-dead-letters-and-replay.json', '32-in-order-per-device.json'].map(
      (file) => example(file, port),
    );
    red = await startNodeRed({ flows: flows.flat(), port });
  });
  after(async () => red?.stop());
  beforeEach(() => {
    red.messages.length = 0;
  });

  it('each has a group with all its nodes and a comment that says what to do and what to see', () => {
    for (const nodes of flows) {
      const group = nodes.find((node) => node.type === 'group');
      const members = nodes.filter((node) => node.g === group?.id).map((node) => node.id);
      assert.deepEqual(members.sort(), (group?.nodes as string[] | undefined)?.toSorted());
      assert.match(String(nodes.find((node) => node.type === 'comment')?.info), /What to do[\s\S]*What you should see/);
    }
  });

  it('retry a flaky API', async () => {
    await press('a reading');
    const { retry } = await red.message('delivered');
    assert.equal(retry.attempt, 3);
    assert.equal((await red.message('answer of the API')).payload, 'thank you');
    assert.equal(red.seen('gave up').length, 0);
  });

  it('dead letters and replay', async () => {
    const [, nodes] = flows as [FlowNode[], FlowNode[], FlowNode[]];
    await press('1 API goes down');
    await press('2 three readings');
    await red.message('given up', 3);
    await red.statusWith(retryOf(nodes), ({ text }) => text === '3 given up');
    await press('3 list');
    const list = (await red.message('given up', 4)).payload as Message[];
    assert.deepEqual(
      list.map(({ message }) => message.payload.celsius).sort((a, b) => a - b),
      [20, 21, 22],
    );
    await press('4 API is back');
    await press('5 replay');
    await red.message('delivered', 3);
    await red.statusWith(retryOf(nodes), ({ text }) => text === 'idle');
    await press('1 API goes down');
    await press('2 three readings');
    await red.message('given up', 7);
    await press('or: purge');
    await red.statusWith(retryOf(nodes), ({ text }) => text === 'idle');
  });

  it('in order per device', async () => {
    await press('six events');
    await red.message('handled', 6);
    const order = red.seen('handled').map(({ payload }) => payload);
    assert.deepEqual(order, ['window 1', 'window 2', 'window 3', 'door 1', 'door 2', 'door 3']);
  });
});
