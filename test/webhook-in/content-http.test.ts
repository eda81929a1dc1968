import assert from 'node:assert/strict';
import { openAuth, webhookIn } from '../support/flows';
import { type Answer, send, sendJson } from '../support/http';
import { flow, type Message, type RunningNodeRed, startNodeRed } from '../support/node-red';
import { vectors } from './request';

const BATCH = { 'content-type': 'application/cloudevents-batch+json' };
const number = JSON.stringify({ type: 'object', properties: { t: { type: 'number' } }, required: ['t'] });
const envelope = (id: string, data: unknown) => ({
  specversion: '1.0',
  id,
  source: '/devices/door',
  type: 'reading',
  data,
});

describe('webhook in and what a body holds', () => {
  let red: RunningNodeRed;
  before(async () => {
    const hooks = [
      webhookIn(),
      webhookIn({
        id: 'split',
        path: '/split/:device',
        split: '/list',
        eventId: '{/id}',
        wires: [['in-split', 'join'], ['refused-split']],
      }),
      webhookIn({ id: 'schema', path: '/schema', schema: number }),
      webhookIn({ id: 'hostile', path: '/hostile' }),
      webhookIn({ id: 'pattern', path: '/pattern', schema: '{"properties":{"s":{"pattern":"^(a+)+$"}}}' }),
    ];
    const join = { id: 'join', type: 'join', mode: 'auto', wires: [['joined']] };
    const joined = { id: 'joined', type: 'test-probe', name: 'joined', wires: [[]] };
    red = await startNodeRed({ flows: flow([openAuth, ...hooks.flat(), join, joined]) });
  });
  after(() => red.stop());

  /** Sends, and waits for the messages of output 1 that it makes. */
  async function events(probe: string, count: number, act: () => Promise<Answer>): Promise<Message[]> {
    const before = red.seen(probe).length;
    const answer = await act();
    assert.equal(answer.status, 202, answer.body);
    if (count > 0) await red.message(probe, before + count);
    return red.seen(probe).slice(before);
  }

  /** Sends what has to be refused; the answer's reason and detail, which output 2 has too. */
  async function refusal(probe: string, act: () => Promise<Answer>): Promise<string> {
    const before = red.seen(probe).length;
    const answer = await act();
    const msg = await red.message(probe, before + 1);
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
    assert.deepEqual(
      [msg.payload.reason, msg.payload.status, msg.payload.detail],
      [answer.json.reason, answer.status, answer.json.detail],
    );
    return `${answer.status} ${answer.json.reason}: ${answer.json.detail}`;
  }

  describe('published CloudEvents requests', () => {
    for (const vector of vectors('cloudevents-vectors.json')) {
      it(vector.id, async () => {
        const act = () => send(red.port, { path: '/hooks/door', headers: vector.headers, body: vector.body });
        if (vector.expect === 'reject') return assert.match(await refusal('refused', act), /^400 event-malformed: /);
        const expected = vector.expectEvents ?? [];
        const messages = await events('in', expected.length, act);
        assert.equal(messages.length, expected.length);
        for (const [index, { attributes, data }] of expected.entries()) {
          const { device: _device, receivedAt: _at, ...info } = messages[index]!.event;
          assert.deepEqual({ specversion: '1.0', ...info }, attributes);
          assert.deepEqual(messages[index]!.payload, data ?? '');
          assert.equal(messages[index]!.topic, attributes.type);
        }
      });
    }
  });

  it('a batch of CloudEvents is one message each, with parts', async () => {
    const body = [envelope('a', 1), envelope('b', 2)];
    const [first, second] = await events('in', 2, () => sendJson(red.port, '/hooks/door', body, BATCH));
    assert.deepEqual([first?.event.id, second?.event.id], ['a', 'b']);
    assert.deepEqual(second?.webhook.batch, { index: 1, count: 2 });
    assert.deepEqual({ ...second?.parts, id: '' }, { id: '', type: 'array', count: 2, len: 1, index: 1 });
    assert.equal(first?.parts.id, second?.parts.id);
  });

  it('a batch is refused whole, and the refusal names the first bad event', async () => {
    const act = () => sendJson(red.port, '/hooks/door', [envelope('a', 1), { id: 'b' }, 7], BATCH);
    const before = red.seen('in').length;
    assert.match(await refusal('refused', act), /^400 event-malformed: event 1: /);
    assert.equal(red.seen('in').length, before);
  });

  it('split events carry their own ids and the device of the path, and core join puts them together again', async () => {
    const list = [{ id: 1 }, { id: 'b' }, { other: true }];
    const messages = await events('in-split', 3, () => sendJson(red.port, '/split/door', { list }));
    assert.deepEqual(
      messages.map(({ payload, event }) => [payload, event.id, event.device]),
      [
        [list[0], '1', 'door'],
        [list[1], 'b', 'door'],
        [list[2], undefined, 'door'],
      ],
    );
    assert.deepEqual((await red.message('joined')).payload, list);
  });

  it('an empty batch is accepted and sends nothing', async () => {
    assert.deepEqual(await events('in-split', 0, () => sendJson(red.port, '/split/door', { list: [] })), []);
  });

  it('a body without the list is refused, naming the pointer', async () => {
    const said = await refusal('refused-split', () => sendJson(red.port, '/split/door', { alerts: [] }));
    assert.match(said, /^400 body-malformed: \/list /);
  });

  it('a mismatch names the field and what is expected', async () => {
    const said = await refusal('refused-schema', () => sendJson(red.port, '/schema', { t: 'warm' }));
    assert.equal(said, '422 schema-mismatch: /t must be number');
    await events('in-schema', 1, () => sendJson(red.port, '/schema', { t: 21.5 }));
  });

  it('a pattern that backtracks stops nothing', async () => {
    const said = await refusal('refused-pattern', () => sendJson(red.port, '/pattern', { s: `${'a'.repeat(40)}!` }));
    assert.match(said, /^422 schema-mismatch: \/s must match pattern/);
    await events('in', 1, () => sendJson(red.port, '/hooks/door', { after: true }));
  });

  const hostile: [string, string | Buffer, string | undefined, RegExp | 202][] = [
    ['5,000 nested arrays', '['.repeat(5000) + ']'.repeat(5000), 'application/json', /^400 body-too-deep/],
    ['5,000 nested arrays of no type', '['.repeat(5000) + ']'.repeat(5000), undefined, /^400 body-too-deep/],
    ['5,000 nested objects', `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`, 'application/json', /^400 body-too-deep/],
    ['__proto__', '{"__proto__":{"admin":true}}', 'application/json', /^400 forbidden-key/],
    ['__proto__, escaped', '{"a":{"__pr\\u006fto__":1}}', 'application/json', /^400 forbidden-key/],
    ['constructor.prototype', '{"constructor":{"prototype":{"admin":true}}}', 'application/json', /^400 forbidden-key/],
    ['__proto__ in a form', '__proto__=1', 'application/x-www-form-urlencoded', /^400 forbidden-key/],
    ['invalid UTF-8 as JSON', Buffer.from([0x22, 0xff, 0x22]), 'application/json', /^400 body-malformed/],
    ['half a JSON', '{"a":', 'application/json', /^400 body-malformed/],
    ['NUL as JSON', '\0', 'application/json', /^400 body-malformed/],
    ['NUL as text', 'a\0b', 'text/plain', 202],
    ['invalid UTF-8 of no type', Buffer.from([0xff, 0xfe]), undefined, 202],
    ['64 levels', '['.repeat(64) + ']'.repeat(64), 'application/json', 202],
  ];
  for (const [what, body, type, expected] of hostile) {
    it(`${what}: ${expected}, and the next good request is served`, async () => {
      // Output 2 lets ten refusals a second through, so only the answer is looked at, and of a node of its own.
      const answer = await send(red.port, { path: '/hostile', headers: type ? { 'content-type': type } : {}, body });
      if (expected === 202) assert.equal(answer.status, 202, answer.body);
      else assert.match(`${answer.status} ${answer.json?.reason}`, expected);
      await events('in', 1, () => sendJson(red.port, '/hooks/door', { good: what }));
      await red.until('the good one', () => red.seen('in').some(({ payload }) => payload?.good === what));
    });
  }
});

describe('a webhook in with a schema that cannot be used', () => {
  it('is red, says where, and takes nothing', async () => {
    const schema = '{"properties":{"t":{"type":"numbr"}}}';
    const red = await startNodeRed({ flows: flow([openAuth, ...webhookIn({ schema })]) });
    try {
      await red.statusWith('hook', ({ fill }) => fill === 'red');
      await red.until('the error in the log', () => red.log.includes('schema: /properties/t/type: '));
      assert.notEqual((await sendJson(red.port, '/hooks/door', { t: 1 })).status, 202);
    } finally {
      await red.stop();
    }
  });
});
