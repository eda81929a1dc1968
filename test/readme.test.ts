import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { REFUSALS } from '../nodes/webhook-in/refusal';
import { exampleFiles, readExample } from './examples/examples';
import { editorDefinition, locale, nodeNames } from './support/editor-definitions';
import { root } from './support/node-red';

const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

/** The part of the README below a heading of the third level. */
function section(title: string): string {
  const from = readme.indexOf(`\n### ${title}\n`);
  assert.ok(from > 0, `a section ${title}`);
  const rest = readme.slice(from + 1);
  const end = rest.search(/\n##/);
  return end < 0 ? rest : rest.slice(0, end);
}

/** The rows of the tables in a text whose first cell is code, as cells. */
const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );

function written(value: unknown): string {
  if (value === true) return 'on';
  if (value === false) return 'off';
  const text = (Array.isArray(value) ? value : [value ?? '']).map((part: string | number) => `${part}`).join(', ');
  return text === '' ? 'blank' : `\`${text}\``;
}

describe('README', () => {
  for (const name of nodeNames) {
    it(`${name.replace('-', ' ')}: every field with its label and default, as in the editor`, () => {
      const { defaults } = editorDefinition(name);
      const labels = locale(name).label as Record<string, string>;
      const expected = Object.entries(defaults)
        .filter(([field]) => field !== 'name')
        .map(([field, { value }]) => [`\`${field}\``, labels[field], written(value)].join(' | '));
      const found = rows(section(name.replace('-', ' ')))
        .filter((cells) => cells.length === 4)
        .map((cells) => cells.slice(0, 3).join(' | '));
      assert.deepEqual(found.sort(), expected.sort());
    });
  }

  it('every refusal with its status', () => {
    const found = rows(section('webhook in'))
      .filter((cells) => cells.length === 3)
      .map(([reason, status]) => `${reason} ${status}`);
    const expected = Object.entries(REFUSALS)
      .filter(([reason]) => reason !== 'gave-up')
      .map(([reason, { status }]) => `\`${reason}\` ${status}`);
    assert.deepEqual(found.sort(), expected.sort());
  });

  it('what it points to is there', () => {
    const headings = new Set(
      [...readme.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
        `#${title}`
          .toLowerCase()
          .replace(/[^#\w -]/g, '')
          .replaceAll(' ', '-'),
      ),
    );
    for (const [, target] of readme.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (target?.startsWith('#')) assert.ok(headings.has(target), target);
      else if (target && !/^https?:/.test(target)) assert.ok(existsSync(path.join(root, target)), target);
    }
  });

  it('the recipes name examples as the Import menu and the tabs do', () => {
    const named = [...readme.matchAll(/example \*\*(\d\d [^*]+)\*\*/g)].map(([, label]) => label);
    assert.equal(named.length, 5);
    const labels = exampleFiles.flatMap((file) => readExample(file).filter(({ type }) => type === 'tab'));
    for (const label of named)
      assert.ok(
        labels.some((tab) => tab.label === label),
        label,
      );
  });
});
