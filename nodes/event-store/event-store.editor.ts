import { field, numberField, styleForms, textOf } from '../shared/editor/fields';
import { anyChanged, openFold, showRows } from '../shared/editor/form';

styleForms();

/** What the form offers. */
const KINDS = ['memory', 'disk'];

const defaults = {
  name: { value: '' },
  kind: {
    value: 'memory',
    validate: field((value, node) => {
      const kind = textOf(value) || 'memory';
      if (KINDS.includes(kind)) return undefined;
      return node._(`event-store.validate.${kind === 'redis' ? 'redis' : 'kind'}`);
    }),
  },
  directory: { value: 'surewire' },
  commitMs: { value: '0', validate: numberField('event-store', 'commitMs', 0, 10_000) },
};

RED.nodes.registerType('surewire-event-store', {
  category: 'config',
  paletteLabel: 'event store',
  defaults,
  credentials: { url: { type: 'password' } },
  label() {
    if (this.name) return this.name;
    const kind = textOf(this.kind) || 'memory';
    const directory = textOf(this.directory).trim() || 'surewire';
    if (!this._) return kind === 'disk' ? `disk: ${directory}` : kind;
    return this._(`event-store.name.${KINDS.includes(kind) ? kind : 'other'}`, { directory, kind });
  },
  oneditprepare() {
    const kind = $('#node-config-input-kind');
    const saved = textOf(this.kind) || 'memory';
    // A kind that a flow file names but the form does not offer stays visible, and is not changed unnoticed.
    if (!KINDS.includes(saved)) $('<option>').val(saved).text(saved).appendTo(kind);
    kind.val(saved);
    // A flow file may lack a field: it behaves as with the default, so the form shows that.
    for (const property of ['directory', 'commitMs'] as const)
      if (textOf(this[property]) === '') $(`#node-config-input-${property}`).val(defaults[property].value);
    const show = (): void => {
      const chosen = textOf(kind.val());
      showRows({ '.surewire-store-disk': chosen === 'disk' });
      $('#surewire-store-kind-hint').text(KINDS.includes(chosen) ? this._(`event-store.hint.${chosen}`) : '');
    };
    kind.on('change', show);
    show();
    openFold($('#surewire-store-advanced'), anyChanged(this, defaults, ['commitMs']));
  },
});
