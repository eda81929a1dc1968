import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { editorDefinition, locale, nodeNames } from './support/editor-definitions';
import { root } from './support/node-red';

const read = (...parts: string[]): string => readFileSync(path.join(root, 'nodes', ...parts), 'utf8');

/** Every text of a tree with its key, `label.name`. */
function texts(tree: unknown, prefix = ''): [key: string, text: string][] {
  if (typeof tree === 'string') return [[prefix, tree]];
  return Object.entries((tree ?? {}) as Record<string, unknown>).flatMap(([name, branch]) =>
    texts(branch, prefix === '' ? name : `${prefix}.${name}`),
  );
}

const sections = (help: string): string[] => [...help.matchAll(/<h3>([^<]+)<\/h3>/g)].map(([, title]) => title ?? '');

/** What a maker reads is the same in all nodes. */
for (const name of nodeNames) {
  describe(`texts of ${name}`, () => {
    const known = new Map(texts(locale(name)));
    const form = read(name, `${name}.html`);
    const help = read(name, 'locales', 'en-US', `${name}.html`);
    const config = editorDefinition(name).category === 'config';

    it('every text of the form is there, and none stands in the form itself', () => {
      const keys = [...form.matchAll(/data-i18n="([^"]+)"/g)]
        .flatMap(([, value]) => (value ?? '').split(';'))
        .map((value) => value.replace(/^\[[\w-]+\]/, ''));
      for (const key of keys) assert.ok(known.has(key.replace(`${name}.`, '')), key);
      const bare = form
        .replace(/<script[^>]*>|<\/script>|<option>[A-Z]+<\/option>|<span>msg\.<\/span>/g, '')
        .replace(/<[^>]+>/g, '')
        .trim();
      assert.equal(bare, '');
    });

    it('the help has the sections of core nodes, in their order', () => {
      const { inputs = 0, outputs = 0 } = editorDefinition(name);
      const expected = [
        'Properties',
        ...(inputs > 0 ? ['Inputs'] : []),
        ...(outputs > 0 ? ['Outputs'] : []),
        'Details',
        'References',
      ];
      assert.deepEqual(sections(help), expected);
      for (const [link] of help.matchAll(/<a [^>]+>/g)) assert.match(link, /href="https:[^"]+" target="_blank"/);
    });

    it('labels are short and bare: units stand behind the field, spelt out', () => {
      for (const [key, text] of known) {
        if (!key.startsWith('label.')) continue;
        assert.doesNotMatch(text, /\((m?s|seconds|milliseconds|bytes)\)|:$/, key);
      }
      for (const [key, text] of known) {
        if (key.startsWith('unit.')) assert.doesNotMatch(text, /^(m?s|secs?|sec\.)\b/, key);
      }
    });

    it('says the same things in the same words', () => {
      assert.equal(known.get('label.name'), 'Name');
      assert.ok((known.get('placeholder.name') ?? 'Name') === 'Name' || name === 'webhook-out');
      if (known.has('label.store')) assert.equal(known.get('label.store'), 'Store');
      if (known.has('validate.number'))
        assert.equal(known.get('validate.number'), '__field__: expected a number from __min__ to __max__');
      for (const [key, text] of known) {
        if (/^group\.|^label\.advanced$/.test(key)) assert.match(text, /^Advanced(: [a-z].*)?$/, key);
        assert.doesNotMatch(
          text,
          /[\u2018-\u201f\u2026]|!/,
          `${key}: straight quotes, three dots, no exclamation mark`,
        );
      }
      assert.doesNotMatch(help, /[\u2018-\u201f\u2026]/);
      if (!config) assert.match(form, /fa-tag/);
    });
  });
}
