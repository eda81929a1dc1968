import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import { openAuth, webhookIn } from '../support/flows';
import { send, sendJson } from '../support/http';
import { flow, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { head, Wire } from './hostile';

const store = { id: 'store', type: 'surewire-event-store', kind: 'memory' };
const fn = (id: string, func: string, wires: string[][]) => ({
  id,
  type: 'function',
  func,
  outputs: 1,
  libs: [],
  wires,
});

describe('webhook in: how senders are answered', () => {
  let red: RunningNodeRed;
  before(async () => {
    red = await startNodeRed({
      flows: flow([
        openAuth,
        store,
        ...webhookIn(),
        ...webhookIn({
          id: 'accepted',
          path: '/accepted/:device',
          answerStatus: 204,
          methods: ['POST', 'GET', 'PUT', 'DELETE', 'PATCH'],
        }),
        ...webhookIn({ id: 'none', path: '/no-auth', auth: '' }),
        ...webhookIn({ id: 'gone', path: '/gone-auth', auth: 'nowhere' }),
        ...webhookIn({ id: 'chosen', path: '/chosen', statuses: { 'method-not-allowed': 404 } }),
        ...webhookIn({ id: 'wrongauth', path: '/wrong-auth', auth: 'store' }),
        ...webhookIn({ id: 'badschema', path: '/bad-schema', schema: '{' }),
        ...webhookIn({ id: 'badnumber', path: '/bad-number', maxBody: 'much' }),
        ...webhookIn({ id: 'gonestore', path: '/gone-store', answer: 'stored', store: 'nowhere' }),
        ...webhookIn({ id: 'nostore', path: '/no-store', answer: 'stored' }),
        {
          ...webhookIn({ id: 'flow', path: '/ask', answer: 'flow', answerTimeout: 2 })[0],
          wires: [['switch', 'log'], []],
        } as never,
        { id: 'log', type: 'debug', active: true, console: true, tosidebar: false, complete: 'true', wires: [] },
        fn(
          'switch',
          `if (msg.payload.fail) throw new Error('no');
           if (msg.payload.silent) return null;
           if (msg.payload.twice) { node.send(msg); }
           if (msg.payload.late) { setTimeout(() => node.send(msg), 2500); return null; }
           msg.statusCode = 201; msg.payload = { hello: msg.payload, headers: msg.req.headers }; return msg;`,
          [['respond']],
        ),
        { id: 'respond', type: 'http response', wires: [] },
        {
          ...webhookIn({ id: 'batch', path: '/ask-batch', answer: 'flow', split: '/' })[0],
          wires: [['respond'], []],
        } as never,
        {
          ...webhookIn({
            id: 'stored',
            path: '/stored',
            answer: 'stored',
            store: 'store',
            eventId: '{/id}',
            redeliveryBaseMs: 50,
            redeliveries: 2,
          })[0],
          wires: [['work'], ['gave-up']],
        } as never,
        { id: 'work', type: 'test-probe', name: 'work', wires: [['decide']] },
        fn(
          'decide',
          `const n = (flow.get(msg.event.id) ?? 0) + 1; flow.set(msg.event.id, n); if (n <= msg.payload.fails) throw new Error('try ' + n); return msg;`,
          [['done']],
        ),
        { id: 'done', type: 'test-probe', name: 'done', wires: [[]] },
        { id: 'gave-up', type: 'test-probe', name: 'gave-up', wires: [[]] },
      ]),
    });
  });
  after(() => red.stop());

  it('accepted: 202 and a message with everything the reference names', async () => {
    const answer = await sendJson(
      red.port,
      '/hooks/door?a=1&b=2&b=3',
      { open: true },
      { authorization: 'Bearer abc', cookie: 'x=1' },
    );
    assert.equal(answer.status, 202);
    const msg = await red.message('in');
    assert.deepEqual(msg.payload, { open: true });
    assert.equal(msg.topic, '/hooks/door');
    assert.ok(!Number.isNaN(Date.parse(msg.event.receivedAt)));
    assert.deepEqual(
      { ...msg.webhook, headers: undefined },
      {
        path: '/hooks/door',
        method: 'POST',
        params: {},
        query: { a: '1', b: ['2', '3'] },
        headers: undefined,
        address: '127.0.0.1',
        scheme: 'none',
      },
    );
    assert.equal(msg.webhook.headers.authorization, '***');
    assert.equal(msg.webhook.headers.cookie, '***');
    assert.equal(msg.req, undefined);
  });

  it('every method, path parameters, and a status of its own', async () => {
    for (const [index, method] of ['PUT', 'PATCH', 'DELETE'].entries()) {
      const answer = await send(red.port, {
        method,
        path: '/accepted/d1',
        headers: { 'content-type': 'application/json' },
        body: '{"a":1}',
      });
      assert.equal(answer.status, 204);
      const msg = await red.message('in-accepted', index + 1);
      assert.deepEqual([msg.payload, msg.webhook.method, msg.event.device], [{ a: 1 }, method, 'd1']);
    }
    assert.equal((await send(red.port, { method: 'GET', path: '/accepted/d1?t=21.5' })).status, 204);
    assert.deepEqual((await red.message('in-accepted', 4)).payload, { t: '21.5' });
    assert.equal((await send(red.port, { method: 'POST', path: '/accepted/d1' })).status, 204);
    assert.equal((await red.message('in-accepted', 5)).payload, '');
  });

  it('another method: 405 with Allow; HEAD too, without a body', async () => {
    const answer = await send(red.port, { method: 'PUT', path: '/hooks/door' });
    assert.deepEqual([answer.status, answer.headers.allow, answer.json.reason], [405, 'POST', 'method-not-allowed']);
    const head = await send(red.port, { method: 'HEAD', path: '/hooks/door' });
    assert.deepEqual([head.status, head.headers.allow, head.body], [405, 'POST', '']);
    assert.equal((await send(red.port, { method: 'PUT', path: '/chosen' })).status, 404);
    const { payload, webhook } = await red.message('refused-chosen');
    assert.deepEqual([payload.reason, payload.status, webhook.method], ['method-not-allowed', 404, 'PUT']);
  });

  for (const [path, id, why] of [
    ['/no-auth', 'none', 'auth: choose a webhook auth'],
    ['/gone-auth', 'gone', 'auth: choose a webhook auth'],
    ['/no-store', 'nostore', 'store: choose an event store'],
    ['/gone-store', 'gonestore', 'store: choose an event store'],
    ['/wrong-auth', 'wrongauth', 'auth: choose a webhook auth'],
    ['/bad-schema', 'badschema', 'schema: line 1, column 2: this is not JSON'],
    ['/bad-number', 'badnumber', 'maxBody: expected a whole number from 1 to 1073741824'],
  ] as const) {
    it(`${path}: 503 misconfigured, and a red status that says why`, async () => {
      const answer = await sendJson(red.port, path, {});
      assert.deepEqual([answer.status, answer.json.reason], [503, 'misconfigured']);
      assert.equal(answer.headers['retry-after'], '60');
      assert.deepEqual(red.status(id), { fill: 'red', shape: 'ring', text: `misconfigured: ${why}` });
    });
  }

  it('flow: the flow answers', async () => {
    const answer = await sendJson(red.port, '/ask', { a: 1 }, { authorization: 'Bearer abc' });
    assert.equal(answer.status, 201);
    assert.deepEqual(answer.json.hello, { a: 1 });
    assert.equal(answer.json.headers.authorization, '***');
    await red.until('the whole message in the log', () => red.log.includes("authorization: '***'"));
    assert.doesNotMatch(red.log, /Bearer abc/);
  });

  it('flow: 500 at once when the flow fails, 504 when it is silent; a late or second answer does no harm', async () => {
    assert.equal((await sendJson(red.port, '/ask', { fail: true })).status, 500);
    const silent = await sendJson(red.port, '/ask', { silent: true });
    assert.deepEqual([silent.status, silent.json.reason], [504, 'answer-timeout']);
    assert.equal((await sendJson(red.port, '/ask', { late: true })).status, 504);
    assert.equal((await sendJson(red.port, '/ask', { twice: true })).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 800));
    assert.doesNotMatch(red.log, /ERR_HTTP_HEADERS_SENT|Cannot set headers/);
    assert.equal((await sendJson(red.port, '/ask', {})).status, 201);
  });

  it('flow: one answer for a batch', async () => {
    const answer = await sendJson(red.port, '/ask-batch', [1, 2, 3]);
    assert.equal(answer.status, 200);
    assert.equal(answer.body, '1');
    assert.equal((await sendJson(red.port, '/ask-batch', [])).status, 202);
  });

  it('stored: handed on again until the flow works, marked as redelivered; a duplicate id gets the same 2xx once', async () => {
    for (let n = 0; n < 2; n += 1) {
      assert.equal((await sendJson(red.port, '/stored', { id: 'a', fails: 2 })).status, 202);
    }
    await red.message('done');
    const seen = red.seen('work').filter((msg) => msg.event.id === 'a');
    assert.deepEqual(
      seen.map((msg) => msg.event.redelivered),
      [undefined, true, true],
    );
    assert.equal((await sendJson(red.port, '/stored', { id: 'a', fails: 0 })).status, 202);
    assert.equal((await sendJson(red.port, '/stored', { id: 'b', fails: 0 })).status, 202);
    assert.equal((await red.message('done', 2)).event.id, 'b');
    assert.equal(red.seen('work').filter((msg) => msg.event.id === 'a').length, 3);
  });

  it('stored: gives up after the last redelivery, on output 2', async () => {
    assert.equal((await sendJson(red.port, '/stored', { id: 'never', fails: 99 })).status, 202);
    const msg = await red.message('gave-up');
    assert.equal(msg.payload.reason, 'gave-up');
    assert.match(msg.payload.detail, /try 3/);
    assert.equal(msg.event.id, 'never');
    assert.equal(red.seen('work').filter((seen) => seen.event.id === 'never').length, 3);
  });

  it('stored in memory: the status says that it is not durable', async () => {
    await red.statusWith('stored', (status) => status.fill === 'yellow' && /not durable/.test(status.text ?? ''));
  });
});

describe('webhook in: redeploys', () => {
  it('under load: no 404, no hanging request; 503 asks to come again', async () => {
    const flows = (n: number) =>
      flow([openAuth, ...webhookIn({ name: `v${n}` }), fn('other', `return msg; // ${n}`, [[]])]);
    const red = await startNodeRed({ flows: flows(0) });
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    try {
      let stop = false;
      const statuses = new Map<number, number>();
      const load = async (): Promise<void> => {
        while (!stop) {
          const answer = await send(red.port, {
            path: '/hooks/door',
            headers: { 'content-type': 'application/json' },
            body: '{}',
            agent,
          });
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          if (answer.status === 503) assert.ok(answer.headers['retry-after']);
        }
      };
      const loads = Array.from({ length: 8 }, load);
      for (const [n, type] of (['full', 'nodes', 'flows', 'full', 'full'] as const).entries())
        await red.deploy(flows(n + 1), type);
      stop = true;
      await Promise.all(loads);
      assert.deepEqual(
        [...statuses.keys()].filter((status) => status !== 202 && status !== 503),
        [],
      );
      assert.ok((statuses.get(202) ?? 0) > 0);
      // Answered at once means that an event on its way between two nodes goes with them; no more than one a connection and deploy.
      const accepted = statuses.get(202) ?? 0;
      await red.until('the accepted events', () => red.seen('in').length >= accepted - 8 * 5);
    } finally {
      agent.destroy();
      await red.stop();
    }
  });

  it('before the flows have started: 503 to come again, whatever the path; 404 afterwards where there is none', async () => {
    // In safe mode the flows wait for a deploy.
    const red = await startNodeRed({
      flows: [],
      settings: { safeMode: 'true', httpNodeRoot: "'/api'" },
      waitForFlows: false,
    });
    try {
      const post = (path: string) => sendJson(red.port, path, {});
      const early = await post('/api/hooks/door');
      assert.deepEqual([early.status, early.json.reason], [503, 'redeploying']);
      assert.ok(early.headers['retry-after']);
      assert.equal((await post('/elsewhere')).status, 404, 'not below the node root');
      assert.equal((await send(red.port, { method: 'GET', path: '/' })).status, 200, 'the editor is there');
      // A deploy before that would meet the loading of the old flows.
      await red.until('the flows to be loaded', () => /safe mode/.test(red.log));
      await red.deploy(flow([openAuth, ...webhookIn()]));
      assert.equal((await post('/api/hooks/door')).status, 202);
      assert.equal((await post('/api/hooks/gate')).status, 404);
      await red.deploy(flow([openAuth]));
      assert.equal((await post('/api/hooks/door')).status, 404);
    } finally {
      await red.stop();
    }
  });

  it('a request that waits for the flow gets 503 when its node closes', async () => {
    const flows = (name: string) => flow([openAuth, ...webhookIn({ answer: 'flow', name })]);
    const red = await startNodeRed({ flows: flows('a') });
    try {
      const waiting = sendJson(red.port, '/hooks/door', {});
      await red.message('in');
      await red.deploy(flows('b'));
      const answer = await waiting;
      assert.deepEqual([answer.status, answer.json.reason], [503, 'redeploying']);
      assert.ok(answer.headers['retry-after']);
    } finally {
      await red.stop();
    }
  });

  for (const answer of ['accepted', 'flow', 'stored']) {
    it(`${answer}: a body that was on its way while the node was replaced gets 503, not a 2xx for an event that vanishes`, async () => {
      const flows = (name: string) => flow([openAuth, store, ...webhookIn({ answer, store: 'store', name })]);
      const red = await startNodeRed({ flows: flows('a') });
      try {
        for (const type of ['full', 'nodes'] as const) {
          const wire = new Wire(red.port);
          await wire.write(head('/hooks/door', 'Expect: 100-continue', 'Content-Length: 2'));
          // Node.js says so just before it hands the request on.
          await wire.until('100 Continue');
          await red.deploy(flows(type), type);
          await wire.write('{}');
          await wire.until('"reason":"redeploying"');
          assert.match(wire.text, /^HTTP\/1\.1 503 [\s\S]*^Retry-After: /m);
          wire.end();
        }
        assert.equal(red.seen('in').length, 0);
      } finally {
        await red.stop();
      }
    });
  }

  it('a removed node leaves its path', async () => {
    const red = await startNodeRed({ flows: flow([openAuth, ...webhookIn()]) });
    try {
      await red.deploy(flow([openAuth]), 'nodes');
      assert.equal((await sendJson(red.port, '/hooks/door', {})).status, 404);
    } finally {
      await red.stop();
    }
  });
});
