import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type FlowNode, type RunningNodeRed, root, startNodeRed } from '../support/node-red';

/** An example as imported, with a probe in the place of each debug node. */
function example(file: string): FlowNode[] {
  const nodes = JSON.parse(readFileSync(path.join(root, 'examples', file), 'utf8')) as FlowNode[];
  return nodes.map((node) => (node.type === 'debug' ? { ...node, type: 'test-probe', wires: [[]] } : node));
}

describe('dedupe: examples', () => {
  let red: RunningNodeRed;
  const drop = example('20-drop-duplicates.json');
  const once = example('21-handle-once-although-it-fails.json');
  const press = async (nodes: FlowNode[], name: string): Promise<void> => {
    const button = nodes.find((node) => node.name === name);
    const answer = await fetch(`${red.url}/inject/${button?.id}`, { method: 'POST' });
    assert.equal(answer.status, 200, name);
  };

  before(async () => {
    red = await startNodeRed({ flows: [...drop, ...once] });
  });

  after(() => red?.stop());

  it('each has a group with all its nodes and a comment that says what to do and what to see', () => {
    for (const nodes of [drop, once]) {
      const group = nodes.find((node) => node.type === 'group');
      const members = nodes.filter((node) => node.g === group?.id).map((node) => node.id);
      assert.deepEqual(members.sort(), (group?.nodes as string[] | undefined)?.toSorted());
      const comment = nodes.find((node) => node.type === 'comment');
      assert.match(String(comment?.info), /What to do[\s\S]*What you should see/);
    }
  });

  it('drop duplicate deliveries', async () => {
    for (const name of [
      'door opened, event 1',
      'door opened, event 1',
      'door closed, event 2',
      'something without an id',
      'something without an id',
    ])
      await press(drop, name);
    await red.message('first', 4);
    assert.equal((await red.message('duplicate')).duplicate.key, '/devices/door 1');
    assert.equal(red.seen('duplicate').length, 1);
  });

  it('an order is handled once although the flow fails the first time', async () => {
    const before = red.seen('duplicate').length;
    await press(once, 'order 1001');
    assert.match((await red.message('failed')).error.message, /the till is being restarted/);
    await red.message('duplicate', before + 1);
    assert.equal(red.seen('booked').length, 1);
    assert.equal((await red.message('booked')).attempt, 2);
    assert.equal((await red.message('duplicate', before + 1)).attempt, 3);
  });
});
