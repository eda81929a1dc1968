import assert from 'node:assert/strict';
import { type FlowNode, flow, type RunningNodeRed, startNodeRed } from '../support/node-red';

const nodes: FlowNode[] = [
  { id: 'open', type: 'surewire-webhook-auth', scheme: 'none' },
  { id: 'in', type: 'surewire-webhook-in', path: '/orders', auth: 'open', answer: 'flow', wires: [['dedupe'], []] },
  { id: 'dedupe', type: 'surewire-dedupe', confirm: 'success', wires: [['book'], ['again']] },
  { id: 'book', type: 'test-probe', fail: 1, wires: [['answer']] },
  {
    id: 'again',
    type: 'function',
    func: 'msg.statusCode = msg.duplicate.state === "pending" ? 409 : 200; msg.payload = msg.duplicate.state; return msg;',
    outputs: 1,
    wires: [['answer']],
  },
  { id: 'answer', type: 'http response', wires: [] },
];

describe('dedupe behind a webhook in that the flow answers', () => {
  let red: RunningNodeRed;

  before(async () => {
    red = await startNodeRed({ flows: flow(nodes) });
  });

  after(() => red?.stop());

  it('the sender hears of the failure, sends again, is heard, and then is a duplicate', async () => {
    const send = async (): Promise<[number, string]> => {
      const answer = await fetch(`${red.url}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents+json' },
        body: JSON.stringify({ specversion: '1.0', id: '1', source: '/shop', type: 'order', data: { n: 1 } }),
      });
      return [answer.status, await answer.text()];
    };
    assert.equal((await send())[0], 500);
    assert.deepEqual(await send(), [200, '{"n":1}']);
    assert.deepEqual(await send(), [200, 'done']);
    assert.equal(red.seen('book').length, 2);
  });
});
