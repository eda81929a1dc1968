import assert from 'node:assert/strict';
import { type FlowNode, flow, type Message, type RunningNodeRed } from '../support/node-red';
import { catcher, fn, httpRequest, probe, type Receiver, receiver, retryNode, start, tally } from './support';

describe('retry in Node-RED: how a message fares', function () {
  this.timeout(60_000);
  let red: RunningNodeRed;
  before(async () => {
    red = await start([...retryNode(), probe('next'), ...catcher()]);
  });
  after(async () => red?.stop());
  beforeEach(async () => {
    // What a retry node holds outlives a deploy; deleting the node ends it.
    await red.deploy(flow(catcher()));
    red.messages.length = 0;
    red.statuses.length = 0;
  });

  const deploy = async (...nodes: FlowNode[]): Promise<void> => red.deploy(flow([...nodes, ...catcher()]));
  const attempts = (name = 'next'): number[] => red.seen(name).map((msg) => msg.retry.attempt as number);

  it('a flow that fails twice is repaired, and nobody has to wire a Catch node', async () => {
    await deploy(...retryNode(), probe('next', { fail: 2 }));
    await red.inject('retry', { payload: { value: 1 }, topic: 'x' });
    const done = await red.message('succeeded');
    assert.deepEqual(attempts(), [1, 2, 3]);
    const [first, second] = red.seen('next') as [Message, Message];
    assert.deepEqual([first.payload, first.topic, first.retry.attempts], [{ value: 1 }, 'x', 10]);
    assert.equal(first.retry.lastError, undefined);
    assert.equal(second.retry.lastError, 'test-probe fails on purpose');
    assert.deepEqual([done.payload, done.retry.attempt], [{ value: 1 }, 3]);
    assert.equal(red.seen('gave-up').length, 0);
    await red.statusWith('retry', ({ text }) => text === 'idle');
  });

  it('gives up after `attempts`: output 2 with the original message, and a dead letter', async () => {
    await deploy(...retryNode({ attempts: 3 }), probe('next', { fail: 99 }));
    await red.inject('retry', { payload: 'x' });
    const { payload, deadLetter, retry } = await red.message('gave-up');
    assert.deepEqual([payload, retry], ['x', undefined]);
    assert.deepEqual(
      { ...deadLetter, publishTime: 0, lastDeliveryAttemptTime: 0 },
      {
        deadLetterReason: 'attempts-exhausted',
        deliveryAttempts: 3,
        lastDeliveryOutcome: 'test-probe fails on purpose',
        publishTime: 0,
        lastDeliveryAttemptTime: 0,
      },
    );
    assert.ok(Date.parse(deadLetter.publishTime) <= Date.parse(deadLetter.lastDeliveryAttemptTime));
    assert.equal(attempts().length, 3);
    await red.statusWith('retry', ({ text }) => text === '1 given up');
    const letters = await (await fetch(`${red.url}/surewire/retry/retry/dead-letters`)).json();
    assert.equal(letters.deadLetters.length, 1);
    assert.deepEqual(letters.deadLetters[0].message.payload, 'x');
  });

  it('what a node downstream makes of the message does not change the next attempt', async () => {
    await deploy(
      ...retryNode(),
      probe('next', { wires: [['spoil']] }),
      fn(
        'spoil',
        'const was = msg.payload.list.length; msg.payload.list.push(9); if (msg.retry.attempt < 3) throw new Error(String(was)); return msg;',
      ),
    );
    await red.inject('retry', { payload: { list: [1] } });
    const done = await red.message('succeeded');
    assert.deepEqual(done.payload, { list: [1] });
    assert.deepEqual(
      red.seen('next').map(({ payload }) => payload),
      [{ list: [1] }, { list: [1] }, { list: [1] }],
    );
  });

  it('two branches: success after both, a failure of one repeats both', async () => {
    await deploy(...retryNode({}, ['left', 'right']), probe('left'), probe('right', { fail: 1 }));
    await red.inject('retry', { payload: 'x' });
    await red.message('succeeded');
    assert.deepEqual(
      [attempts('left'), attempts('right')],
      [
        [1, 2],
        [1, 2],
      ],
    );
    assert.equal(red.seen('succeeded').length, 1);
  });

  it('1,000 messages that fail at the same time: each is sent exactly as often as needed, none is lost', async () => {
    await deploy(
      { ...fn('source', 'for (let n = 0; n < 1000; n += 1) node.send({ payload: n });', [['retry']]) },
      ...retryNode({ baseMs: 20 }),
      probe('next', { wires: [['work']] }),
      fn('work', 'if (msg.retry.attempt < 3) { node.error("not yet", msg); return; } return msg;', [['end']]),
      probe('end'),
    );
    await red.inject('source', {});
    await red.until('1,000 successes', () => red.seen('succeeded').length === 1000, 60_000);
    for (const [name, times] of [
      ['next', 3],
      ['end', 1],
      ['succeeded', 1],
    ] as const) {
      const counts = tally(red.seen(name).map(({ payload }) => payload));
      assert.deepEqual([counts.size, new Set(counts.values())], [1000, new Set([times])], name);
    }
    assert.ok(red.seen('end').every(({ retry }) => retry.attempt === 3));
    await red.statusWith('retry', ({ text }) => text === 'idle');
  });

  it('an output without a wire is success at once', async () => {
    await deploy(...retryNode({}, []));
    await red.inject('retry', { payload: 1 });
    await red.message('succeeded');
  });

  it('scope: only the nodes chosen decide', async () => {
    await deploy(
      ...retryNode({ scope: ['decides'] }, ['decides', 'other']),
      probe('decides', { fail: 1 }),
      probe('other', { fail: 99 }),
    );
    await red.inject('retry', { payload: 1 });
    await red.message('succeeded');
    assert.deepEqual(attempts('decides'), [1, 2]);
  });

  for (const scope of [['inner'], ['inner', 'beside']]) {
    it(`scope inside a subflow: ${scope.join(' and ')}`, async () => {
      const inside = (node: FlowNode): FlowNode => ({ x: 1, y: 1, z: 'sub', ...node });
      const [sub] = retryNode({ scope, timeout: 0, id: 'sub-retry' }, ['inner', 'beside']) as [FlowNode];
      await deploy(
        fn('enter', 'return msg;', [['instance']]),
        { id: 'instance', type: 'subflow:sub', z: 'tab', x: 1, y: 1, wires: [['next']] },
        probe('next'),
        {
          id: 'sub',
          type: 'subflow',
          name: 'sub',
          in: [{ x: 1, y: 1, wires: [{ id: 'sub-retry' }] }],
          out: [{ x: 1, y: 1, wires: [{ id: 'sub-retry', port: 2 }] }],
        },
        inside({ ...sub, wires: [['inner'], [], []] }),
        inside(fn('inner', 'if (msg.retry.attempt < 2) throw new Error("not yet"); return msg;')),
        inside(fn('beside', 'return msg;')),
      );
      await red.inject('enter', { payload: 'x' });
      assert.equal((await red.message('next')).retry.attempt, 2);
    });
  }

  it('settling: a node that sends later can still fail the attempt', async () => {
    await deploy(
      ...retryNode(),
      fn('next', 'setTimeout(() => node.send(msg), 30);', [['end']]),
      probe('end', { fail: 1 }),
    );
    await red.inject('retry', { payload: 1 });
    const { retry } = await red.message('succeeded');
    assert.equal(retry.attempt, 2);
  });

  it('wired: only a message that comes back decides, and a late one of attempt 1 does not complete attempt 2', async () => {
    await deploy(
      ...retryNode({ outcome: 'wired', timeout: 0.3 }),
      // Attempt 1 is answered only when attempt 2 is under way; attempt 2 is answered with a failure, attempt 3 with success.
      fn(
        'next',
        `if (msg.retry.attempt === 1) { context.set('late', msg); return [null, msg]; }
         if (msg.retry.attempt === 2) return [context.get('late'), msg];
         return [msg, msg];`,
        [['back'], ['seen']],
      ),
      probe('seen', { wires: [['second']] }),
      fn('second', 'if (msg.retry.attempt === 2) { msg.statusCode = 503; setTimeout(() => node.send(msg), 50); }', [
        ['back'],
      ]),
      { id: 'back', type: 'link out', mode: 'link', links: ['again'], wires: [] },
      { id: 'again', type: 'link in', links: ['back'], wires: [['retry']] },
    );
    await red.inject('retry', { payload: 1 });
    const { retry } = await red.message('succeeded');
    assert.equal(retry.attempt, 3);
    assert.equal(retry.lastError, 'answered 503');
    assert.deepEqual(attempts('seen'), [1, 2, 3]);
    assert.equal(red.seen('succeeded').length, 1);
  });

  it('automatic: a message wired back by a Catch node of the maker does no harm, retry.outcome overrides', async () => {
    await deploy(
      ...retryNode(),
      fn('next', "if (msg.retry.attempt === 1) { msg.retry.outcome = 'fail'; } return msg;", [['retry', 'seen']]),
      probe('seen'),
    );
    await red.inject('retry', { payload: 1 });
    const { retry } = await red.message('succeeded');
    assert.equal(retry.attempt, 2);
    assert.deepEqual(attempts('seen'), [1, 2]);
  });

  it('a node that does not report completion is named once in the log and in the status', async () => {
    await deploy(
      ...retryNode(),
      {
        id: 'next',
        type: 'switch',
        property: 'payload',
        propertyType: 'msg',
        rules: [{ t: 'else' }],
        checkall: 'true',
        outputs: 1,
        wires: [['end']],
        name: 'which',
      },
      probe('end'),
    );
    await red.inject('retry', { payload: 1 });
    await red.inject('retry', { payload: 2 });
    await red.message('succeeded', 2);
    await red.statusWith('retry', ({ text }) => text?.includes('no completion from which') ?? false);
    assert.equal(red.log.split('switch "which" does not report').length - 1, 1);
  });

  it('maxWaiting: what is refused is an error that Catch sees', async () => {
    await deploy(...retryNode({ maxWaiting: 2, outcome: 'wired' }), probe('next'));
    for (const payload of [1, 2, 3]) await red.inject('retry', { payload });
    const caught = await red.message('caught');
    assert.equal(caught.payload, 3);
    assert.match(caught.error.message, /maxWaiting is 2/);
    assert.equal(caught.error.source.id, 'retry');
  });

  it('a message that cannot be stored is refused with the reason', async () => {
    await deploy(
      ...retryNode(),
      fn('source', 'msg.payload = { f: () => 1 }; node.send(msg, false); ', [['retry']]),
      probe('next'),
    );
    await red.inject('source', {});
    const caught = await red.message('caught');
    assert.match(caught.error.message, /msg\.payload\.f cannot be stored/);
  });

  it('a wrong field: red status, a clear error, and messages are refused, not lost in silence', async () => {
    await deploy(...retryNode({ attempts: 'many' }), probe('next'));
    await red.statusWith('retry', ({ fill, text }) => fill === 'red' && text === 'misconfigured');
    assert.match(red.log, /attempts must be a whole number of attempts, 1 or more, but is "many"/);
    await red.inject('retry', { payload: 1 });
    assert.match((await red.message('caught')).error.message, /attempts must be/);
  });

  it('what waits in memory outlives a deploy with a wrong field', async () => {
    const waits = { strategy: 'schedule', schedule: '3600', commands: true };
    await deploy(...retryNode({ ...waits, attempts: 1 }), probe('next', { fail: 2 }));
    await red.inject('retry', { payload: 'given up' });
    await red.message('gave-up');
    await deploy(...retryNode({ ...waits, attempts: 9 }), probe('next', { fail: 1 }));
    await red.inject('retry', { payload: 'waits' });
    await red.statusWith('retry', ({ text }) => text === '1 waiting · 1 given up');
    await deploy(...retryNode({ ...waits, attempts: 'many' }), probe('next'));
    await red.statusWith('retry', ({ text }) => text === 'misconfigured');
    red.statuses.length = 0;
    await deploy(...retryNode({ ...waits, attempts: 9 }), probe('next'));
    await red.statusWith('retry', ({ text }) => text === '1 waiting · 1 given up');
  });

  it('the status says by itself that an open breaker lets a probe through', async () => {
    const breaker = { breaker: true, breakerMinimum: 1, breakerThreshold: 0.5, breakerOpen: 1 };
    await deploy(...retryNode({ ...breaker, attempts: 1 }), probe('next', { fail: 1 }));
    await red.inject('retry', { payload: 1 });
    await red.statusWith('retry', ({ text }) => text === 'breaker open · 1 given up');
    await red.statusWith('retry', ({ text }) => text === 'breaker half-open · 1 given up');
  });

  it('a pause outlives a deploy, but not one that switches the commands off', async () => {
    await deploy(...retryNode({ commands: true }), probe('next'));
    await red.inject('retry', { command: 'pause' });
    await red.inject('retry', { payload: 1 });
    await red.statusWith('retry', ({ text }) => text === 'paused · 1 waiting');
    red.statuses.length = 0;
    await deploy(...retryNode({ commands: true, attempts: 3 }), probe('next'));
    await red.statusWith('retry', ({ text }) => text === 'paused · 1 waiting');
    assert.equal(red.seen('next').length, 0);
    await deploy(...retryNode({ commands: false }), probe('next'));
    await red.message('succeeded');
  });

  it('commands are obeyed only where they are allowed', async () => {
    await deploy(...retryNode({ attempts: 1 }), probe('next', { fail: 1 }));
    await red.inject('retry', { payload: 1, command: 'purge' });
    await red.message('gave-up');
    assert.equal(red.seen('next')[0]?.command, 'purge', 'it is an event like any other');
  });

  it('pause, resume, list, replay, purge', async () => {
    await deploy(...retryNode({ attempts: 1, commands: true }), probe('next', { fail: 3 }));
    for (const payload of [1, 2, 3]) await red.inject('retry', { payload });
    await red.message('gave-up', 3);
    await red.inject('retry', { command: 'list' });
    const list = (await red.message('gave-up', 4)).payload;
    assert.deepEqual(
      list.map((letter: Message) => letter.message.payload),
      [1, 2, 3],
    );
    await red.inject('retry', { command: 'purge', ids: [list[0].id] });
    await red.inject('retry', { command: 'pause' });
    await red.statusWith('retry', ({ text }) => text?.startsWith('paused') ?? false);
    await red.inject('retry', { command: 'replay', ids: [list[1].id] });
    await red.inject('retry', { payload: 4 });
    await red.statusWith('retry', ({ text }) => text === 'paused · 2 waiting · 1 given up');
    assert.equal(red.seen('next').length, 3);
    await red.inject('retry', { command: 'resume' });
    await red.message('succeeded', 2);
    assert.deepEqual(new Set(red.seen('succeeded').map(({ payload }) => payload)), new Set([2, 4]));
    assert.ok(red.seen('succeeded').every(({ retry }) => retry.attempt === 1));
  });

  for (const [what, order, complaint] of [
    ['purge of a number', { command: 'purge', ids: 5 }, 'ids: expected an id or a list of ids; leave it out for all'],
    ['purge of null', { command: 'purge', ids: null }, 'ids: expected an id or a list of ids; leave it out for all'],
    [
      'replay of dead letters instead of their ids',
      { command: 'replay', ids: [{ id: 'a' }] },
      'ids: expected an id or a list of ids; leave it out for all',
    ],
    ['list after a number', { command: 'list', after: 5 }, 'after: expected the id of a dead letter'],
    ['list of no page', { command: 'list', limit: 0 }, 'limit: expected a whole number from 1 up, found 0'],
  ] as [string, Record<string, unknown>, string][]) {
    it(`a command with a wrong argument is an error that Catch sees, and does nothing: ${what}`, async () => {
      await deploy(...retryNode({ attempts: 1, commands: true }), probe('next', { fail: 9 }));
      await red.inject('retry', { payload: 1 });
      await red.message('gave-up');
      await red.inject('retry', order);
      const { error } = await red.message('caught', 2);
      assert.ok(error.message.endsWith(`: ${complaint}`), error.message);
      await red.inject('retry', { command: 'list' });
      assert.equal((await red.message('gave-up', 2)).payload.length, 1);
    });
  }

  it('pausing a node that has nothing to do is seen at once', async () => {
    await deploy(...retryNode({ commands: true }), probe('next'));
    await red.statusWith('retry', ({ text }) => text === 'idle');
    await red.inject('retry', { command: 'pause' });
    await red.statusWith('retry', ({ text }) => text === 'paused');
    red.statuses.length = 0;
    await red.inject('retry', { command: 'resume' });
    await red.statusWith('retry', ({ text }) => text === 'idle');
  });

  for (const [what, query, type, body] of [
    ['an id that is a number', '', 'application/json', '{"ids": 5}'],
    ['a list without a name', '', 'application/json', '["a"]'],
    ['JSON sent as a form, as curl -d does', '', 'application/x-www-form-urlencoded', '{"ids": ["a"]}'],
    ['JSON sent as text', '', 'text/plain', '{"ids": ["a"]}'],
    ['a member of another name', '', 'application/json', '{"id": "a"}'],
    ['a query that is an object', '?ids[a]=b', undefined, undefined],
  ] as [string, string, string | undefined, string | undefined][]) {
    it(`the admin endpoints refuse ${what} instead of taking it for all`, async () => {
      await deploy(...retryNode({ attempts: 1 }), probe('next', { fail: 9 }));
      await red.inject('retry', { payload: 1 });
      await red.message('gave-up');
      const url = `${red.url}/surewire/retry/retry/dead-letters`;
      for (const method of ['POST', 'DELETE']) {
        const answer = await fetch(url + query, {
          method,
          ...(type && { headers: { 'content-type': type } }),
          ...(body && { body }),
        });
        assert.equal(answer.status, 400, await answer.text());
      }
      assert.equal((await (await fetch(url)).json()).deadLetters.length, 1);
    });
  }

  it('the admin endpoints take ids that are named one by one', async () => {
    await deploy(...retryNode({ attempts: 1 }), probe('next', { fail: 9 }));
    for (const payload of [1, 2, 3]) await red.inject('retry', { payload });
    await red.message('gave-up', 3);
    const url = `${red.url}/surewire/retry/retry/dead-letters`;
    const [first, second] = (await (await fetch(url)).json()).deadLetters as Message[];
    const answer = await fetch(`${url}?ids=${first?.id}&ids=${second?.id}`, { method: 'DELETE' });
    assert.deepEqual(await answer.json(), { purged: 2 });
  });

  it('the admin endpoints list, replay and purge', async () => {
    await deploy(...retryNode({ attempts: 1 }), probe('next', { fail: 3 }));
    for (const payload of [1, 2, 3]) await red.inject('retry', { payload });
    await red.message('gave-up', 3);
    const url = `${red.url}/surewire/retry/retry/dead-letters`;
    const get = async (query = ''): Promise<Message[]> => (await (await fetch(url + query)).json()).deadLetters;
    const [first] = await get('?limit=1');
    const rest = await get(`?after=${first?.id}`);
    assert.deepEqual([first?.message.payload, ...rest.map(({ message }) => message.payload)], [1, 2, 3]);
    const post = await fetch(`${url}/replay`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ids: [first?.id] }),
    });
    assert.deepEqual(await post.json(), { replayed: 1 });
    assert.equal((await red.message('succeeded')).payload, 1);
    assert.deepEqual(await (await fetch(`${url}?ids=${rest[0]?.id}`, { method: 'DELETE' })).json(), { purged: 1 });
    assert.deepEqual(await (await fetch(url, { method: 'DELETE' })).json(), { purged: 1 });
    assert.equal((await fetch(`${red.url}/surewire/retry/nobody/dead-letters`)).status, 404);
  });

  it('lanes: a message without the property, or without what would hold it, is in no lane', async () => {
    await deploy(...retryNode({ laneBy: 'event.device' }), probe('next'));
    for (const event of [undefined, null, 'door', {}]) await red.inject('retry', { payload: 1, event });
    await red.message('succeeded', 4);
  });

  it('lanes: a failing event of one device holds back its own, not the others', async () => {
    await deploy(
      ...retryNode({ laneBy: 'event.device', baseMs: 400 }),
      fn(
        'next',
        "if (msg.event.device === 'a' && msg.payload === 1 && msg.retry.attempt === 1) throw new Error('no'); return msg;",
        [['end']],
      ),
      probe('end'),
    );
    for (const [device, payload] of [
      ['a', 1],
      ['a', 2],
      ['b', 1],
      ['a', 3],
      ['b', 2],
    ]) {
      await red.inject('retry', { event: { device }, payload });
    }
    await red.message('succeeded', 5);
    const order = red.seen('end').map(({ event, payload }) => `${event.device}${payload}`);
    assert.deepEqual(order, ['b1', 'b2', 'a1', 'a2', 'a3']);
  });
});

describe('retry in Node-RED: HTTP receivers', function () {
  this.timeout(60_000);
  let red: RunningNodeRed;
  let server: Receiver;
  before(async () => {
    red = await start([...retryNode(), probe('next')]);
  });
  after(async () => red?.stop());
  beforeEach(async () => {
    await red.deploy(flow(catcher()));
    red.messages.length = 0;
  });
  afterEach(async () => server?.close());

  const deploy = async (more: Record<string, unknown>, request: Record<string, unknown> = {}): Promise<void> =>
    red.deploy(
      flow([
        ...retryNode(more),
        { ...httpRequest('next', server.url, [['end']]), ...request },
        probe('end'),
        ...catcher(),
      ]),
    );

  it('an answer of 500 is a failure although core reports none', async () => {
    server = await receiver((_request, response, _body, nth) => {
      response.statusCode = nth < 3 ? 500 : 200;
      response.end('ok');
    });
    await deploy({});
    await red.inject('retry', { payload: 'x' });
    const { retry } = await red.message('succeeded');
    assert.equal(retry.attempt, 3);
    assert.match(retry.lastError, /500/);
    assert.deepEqual(server.bodies, ['x', 'x', 'x']);
  });

  it('a status of giveUpOn gives up at once', async () => {
    server = await receiver((_request, response) => {
      response.statusCode = 410;
      response.end();
    });
    await deploy({});
    await red.inject('retry', { payload: 'x' });
    const { deadLetter } = await red.message('gave-up');
    assert.deepEqual([deadLetter.deadLetterReason, deadLetter.deliveryAttempts], ['status-final', 1]);
    assert.equal(server.bodies.length, 1);
  });

  for (const [name, header] of [
    ['seconds', () => '1'],
    ['a date', () => new Date(Date.now() + 2000).toUTCString()],
  ] as const) {
    it(`Retry-After as ${name} is waited for`, async () => {
      const at: number[] = [];
      server = await receiver((_request, response, _body, nth) => {
        at.push(performance.now());
        if (nth === 1) response.writeHead(503, { 'retry-after': header() });
        response.end();
      });
      await deploy({ baseMs: 10 });
      await red.inject('retry', { payload: 'x' });
      await red.message('succeeded');
      assert.equal(at.length, 2);
      // A wait has no upper bound in a test; that it waited at all shows the header was heeded.
      assert.ok((at[1] as number) - (at[0] as number) > 900, String(at));
    });
  }

  it('429 without Retry-After waits at least throttleMinMs', async () => {
    const at: number[] = [];
    server = await receiver((_request, response, _body, nth) => {
      at.push(performance.now());
      response.statusCode = nth === 1 ? 429 : 200;
      response.end();
    });
    await deploy({ baseMs: 10, throttleMinMs: 700 });
    await red.inject('retry', { payload: 'x' });
    await red.message('succeeded');
    assert.ok((at[1] as number) - (at[0] as number) > 690, String(at));
  });

  it('a receiver that accepts and never answers is a timeout, and its place is free again', async () => {
    server = await receiver((_request, response, _body, nth) => {
      if (nth > 2) response.end('ok');
    });
    await deploy({ timeout: 0.3, concurrency: 1 });
    await red.inject('retry', { payload: 'x' });
    const { retry } = await red.message('succeeded');
    assert.deepEqual([retry.attempt, retry.lastError], [3, 'no outcome within 0.3 s']);
  });

  it('a receiver that resets the connection is a failure', async () => {
    server = await receiver((request, response, _body, nth) => {
      if (nth < 3) request.socket.destroy();
      else response.end('ok');
    });
    await deploy({});
    await red.inject('retry', { payload: 'x' });
    const { retry } = await red.message('succeeded');
    assert.equal(retry.attempt, 3);
    assert.ok(retry.lastError);
  });

  it('a refused connection is a failure', async () => {
    server = await receiver((_request, response) => response.end());
    await red.deploy(flow([...retryNode({ attempts: 2 }), { ...httpRequest('next', 'http://127.0.0.1:9/', [[]]) }]));
    await red.inject('retry', { payload: 'x' });
    const { deadLetter } = await red.message('gave-up');
    assert.match(deadLetter.lastDeliveryOutcome, /ECONNREFUSED/);
  });

  it('a redirect to nowhere is a failure', async () => {
    server = await receiver((_request, response, _body, nth) => {
      if (nth === 1) response.writeHead(302, { location: 'http://127.0.0.1:9/' });
      response.end();
    });
    await deploy({});
    await red.inject('retry', { payload: 'x' });
    assert.equal((await red.message('succeeded')).retry.attempt, 2);
  });

  it('an answer without end is cut by the timeout', async () => {
    const chunk = Buffer.alloc(16_384, 'x');
    server = await receiver((_request, response, _body, nth) => {
      if (nth > 1) {
        response.end('ok');
        return;
      }
      // Endless, but slow enough that the receiving process keeps its memory.
      const timer = setInterval(() => response.write(chunk), 20);
      response.on('close', () => clearInterval(timer));
    });
    await deploy({ timeout: 0.4 });
    await red.inject('retry', { payload: 'x' });
    assert.equal((await red.message('succeeded')).retry.attempt, 2);
  });

  it('drainRate: measured at the receiver, never more than the rate in any second', async () => {
    const at: number[] = [];
    let down = true;
    server = await receiver((_request, response) => {
      if (!down) at.push(performance.now());
      response.statusCode = down ? 503 : 200;
      response.end();
    });
    await deploy({ drainRate: 20, baseMs: 100, attempts: 100 });
    for (let payload = 0; payload < 40; payload += 1) await red.inject('retry', { payload });
    await red.until('attempts while it is down', () => server.bodies.length > 5);
    down = false;
    await red.message('succeeded', 40, 30_000);
    assert.equal(at.length, 40);
    // Two apart by rate + 2 places are at least a second apart; the slack covers what the network bunches together.
    for (let n = 22; n < at.length; n += 1)
      assert.ok((at[n] as number) - (at[n - 22] as number) > 900, `${n}: ${at.join()}`);
  });
});
