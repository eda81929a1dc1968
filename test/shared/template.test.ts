import assert from 'node:assert/strict';
import { compileTemplate, type TemplateParts } from '../../nodes/shared/template';

const parts: TemplateParts = {
  headers: {
    'webhook-id': ['msg_1'],
    doubled: ['a', 'b'],
    empty: [''],
    // As Node.js hands them over.
    utf8: [Buffer.from('T\u00fcr-\u6238').toString('latin1')],
    latin1: ['K\u00fcche'],
    'idempotency-key': ['"a\\"b\\\\c"'],
  },
  params: { device: 'door', n: 'x' },
  query: { q: '1', list: ['1'], constructor: 'own' },
  form: { userid: '12345', appli: '1', many: ['1', '2'] },
  element: {
    id: 'evt_1',
    n: 19,
    zero: 0,
    yes: false,
    nothing: null,
    blank: '',
    big: 2 ** 53,
    deep: { list: [{ id: 'x' }], 'a/b': 'slash', 'a~b': 'tilde' },
    '': 'root key',
  },
};

describe('templates', () => {
  const rendered: [string, string | undefined][] = [
    ['{h:webhook-id}', 'msg_1'],
    ['{h:Webhook-Id}', 'msg_1'],
    ['{h:missing}', undefined],
    ['{h:doubled}', undefined],
    ['{h:empty}', undefined],
    ['{h:idempotency-key}', 'a"b\\c'],
    ['{h:constructor}', undefined],
    ['{h:utf8}', 'T\u00fcr-\u6238'],
    ['{h:latin1}', 'K\u00fcche'],
    ['{/id}', 'evt_1'],
    ['{/n}:{/zero}:{/yes}', '19:0:false'],
    ['{/nothing}', undefined],
    ['{/blank}', undefined],
    ['{/big}', undefined],
    ['{/deep}', undefined],
    ['{/deep/list}', undefined],
    ['{/deep/list/0/id}', 'x'],
    ['{/deep/list/00/id}', undefined],
    ['{/deep/list/-}', undefined],
    ['{/deep/list/length}', undefined],
    ['{/id/length}', undefined],
    ['{/deep/a~1b}{/deep/a~0b}', 'slashtilde'],
    ['{/}', 'root key'],
    ['{/constructor/name}', undefined],
    ['{/__proto__}', undefined],
    ['{p:device}', 'door'],
    ['{p:toString}', undefined],
    ['{q:q}', '1'],
    ['{q:list}', undefined],
    ['{q:constructor}', 'own'],
    ['{f:userid}:{f:appli}', '12345:1'],
    ['{f:many}', undefined],
    ['{f:userid}:{f:startdate}', undefined],
    ['plant-{p:device}/{/id}', 'plant-door/evt_1'],
    ['fixed', 'fixed'],
  ];
  for (const [template, expected] of rendered) {
    it(`${template} -> ${expected}`, () => assert.equal(compileTemplate(template).render(parts), expected));
  }

  it('has no form fields where the body is no form', () => {
    assert.equal(compileTemplate('{f:userid}').render({ ...parts, form: undefined }), undefined);
  });

  it('knows whether it reads the event itself', () => {
    assert.equal(compileTemplate('{h:a}{p:b}{q:c}{f:d}').readsEvent, false);
    assert.equal(compileTemplate('{h:a}{/b}').readsEvent, true);
  });

  const wrong: [string, RegExp][] = [
    ['', /empty/],
    ['{x:name}', /"\{x:name\}" is not a placeholder.*\{h:header\}/],
    ['{id}', /"\{id\}" is not a placeholder/],
    ['{}', /"\{\}" is not a placeholder/],
    ['{h:}', /"\{h:\}" is not a placeholder/],
    ['{h:two words}', /"two words" is not a header's name/],
    ['{/a~2b}', /"\/a~2b".*~0/],
    ['{h:a', /"\{h:a": a brace/],
    ['h:a}', /"h:a\}": a brace/],
    ['{{h:a}}', /"\{": a brace/],
  ];
  for (const [template, error] of wrong) {
    it(`refuses ${JSON.stringify(template)}`, () => assert.throws(() => compileTemplate(template), { message: error }));
  }
});
