import assert from 'node:assert/strict';
import { complaint, editorDefinition } from '../support/editor-definitions';

describe('the form of dedupe', () => {
  const definition = editorDefinition('dedupe', {
    good: { type: 'surewire-event-store' },
    incomplete: { type: 'surewire-event-store', valid: false },
    disabled: { type: 'surewire-event-store', d: true },
    next: { type: 'debug' },
  });
  const stores = { good: [undefined, '', '_ADD_', 'good'], marked: ['incomplete', 'disabled', 'deleted', 'next'] };
  for (const [expected, values] of Object.entries(stores)) {
    for (const value of values) {
      it(`store ${JSON.stringify(value)} is ${expected}`, () => {
        const said = complaint('dedupe', definition, 'store', value);
        assert.equal(said === undefined, expected === 'good', said);
      });
    }
  }
});
