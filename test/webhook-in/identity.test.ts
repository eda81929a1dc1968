import assert from 'node:assert/strict';
import type { IdentityDefaults } from '../../nodes/webhook-auth/contract';
import type { ContentFields } from '../../nodes/webhook-in/events';
import { deviceOf } from '../../nodes/webhook-in/identity';
import { accepted, events, type TestRequest, vectors } from './request';

const json = (value: unknown, headers: Record<string, string> = {}): TestRequest => ({
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
});
const cloud = (members: object = {}): TestRequest =>
  json(
    { specversion: '1.0', id: 'ce', source: '/devices/door', type: 'reading', ...members },
    {
      'content-type': 'application/cloudevents+json',
    },
  );

function identity(request: TestRequest, fields: ContentFields = {}, scheme: IdentityDefaults = {}) {
  return accepted(request, fields, { identity: scheme, secretQuery: [] }).map(({ info }) => [
    info.id,
    info.type,
    info.device,
  ]);
}

describe('published formats', () => {
  for (const vector of vectors('format-vectors.json')) {
    it(vector.id, () => {
      const ids = accepted(vector, vector.options).map(({ info }) => info.id);
      assert.deepEqual(ids, vector.expectEventIds);
    });
  }
});

describe('naming an event', () => {
  const standard: IdentityDefaults = { eventId: ['{h:webhook-id}'] };
  const shopify: IdentityDefaults = {
    eventId: ['{h:x-shopify-event-id}', '{h:x-shopify-webhook-id}'],
    eventType: ['{h:x-shopify-topic}'],
    device: ['{/device_id}'],
  };
  const withId = json({ id: 'body', type: 't' }, { 'webhook-id': 'msg_1' });
  const cases: [string, TestRequest, ContentFields, IdentityDefaults, unknown[]][] = [
    ['nothing to go by', withId, {}, {}, [undefined, undefined, undefined]],
    ['by the scheme', withId, {}, standard, ['msg_1', undefined, undefined]],
    [
      'by a template before the scheme',
      withId,
      { eventId: '{/id}', eventType: ' {/type} ' },
      standard,
      ['body', 't', undefined],
    ],
    [
      'a template with a missing part: none, not the scheme',
      withId,
      { eventId: '{/id}:{/no}' },
      standard,
      [undefined, undefined, undefined],
    ],
    [
      'the first default',
      json({ device_id: 7 }, { 'x-shopify-event-id': 'e', 'x-shopify-webhook-id': 'w', 'x-shopify-topic': 't' }),
      {},
      shopify,
      ['e', 't', '7'],
    ],
    ['the first complete default', json({}, { 'x-shopify-webhook-id': 'w' }), {}, shopify, ['w', undefined, undefined]],
    [
      'a doubled header names nothing',
      { ...withId, headers: { 'webhook-id': ['a', 'b'] } },
      {},
      standard,
      [undefined, undefined, undefined],
    ],
    ['by CloudEvents', cloud(), {}, {}, ['ce', 'reading', 'door']],
    [
      'by CloudEvents before the scheme',
      { ...cloud(), headers: { ...cloud().headers, 'webhook-id': 'msg_1' } },
      {},
      standard,
      ['ce', 'reading', 'door'],
    ],
    [
      'by a template before CloudEvents',
      cloud({ data: { id: 'd' } }),
      { eventId: '{/source}#{/data/id}', eventType: 'fixed', device: '{/subject}' },
      {},
      ['/devices/door#d', 'fixed', undefined],
    ],
    [
      'a template with a missing part takes the CloudEvents id away',
      cloud(),
      { eventId: '{/no}' },
      {},
      [undefined, 'reading', 'door'],
    ],
    ['the extension device', cloud({ device: 'd1' }), {}, {}, ['ce', 'reading', 'd1']],
    ['the path', { ...json({}), params: { device: 'door' } }, {}, {}, [undefined, undefined, 'door']],
    ['CloudEvents before the path', { ...cloud(), params: { device: 'other' } }, {}, {}, ['ce', 'reading', 'door']],
    [
      'the query',
      { query: { id: '7', dev: 'shelly' } },
      { eventId: '{q:id}', device: '{q:dev}' },
      {},
      ['7', undefined, 'shelly'],
    ],
  ];
  for (const [what, request, fields, scheme, expected] of cases) {
    it(what, () => assert.deepEqual(identity(request, fields, scheme), [expected]));
  }

  it('a header names a request, so it names one event and not one of several', () => {
    const list = (...ids: string[]) =>
      json({ alerts: ids.map((id) => ({ id })) }, { 'webhook-id': 'msg', 'x-type': 't' });
    const id = (request: TestRequest, eventId: string) =>
      identity(request, { split: '/alerts', eventId }, standard).map(([name]) => name);
    assert.deepEqual(id(list('a'), ''), ['msg']);
    assert.deepEqual(id(list('a', 'b'), ''), [undefined, undefined]);
    assert.deepEqual(id(list('a', 'b'), '{h:webhook-id}'), [undefined, undefined]);
    assert.deepEqual(id(list('a', 'b'), '{/id}'), ['a', 'b']);
    assert.deepEqual(id(list('a', 'b'), '{h:webhook-id}/{/id}'), ['msg/a', 'msg/b']);
    const types = identity(list('a', 'b'), { split: '/alerts', eventType: '{h:x-type}' }).map(([, type]) => type);
    assert.deepEqual(types, ['t', 't']);
  });

  it('no sender can claim that an event was handed on again', () => {
    const [event] = accepted(cloud({ redelivered: true }));
    assert.ok(event && !('redelivered' in event.info));
  });

  it('no token of the query gets into an id', () => {
    const fields = { eventId: '{q:token}' };
    const [event] = accepted({ query: { Token: 's' } }, fields, { identity: {}, secretQuery: ['token'] });
    assert.equal(event?.info.id, undefined);
  });

  for (const field of ['eventId', 'eventType', 'device'] as const) {
    it(`an error names ${field}`, () =>
      assert.throws(() => events({}, { [field]: '{x}' }), { message: new RegExp(`^${field}: "\\{x\\}" is not`) }));
  }
});

describe('the device of a CloudEvent', () => {
  const cases: [string | undefined, string | undefined][] = [
    ['/devices/door-1', 'door-1'],
    ['/devices/door-1/', 'door-1'],
    ['/devices/caf%C3%A9', 'café'],
    ['/devices/100%', '100%'],
    ['https://example.com/sensors/42', '42'],
    ['urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66', 'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66'],
    ['///', undefined],
    [undefined, undefined],
  ];
  for (const [source, device] of cases) {
    it(`${source} -> ${device}`, () => assert.equal(deviceOf(source === undefined ? {} : { source }), device));
  }
});
