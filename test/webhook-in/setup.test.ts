import assert from 'node:assert/strict';
import { createAuth } from '../../nodes/webhook-auth/auth';
import { setUp } from '../../nodes/webhook-in/setup';
import { FakeClock } from '../support/fake-clock';

const auth = createAuth({ scheme: 'none' }, {}, new FakeClock());
const empty = createAuth({}, {}, new FakeClock());
const around = { auth, hasStore: true, say: (key: string) => key };

describe('webhook in: setting up', () => {
  const problems: [object, Partial<typeof around>, string | RegExp | undefined][] = [
    [{}, {}, undefined],
    [{ maxBody: '2048', answerStatus: '200', raw: null, methods: null, statuses: null, schema: null }, {}, undefined],
    [{ statuses: { overloaded: 429 } }, {}, undefined],
    [{ answer: 'stored' }, {}, undefined],
    [{ answer: 'stored' }, { hasStore: false }, 'no-store'],
    [{}, { hasStore: false }, undefined],
    [{}, { auth: empty }, /^secret: is empty/],
    [{ schema: '{' }, {}, /^schema: /],
    [{ split: 'alerts' }, {}, /^split: /],
    [{ eventId: '{h:}' }, {}, /^eventId: /],
    [{ maxBody: 'much' }, {}, /^maxBody: /],
    [{ answer: 'maybe' }, {}, /^answer: expected one of accepted, stored, flow/],
    [{ statuses: { teapot: 418 } }, {}, /^statuses: "teapot"/],
  ];
  for (const [fields, other, expected] of problems) {
    const said = expected === undefined ? 'nothing is wrong' : `refuses everything: ${String(expected)}`;
    it(`${JSON.stringify(fields)} ${JSON.stringify(Object.keys(other))}: ${said}`, () => {
      const { options, problem } = setUp({ path: '/hooks/:device', ...fields }, { ...around, ...other });
      assert.equal(options.pattern.text, '/hooks/:device');
      if (expected instanceof RegExp) assert.match(problem ?? '', expected);
      else assert.equal(problem, expected);
    });
  }

  it('without an auth everything is refused', () => {
    assert.equal(setUp({ path: '/a' }, { ...around, auth: undefined }).problem, 'no-auth');
  });

  for (const fields of [{}, { path: '/a(b)' }, { path: '/a', methods: ['TRACE'] }]) {
    it(`${JSON.stringify(fields)}: there is no path to hold`, () =>
      assert.throws(() => setUp({ schema: '{', ...fields }, around), /^ConfigError: (path|methods): /));
  }
});
