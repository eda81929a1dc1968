import assert from 'node:assert/strict';
import { isRefusal, parseStatuses, problemJson, REFUSALS, refuse, withStatus } from '../../nodes/webhook-in/refusal';

describe('refusals', () => {
  it('have the statuses of the public table', () => {
    const statuses = Object.fromEntries(Object.entries(REFUSALS).map(([reason, { status }]) => [reason, status]));
    assert.deepEqual(statuses, {
      'method-not-allowed': 405,
      'body-too-large': 413,
      'body-timeout': 408,
      'encoding-unsupported': 415,
      'address-not-allowed': 403,
      'rate-limited': 429,
      'credentials-missing': 401,
      'credentials-mismatch': 401,
      'timestamp-out-of-tolerance': 401,
      'body-malformed': 400,
      'event-malformed': 400,
      'body-too-deep': 400,
      'forbidden-key': 400,
      'schema-mismatch': 422,
      overloaded: 503,
      'store-failed': 503,
      misconfigured: 503,
      redeploying: 503,
      'answer-timeout': 504,
      'gave-up': 500,
    });
  });

  it('say nothing of the check to who failed it', () => {
    for (const reason of ['credentials-mismatch', 'address-not-allowed', 'misconfigured', 'store-failed'] as const) {
      const problem = JSON.parse(problemJson(refuse(reason, 'inner workings')).toString());
      assert.deepEqual(Object.keys(problem), ['type', 'title', 'status', 'reason']);
      assert.equal(problem.reason, reason);
      assert.equal(problem.type, `urn:surewire:refusal:${reason}`);
    }
  });

  it('tell what is wrong with a body, shortened', () => {
    const problem = JSON.parse(problemJson(refuse('schema-mismatch', `event 3: ${'x'.repeat(1000)}`)).toString());
    assert.match(problem.detail, /^event 3: x+$/);
    assert.equal(problem.detail.length, 300);
  });

  it('take the status the maker chose', () => {
    const refusal = refuse('schema-mismatch', 'd', { 'Retry-After': '1' });
    assert.deepEqual(withStatus(refusal, { 'schema-mismatch': 503 }), { ...refusal, status: 503 });
    assert.equal(withStatus(refusal, {}), refusal);
    assert.equal(JSON.parse(problemJson({ ...refusal, status: 503 }).toString()).status, 503);
  });

  it('are told from results', () => {
    assert.ok(isRefusal(refuse('overloaded', '')));
    for (const value of [undefined, null, 'reason', [], { value: 1 }]) assert.ok(!isRefusal(value));
  });
});

describe('statuses', () => {
  const good: [unknown, object][] = [
    [undefined, {}],
    ['', {}],
    ['  ', {}],
    ['{}', {}],
    ['{"schema-mismatch": 503, "overloaded": 429}', { 'schema-mismatch': 503, overloaded: 429 }],
    [{ 'body-malformed': 599 }, { 'body-malformed': 599 }],
  ];
  for (const [text, statuses] of good) {
    it(`read ${JSON.stringify(text)}`, () => assert.deepEqual(parseStatuses(text), statuses));
  }
  const bad: [unknown, RegExp][] = [
    ['{', /statuses: .*not JSON/],
    ['[]', /statuses: expected a JSON object/],
    ['7', /statuses: expected a JSON object/],
    [7, /statuses: expected a JSON object/],
    ['{"teapot": 418}', /"teapot" is not a reason; expected one of method-not-allowed, /],
    ['{"gave-up": 500}', /"gave-up" is not a reason/],
    ['{"toString": 500}', /"toString" is not a reason/],
    ['{"overloaded": 200}', /"overloaded" is 200; expected a whole number from 400 to 599/],
    ['{"overloaded": "503"}', /"overloaded" is "503"/],
    ['{"overloaded": 503.5}', /503\.5/],
    ['{"overloaded": null}', /null/],
  ];
  for (const [text, message] of bad) {
    it(`refuse ${JSON.stringify(text)}`, () => assert.throws(() => parseStatuses(text), { message }));
  }
});
