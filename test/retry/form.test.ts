import { complaint, editorDefinition } from '../support/editor-definitions';
import { marks, STORES } from '../support/form-rows';

describe('the form of retry', () => {
  const definition = editorDefinition('retry', STORES.known);
  const values: Record<string, [good: unknown[], bad: unknown[]]> = {
    store: STORES.values,
    scope: [
      [undefined, null, [], ['next']],
      [['deleted'], ['next', 'deleted']],
    ],
    laneBy: [
      [undefined, '', ' ', 'topic', 'event.device', 'msg.event.device', 'payload["my id"]', 'payload[0]'],
      ['event..device', 'payload[', "payload['a", 'event.', '.event', 'a b', 'payload[0'],
    ],
  };
  marks(values, (property, value) => complaint('retry', definition, property, value));
});
