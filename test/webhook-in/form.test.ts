import assert from 'node:assert/strict';
import { createAuth } from '../../nodes/webhook-auth/auth';
import { setUp } from '../../nodes/webhook-in/setup';
import { complaint, editorDefinition } from '../support/editor-definitions';
import { FakeClock } from '../support/fake-clock';
import { judgesAsADeploy } from '../support/form-rows';

const auth = createAuth({ scheme: 'none' }, {}, new FakeClock());

const deploy = (fields: object): string | undefined =>
  setUp({ path: '/a', ...fields }, { auth, hasStore: true, say: (key) => key }).problem;

describe('the form of webhook in', () => {
  const definition = editorDefinition('webhook-in', {
    good: { type: 'surewire-webhook-auth' },
    incomplete: { type: 'surewire-webhook-auth', valid: false },
    disabled: { type: 'surewire-webhook-auth', d: true },
    store: { type: 'surewire-event-store', valid: true },
  });
  const says = (property: string, value: unknown, fields?: object): string | undefined =>
    complaint('webhook-in', definition, property, value, fields);

  const values: Record<string, unknown[]> = {
    path: ['', ' ', '/a', 'a', '/:device?', '/a/*', '/a b', '/a?x=1', '/a//b', '/:', '/:a/:a', '/a(b)', '/a[b]', '/#x'],
    methods: [['POST'], [], ['GET', 'PUT']],
    split: ['', '/', '#', '/alerts', '#/alerts', 'alerts', '/a~2', '$.alerts'],
    eventId: ['', '  ', '{h:x-id}', '{/id}:{q:n}', 'fixed', '{x-id}', '{h:}', '{h:a b}', '{/id', '{/a~}', '{}'],
    eventType: ['', '{/type}', '{type}'],
    device: ['', '{p:device}', '{d:device}'],
    maxBody: ['', '1048576', 1048576, '0', '1.5', 'much', '2147483648'],
    readTimeout: ['', '0.5', '0', '301', '-1'],
    rateLimit: ['', '0', '0.5', '-1', '1000001'],
    rateBurst: ['', '1', '0', '2.5'],
    answerStatus: ['', '204', '302', '99', '200.5', 'ok'],
    answerTimeout: ['', '0.1', '0', '86401'],
    redeliveries: ['', '0', '1.5', '1001'],
    redeliveryBaseMs: ['', '0', '0.5', '-1'],
    maxInFlight: ['', '1', '0', '1.5'],
    maxBacklog: ['', '1', '0', '1.5'],
    statuses: [
      '',
      '{}',
      '{"overloaded": 429}',
      { overloaded: 429 },
      '{',
      '[]',
      '{"teapot": 418}',
      '{"overloaded": 200}',
    ],
    schema: ['', '{"type": "object"}', 'true', '{', '{"type": }', '{"type": "object",}'],
  };
  judgesAsADeploy(values, says, deploy, /^(Path|Methods|[A-Z][A-Za-z ]+): (?![a-zA-Z]+: )/);

  it('says where a schema goes wrong', () => {
    assert.equal(says('schema', '{\n  "type": ,\n}'), 'JSON Schema: line 2, column 11: this is not JSON');
  });

  for (const [value, good] of [
    ['good', true],
    ['', false],
    ['_ADD_', false],
    ['gone', false],
    ['incomplete', false],
    ['disabled', false],
    ['store', false],
  ] as const) {
    it(`auth ${JSON.stringify(value)}: ${good ? 'good' : 'every request would be refused'}`, () =>
      assert.equal(says('auth', value) === undefined, good));
  }

  for (const [answer, value, good] of [
    ['accepted', '', true],
    ['stored', '', false],
    ['stored', 'gone', false],
    ['stored', 'good', false],
    ['stored', 'store', true],
  ] as const) {
    it(`store ${JSON.stringify(value)} with the answer ${answer}: ${good ? 'good' : 'missing'}`, () =>
      assert.equal(says('store', value, { answer }) === undefined, good));
  }
});
