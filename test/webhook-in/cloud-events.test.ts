import assert from 'node:assert/strict';
import { accepted, receivedAt, refused, vectors } from './request';

const STRUCTURED = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json; charset=utf-8';
const minimal = { specversion: '1.0', id: '1', source: '/devices/door', type: 'reading' };

function structured(members: Record<string, unknown>, type = STRUCTURED) {
  return { headers: { 'content-type': type }, body: JSON.stringify({ ...minimal, ...members }) };
}

function binary(headers: Record<string, string | string[]>, body = '{"on":true}') {
  const all = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/devices/door', 'ce-type': 'reading', ...headers };
  return { headers: { 'content-type': 'application/json', ...all }, body };
}

describe('published CloudEvents requests', () => {
  for (const vector of vectors('cloudevents-vectors.json')) {
    it(vector.id, () => {
      if (vector.expect === 'reject') return assert.match(refused(vector), /^event-malformed: /);
      const events = accepted(vector);
      assert.equal(events.length, vector.expectEvents?.length);
      for (const [index, { attributes, data }] of (vector.expectEvents ?? []).entries()) {
        const { device: _device, receivedAt: at, ...info } = events[index]!.info;
        assert.deepEqual({ specversion: '1.0', ...info }, attributes);
        assert.deepEqual(events[index]!.payload, data ?? '');
        assert.equal(at, receivedAt);
      }
    });
  }
});

describe('structured CloudEvents', () => {
  it('show their attributes, extensions and data', () => {
    const time = '2018-04-05T03:56:24.123456789+02:00';
    const request = structured({
      subject: 's',
      time,
      sequence: '7',
      count: 7,
      flag: false,
      unset: null,
      data: { t: 1 },
    });
    assert.deepEqual(accepted(request), [
      {
        index: 0,
        payload: { t: 1 },
        info: {
          id: '1',
          type: 'reading',
          source: '/devices/door',
          subject: 's',
          time,
          sequence: '7',
          count: 7,
          flag: false,
          device: 'door',
          receivedAt,
        },
      },
    ]);
  });

  const data: [string, Record<string, unknown>, unknown][] = [
    ['none', {}, ''],
    ['null', { data: null }, null],
    ['text', { data: '{"a":1}', datacontenttype: 'application/json' }, '{"a":1}'],
    ['bytes', { data_base64: 'AP8=' }, Buffer.from([0, 255])],
    ['a list', { data: [1, 2] }, [1, 2]],
  ];
  for (const [what, members, payload] of data) {
    it(`data: ${what}`, () => assert.deepEqual(accepted(structured(members))[0]?.payload, payload));
  }

  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ['no specversion', { specversion: undefined }, /specversion is missing/],
    ['another specversion', { specversion: '0.3' }, /specversion is not 1\.0/],
    ['specversion as a number', { specversion: 1.0 }, /specversion is not 1\.0/],
    ['no id', { id: undefined }, /id is missing/],
    ['null as id', { id: null }, /id is missing/],
    ['an empty id', { id: '' }, /id is not a text/],
    ['a number as id', { id: 7 }, /id is not a text/],
    ['no source', { source: undefined }, /source is missing/],
    ['no type', { type: undefined }, /type is missing/],
    ['an empty subject', { subject: '' }, /subject is not a text/],
    ['a time that is none', { time: 'yesterday' }, /time is not an RFC 3339 time/],
    ['a time without zone', { time: '2018-04-05T03:56:24' }, /time is not an RFC 3339 time/],
    ['an upper-case attribute', { Sequence: '1' }, /"Sequence" is not an attribute's name/],
    ['an attribute with a hyphen', { 'my-ext': '1' }, /"my-ext" is not an attribute's name/],
    ['an object as an extension', { ext: { a: 1 } }, /ext is neither text, number nor boolean/],
    ['a control character', { id: 'a\u0000' }, /id holds a control character/],
    ['half a surrogate pair', { id: 'a\ud800' }, /id holds a control character/],
    ['data twice', { data: 1, data_base64: 'AA==' }, /data and data_base64/],
    ['data_base64 that is none', { data_base64: '***=' }, /data_base64 is not base64/],
    ['data_base64 as a number', { data_base64: 7 }, /data_base64 is not base64/],
  ];
  for (const [what, members, detail] of wrong) {
    it(`refuses ${what}`, () =>
      assert.match(refused(structured(members)), new RegExp(`^event-malformed: ${detail.source}`)));
  }

  it('refuses what is no envelope, also an empty body that says it is one', () => {
    for (const body of ['[]', '7', 'null', '"x"', '']) {
      assert.equal(
        refused({ headers: { 'content-type': STRUCTURED }, body }),
        'event-malformed: expected a JSON object',
      );
    }
  });

  it('refuses another format', () => {
    assert.match(refused(structured({}, 'application/cloudevents+xml')), /^encoding-unsupported: /);
  });

  it('is left as it is where the body is read as text', () => {
    const request = structured({ data: 1 });
    const [event] = accepted(request, { parse: 'text' });
    assert.deepEqual(event, { index: 0, payload: request.body, info: { receivedAt } });
  });
});

describe('batches of CloudEvents', () => {
  const batch = (...members: unknown[]) => ({ headers: { 'content-type': BATCH }, body: JSON.stringify(members) });

  it('are one event each', () => {
    const events = accepted(batch({ ...minimal, id: 'a', data: 1 }, { ...minimal, id: 'b', data: 2 }));
    assert.deepEqual(
      events.map(({ index, payload, info }) => [index, payload, info.id]),
      [
        [0, 1, 'a'],
        [1, 2, 'b'],
      ],
    );
  });

  it('are refused whole, naming the first bad one', () => {
    assert.equal(
      refused(batch(minimal, { ...minimal, id: '' }, 7)),
      'event-malformed: event 1: id is not a text of at least one character',
    );
    assert.equal(refused(batch(minimal, 7)), 'event-malformed: event 1: expected a JSON object');
  });

  it('are a list', () => {
    const request = { headers: { 'content-type': BATCH }, body: JSON.stringify(minimal) };
    assert.equal(refused(request), 'event-malformed: expected a JSON array of CloudEvents');
  });
});

describe('binary CloudEvents', () => {
  const decoded: [string, string][] = [
    ['Euro%20%E2%82%AC%20%f0%9f%98%80', 'Euro € 😀'],
    ['%41%2541', 'A%41'],
    ['100%', '100%'],
    ['"quoted \\"text\\" \\\\"', 'quoted "text" \\'],
    ['"%20"', ' '],
    ['a "b"', 'a "b"'],
    ['"open', '"open'],
  ];
  for (const [header, subject] of decoded) {
    it(`decode ${header}`, () => assert.equal(accepted(binary({ 'ce-subject': header }))[0]?.info.subject, subject));
  }

  const wrong: [string, Record<string, string | string[]>, RegExp][] = [
    ['an overlong sequence', { 'ce-subject': '%C0%A0' }, /ce-subject is not percent-encoded UTF-8/],
    ['half a character', { 'ce-subject': '%E2%82' }, /ce-subject is not percent-encoded UTF-8/],
    ['a surrogate', { 'ce-subject': '%ED%A0%80' }, /ce-subject is not percent-encoded UTF-8/],
    ['an encoded line feed', { 'ce-id': 'a%0Ab' }, /id holds a control character/],
    ['a doubled header', { 'ce-id': ['1', '2'] }, /ce-id is there more than once/],
    ['an empty id', { 'ce-id': '' }, /id is not a text/],
    ['a name with a hyphen', { 'ce-my-ext': '1' }, /"my-ext" is not an attribute's name/],
    ['data as a header', { 'ce-data': '1' }, /data is not an attribute's name/],
    ['__proto__ as a header', { 'ce-__proto__': '1' }, /__proto__ is not an attribute's name/],
  ];
  for (const [what, headers, detail] of wrong) {
    it(`refuse ${what}`, () =>
      assert.match(refused(binary(headers)), new RegExp(`^event-malformed: .*${detail.source}`)));
  }

  it('take the content type from its own header', () => {
    const [event] = accepted(binary({ 'ce-datacontenttype': 'text/plain' }));
    assert.equal(event?.info.datacontenttype, 'application/json');
    assert.deepEqual(event?.payload, { on: true });
  });

  it('need no body', () => assert.equal(accepted(binary({}, ''))[0]?.payload, ''));

  it('are known by any of the four required headers', () => {
    assert.match(refused({ headers: { 'ce-id': '1' }, body: '{}' }), /^event-malformed: .* is missing/);
    assert.equal(accepted({ headers: { 'ce-other': '1' }, body: '{}' }).length, 1);
  });

  it('are not split without being told, and then share no id', () => {
    assert.deepEqual(accepted(binary({}, '[1,2]'))[0]?.payload, [1, 2]);
    const events = accepted(binary({}, '[1,2]'), { split: '#' });
    assert.deepEqual(
      events.map(({ payload, info }) => [payload, info.id, info.source]),
      [
        [1, undefined, '/devices/door'],
        [2, undefined, '/devices/door'],
      ],
    );
    assert.equal(accepted(binary({}, '[1]'), { split: '#' })[0]?.info.id, '1');
  });
});
