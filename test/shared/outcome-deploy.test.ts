import assert from 'node:assert/strict';
import { type FlowNode, flow, type RunningNodeRed, startNodeRed } from '../support/node-red';

const tracker = (wires: string[], options = {}): FlowNode => ({
  id: 't',
  type: 'test-tracker',
  options,
  wires: [wires],
});
const holder = (code: string, wires: string[] = []): FlowNode => ({
  id: 'hold',
  type: 'function',
  func: code,
  outputs: 1,
  wires: [wires],
});
const NEVER = 'if (false) node.done();';

describe('outcome tracker and deploys', () => {
  let red: RunningNodeRed;

  before(async () => {
    red = await startNodeRed({ flows: flow([]) });
  });

  after(() => red?.stop());

  it('a node closed while it holds the message has lost it: failure', async () => {
    await red.deploy(flow([tracker(['hold']), holder(NEVER)]));
    await red.inject('t', { id: 1 });
    await red.deploy(flow([tracker(['hold']), holder(`${NEVER} // changed`)]), 'nodes');
    const outcome = await red.message('t', 1);
    assert.equal(outcome.kind, 'failure');
    assert.equal(outcome.node, 'hold');
    assert.match(outcome.error, /was closed while it held the message/);
  });

  it('core delay completes what it drops when it closes: failure all the same', async () => {
    const delay = (timeout: string): FlowNode => ({
      id: 'delay',
      type: 'delay',
      pauseType: 'delay',
      timeout,
      timeoutUnits: 'seconds',
      rate: '1',
      rateUnits: 'second',
      wires: [['end']],
    });
    const end: FlowNode = { id: 'end', type: 'test-probe', wires: [[]] };
    await red.deploy(flow([tracker(['delay']), delay('60'), end]));
    await red.inject('t', { id: 2 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await red.deploy(flow([tracker(['delay']), delay('61'), end]), 'nodes');
    const outcome = await red.message('t', 2);
    assert.equal(outcome.kind, 'failure');
    assert.equal(outcome.node, 'delay');
  });

  it('nothing is told to a tracker that was closed itself, and the next one starts clean', async () => {
    await red.deploy(flow([tracker(['hold']), holder(NEVER)]));
    await red.inject('t', { id: 3 });
    await red.deploy(flow([tracker(['hold'], { settleMs: 1 }), holder('return msg;')]));
    await red.inject('t', { id: 4 });
    const outcome = await red.message('t', 3);
    assert.deepEqual([outcome.kind, outcome.id], ['success', 4]);
  });

  it('sees through subflows, nested ones and ones with several outputs too', async () => {
    const nodes: FlowNode[] = [
      {
        id: 'inner',
        type: 'subflow',
        name: 'inner',
        in: [{ wires: [{ id: 'work' }] }],
        out: [{ wires: [{ id: 'work', port: 0 }] }, { wires: [{ id: 'work', port: 1 }] }],
      },
      {
        id: 'work',
        type: 'function',
        z: 'inner',
        x: 0,
        y: 0,
        outputs: 2,
        func: 'if (msg.bad) throw new Error("inside"); return [{payload: 1, late: msg.late}, null];',
        wires: [[], []],
      },
      {
        id: 'outer',
        type: 'subflow',
        name: 'outer',
        in: [{ wires: [{ id: 'in' }] }],
        out: [{ wires: [{ id: 'in', port: 0 }] }],
      },
      { id: 'in', type: 'subflow:inner', z: 'outer', x: 0, y: 0, wires: [[], []] },
      { id: 'sub', type: 'subflow:outer', z: 'tab', x: 1, y: 1, wires: [['after']] },
      {
        id: 'after',
        type: 'function',
        func: 'if (msg.late) throw new Error("behind"); return msg;',
        outputs: 1,
        wires: [[]],
      },
      tracker(['sub']),
    ];
    await red.deploy(flow(nodes));
    await red.inject('t', { id: 5 });
    const good = await red.message('t', 4);
    assert.deepEqual([good.kind, good.settling, good.silent], ['success', 0, []]);
    await red.inject('t', { id: 6, bad: true });
    const bad = await red.message('t', 5);
    assert.match(bad.error, /inside/);
    assert.equal(bad.node, 'work');
    await red.inject('t', { id: 7, late: true });
    assert.match((await red.message('t', 6)).error, /behind/);
  });

  it('keeps two trackers apart that share a message id and a node', async () => {
    // One message goes through two trackers at once; both ways meet in a function that returns new objects.
    const nodes: FlowNode[] = [
      { id: 'fork', type: 'function', func: 'return msg;', outputs: 1, wires: [['ta', 'tb']] },
      { id: 'ta', type: 'test-tracker', wires: [['pa']] },
      { id: 'tb', type: 'test-tracker', wires: [['pb']] },
      { id: 'pa', type: 'function', func: 'return {way: "a"};', outputs: 1, wires: [['meet']] },
      { id: 'pb', type: 'function', func: 'return {way: "b"};', outputs: 1, wires: [['meet']] },
      { id: 'meet', type: 'function', func: 'return {way: msg.way};', outputs: 1, wires: [['check']] },
      {
        id: 'check',
        type: 'function',
        func: 'if (msg.way === "b") throw new Error("b fails");',
        outputs: 1,
        wires: [[]],
      },
    ];
    await red.deploy(flow(nodes));
    for (let n = 0; n < 20; n += 1) await red.inject('fork', { id: n });
    await red.message('ta', 20);
    await red.message('tb', 20);
    assert.deepEqual(new Set(red.seen('ta').map((one) => one.kind)), new Set(['success']));
    assert.deepEqual(new Set(red.seen('tb').map((one) => one.kind)), new Set(['failure']));
  });
});

describe('outcome tracker where messages are delivered synchronously', () => {
  let red: RunningNodeRed;

  before(async () => {
    red = await startNodeRed({
      settings: { runtimeSyncDelivery: 'true' },
      flows: flow([
        tracker(['a']),
        { id: 'a', type: 'function', func: 'return {payload: 1, fail: msg.fail};', outputs: 1, wires: [['b', 'c']] },
        { id: 'b', type: 'test-probe', wires: [[]] },
        { id: 'c', type: 'function', func: 'if (msg.fail) throw new Error("c");', outputs: 1, wires: [[]] },
      ]),
    });
  });

  after(() => red?.stop());

  it('tells success and failure', async () => {
    await red.inject('t', { id: 1 });
    assert.equal((await red.message('t', 1)).kind, 'success');
    await red.inject('t', { id: 2, fail: true });
    assert.equal((await red.message('t', 2)).kind, 'failure');
  });
});
