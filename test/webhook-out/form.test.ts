import assert from 'node:assert/strict';
import { readConfig } from '../../nodes/webhook-out/config';
import { complaint, editorDefinition } from '../support/editor-definitions';
import { judgesAsADeploy } from '../support/form-rows';

describe('the form of webhook out', () => {
  const types = { auth: 'surewire-webhook-auth', tls: 'tls-config', proxy: 'http proxy' };
  const known = Object.entries(types).flatMap(([property, type]): [string, object][] => [
    [`${property} good`, { type }],
    [`${property} incomplete`, { type, valid: false }],
    [`${property} disabled`, { type, d: true }],
  ]);
  const definition = editorDefinition('webhook-out', Object.fromEntries(known));
  const says = (property: string, value: unknown): string | undefined =>
    complaint('webhook-out', definition, property, value);

  const values: Record<string, unknown[]> = {
    url: [
      '',
      ' ',
      ' https://a.example/x ',
      'HTTP://a.example',
      'http:a.example',
      'http://',
      'a.example',
      'ftp://a.example',
    ],
    headers: [
      [],
      [{ name: 'X-A', value: 'b' }],
      [{ name: 'X A', value: 'b' }],
      [{ name: 'X-A:', value: 'b' }],
      [{ name: 'X-A', value: 'a\r\nx-evil: 1' }],
      [{ name: 'X-A', value: 'Zürich' }],
      [{ name: 'X-A', value: '東京' }],
      [{ value: 'b' }],
      { 'X-A': 1 },
      '{"X-A":"b"}',
      '{"X-A":',
    ],
    timeout: ['', ' ', 30, '0.5', '0', '-1', '86401', 'soon'],
    maxResponse: ['', ' ', 1, '1.5', '0', '1073741825', 'much'],
  };
  judgesAsADeploy(values, says, readConfig, /^(URL|Headers|Timeout|Largest answer): expected /);

  for (const property of Object.keys(types)) {
    it(`${property}: takes none and a good one, marks one that a deploy does not find or cannot use`, () => {
      // `_ADD_` is what the list says for none while the dialog is open.
      for (const value of ['', '_ADD_', `${property} good`]) assert.equal(says(property, value), undefined, value);
      const other = property === 'tls' ? 'auth good' : 'tls good';
      for (const value of [`${property} incomplete`, `${property} disabled`, 'gone', other])
        assert.match(says(property, value) ?? '', /missing, disabled or not complete/, value);
    });
  }
});
