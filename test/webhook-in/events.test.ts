import assert from 'node:assert/strict';
import { isRefusal } from '../../nodes/webhook-in/refusal';
import { accepted, events, receivedAt, refused } from './request';

const json = (value: unknown, headers: Record<string, string> = {}) => ({
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
});
const number = JSON.stringify({ type: 'object', properties: { t: { type: 'number' } }, required: ['t'] });

describe('the events of a request', () => {
  it('one, where nothing says otherwise, also for a list', () => {
    assert.deepEqual(events(json([1, 2])), {
      batch: false,
      events: [{ index: 0, payload: [1, 2], info: { receivedAt } }],
    });
  });

  const splits: [string, unknown, unknown[] | RegExp][] = [
    ['/alerts', { alerts: [1, 2] }, [1, 2]],
    ['#/alerts', { alerts: [1] }, [1]],
    ['/data/0/list', { data: [{ list: ['a'] }] }, ['a']],
    ['#', [1, 2], [1, 2]],
    ['/', [1, 2], [1, 2]],
    ['/', { '': [3] }, [3]],
    ['/alerts', { alerts: [] }, []],
    ['#', [], []],
    ['/alerts', { alerts: 'x' }, /^body-malformed: \/alerts in the body is not an array/],
    ['/alerts', { other: [] }, /^body-malformed: \/alerts /],
    ['/alerts', [1], /^body-malformed: \/alerts /],
    ['#', { alerts: [] }, /^body-malformed: # /],
    ['/length', [1], /^body-malformed: \/length /],
    ['/__proto__', {}, /^body-malformed: \/__proto__ /],
  ];
  for (const [split, body, expected] of splits) {
    it(`split ${split} of ${JSON.stringify(body)}`, () => {
      if (expected instanceof RegExp) return assert.match(refused(json(body), { split }), expected);
      const found = events(json(body), { split });
      assert.ok(!isRefusal(found));
      assert.equal(found.batch, true);
      assert.deepEqual(
        found.events.map(({ index, payload }) => [index, payload]),
        expected.map((payload, index) => [index, payload]),
      );
    });
  }

  it('an empty body is one event: the query, else empty text', () => {
    const payload = (query: Record<string, unknown>, fields = {}) =>
      accepted({ query }, fields, { identity: {}, secretQuery: ['token'] })[0]?.payload;
    assert.equal(payload({}), '');
    assert.equal(payload({ Token: 's' }), '');
    assert.deepEqual(payload({ token: 's', t: '21', list: ['a', 'b'] }), { t: '21', list: ['a', 'b'] });
    assert.equal(payload({}, { split: '/alerts' }), '');
    assert.equal(payload({}, { parse: 'json' }), '');
    assert.equal(payload({}, { parse: 'buffer' }), '');
  });

  it('a structured CloudEvent and an empty body are no batch, whatever is split', () => {
    const envelope = { specversion: '1.0', id: '1', source: 's', type: 't', data: [1] };
    const structured = events(json(envelope, { 'content-type': 'application/cloudevents+json' }), { split: '/data' });
    const empty = events({}, { split: '/data' });
    assert.ok(!isRefusal(structured) && !isRefusal(empty));
    assert.deepEqual([structured.batch, structured.events.length], [false, 1]);
    assert.deepEqual([empty.batch, empty.events.length], [false, 1]);
  });

  it('a body leaves the query aside', () => {
    assert.deepEqual(accepted({ ...json({ a: 1 }), query: { b: '2' } })[0]?.payload, { a: 1 });
  });
});

describe('the schema', () => {
  it('checks the payload, which is the data of a CloudEvent', () => {
    const envelope = { specversion: '1.0', id: '1', source: 's', type: 't', data: { t: 'warm' } };
    const request = json(envelope, { 'content-type': 'application/cloudevents+json' });
    assert.equal(refused(request, { schema: number }), 'schema-mismatch: /t must be number');
    assert.equal(refused(json({}), { schema: number }), "schema-mismatch: the payload must have required property 't'");
    assert.equal(accepted(json({ t: 1 }), { schema: number }).length, 1);
  });

  it('refuses a batch whole, naming the first bad event', () => {
    const fields = { schema: number, split: '/list' };
    assert.equal(
      refused(json({ list: [{ t: 1 }, { t: 'x' }, {}] }), fields),
      'schema-mismatch: event 1: /t must be number',
    );
    assert.equal(refused(json({ list: [{ t: 'x' }] }), fields), 'schema-mismatch: event 0: /t must be number');
  });
});

describe('fields that cannot be used', () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ parse: 'yaml' }, /^parse: "yaml"; expected one of auto, json, text, buffer/],
    [{ split: 'alerts' }, /^split: "alerts" is not a JSON pointer/],
    [{ split: '#alerts' }, /^split: "alerts" is not a JSON pointer/],
    [{ schema: '{"type": "objekt"}' }, /^schema: \/type: /],
    [{ schema: '{' }, /^schema: line 1, column 2: /],
  ];
  for (const [fields, message] of cases) {
    it(JSON.stringify(fields), () => assert.throws(() => events({}, fields), { message }));
  }
});
