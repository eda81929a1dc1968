import assert from 'node:assert/strict';
import { complaint, editorDefinition } from '../support/editor-definitions';

describe('the form of retry', () => {
  const definition = editorDefinition('retry', {
    good: { type: 'surewire-event-store' },
    incomplete: { type: 'surewire-event-store', valid: false },
    disabled: { type: 'surewire-event-store', d: true },
    next: { type: 'debug' },
  });
  const values: Record<string, [good: unknown[], bad: unknown[]]> = {
    store: [
      [undefined, '', '_ADD_', 'good'],
      ['incomplete', 'disabled', 'deleted', 'next'],
    ],
    scope: [
      [undefined, null, [], ['next']],
      [['deleted'], ['next', 'deleted']],
    ],
    laneBy: [
      [undefined, '', ' ', 'topic', 'event.device', 'msg.event.device', 'payload["my id"]', 'payload[0]'],
      ['event..device', 'payload[', "payload['a", 'event.', '.event', 'a b', 'payload[0'],
    ],
  };
  for (const [property, [good, bad]] of Object.entries(values)) {
    for (const value of [...good, ...bad]) {
      const expected = good.includes(value);
      it(`${property} ${JSON.stringify(value)} is ${expected ? 'good' : 'marked'}`, () => {
        const said = complaint('retry', definition, property, value);
        assert.equal(said === undefined, expected, said);
      });
    }
  }
});
