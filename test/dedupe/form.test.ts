import { complaint, editorDefinition } from '../support/editor-definitions';
import { marks, STORES } from '../support/form-rows';

describe('the form of dedupe', () => {
  const definition = editorDefinition('dedupe', STORES.known);
  marks(
    {
      store: STORES.values,
      maxKeys: [
        ['', '1', '100000'],
        ['1.5', '0', 'x'],
      ],
    },
    (property, value) => complaint('dedupe', definition, property, value),
  );
});
