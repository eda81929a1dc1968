import { field, numberField, styleForms, textOf } from '../shared/editor/fields';
import { anyChanged, openFold, showDefaults } from '../shared/editor/form';
import type { EditorNode } from '../shared/editor/red';

interface HeaderRow {
  name: string;
  value: string;
}

const LIST = '#node-input-headers-container';

/** `canParse` and nothing more: the scheme is looked at by itself, because `http:x` parses too. */
const isUrl = (text: string): boolean => /^https?:\/\/./i.test(text) && URL.canParse(text);

/** A flow written by hand may hold the headers as an object or as its JSON text. */
function headerRows(field: unknown): HeaderRow[] {
  let value = field;
  if (typeof field === 'string') {
    try {
      value = JSON.parse(field);
    } catch {
      return [];
    }
  }
  if (Array.isArray(value)) return value as HeaderRow[];
  return Object.entries(value ?? {}).map(([name, entry]) => ({ name, value: String(entry) }));
}

const SET = 'webhook-out';

const defaults = {
  name: { value: '' },
  url: {
    value: '',
    validate: field((value, node) => {
      const url = textOf(value).trim();
      return url === '' || isUrl(url) ? undefined : node._('webhook-out.validate.url');
    }),
  },
  method: { value: 'POST' },
  auth: { value: '', type: 'surewire-webhook-auth', required: false },
  headers: { value: [] as HeaderRow[] },
  timeout: { value: 30, validate: numberField(SET, 'timeout', 0.001, 86_400) },
  maxResponse: { value: 1_048_576, validate: numberField(SET, 'maxResponse', 1, 1_073_741_824) },
  tls: { value: '', type: 'tls-config', required: false },
  proxy: { value: '', type: 'http proxy', required: false },
  allowLinkLocal: { value: false },
};

const ADVANCED = ['method', 'timeout', 'maxResponse', 'tls', 'proxy'];

function prepareHeaders(node: EditorNode): void {
  $(LIST).editableList({
    addItem(container: JQuery, _index: number, row: Partial<HeaderRow>) {
      const line = $('<div>').css({ display: 'flex', gap: '8px' }).appendTo(container);
      for (const part of ['name', 'value'] as const) {
        $('<input>', { type: 'text', 'data-part': part, placeholder: node._(`webhook-out.placeholder.${part}`) })
          .css({ flex: '1 1 0', minWidth: 0 })
          .val(row[part] ?? '')
          .appendTo(line);
      }
    },
    removable: true,
    sortable: true,
    height: 'auto',
  });
  for (const row of headerRows(node.headers)) $(LIST).editableList('addItem', row);
}

function enteredHeaders(): HeaderRow[] {
  const rows: HeaderRow[] = [];
  $(LIST)
    .editableList('items')
    .each((_index: number, item: HTMLElement) => {
      const part = (name: string): string => String($(item).find(`[data-part="${name}"]`).val() ?? '');
      const name = part('name').trim();
      if (name !== '') rows.push({ name, value: part('value') });
    });
  return rows;
}

styleForms();

RED.nodes.registerType('surewire-webhook-out', {
  category: 'webhooks',
  color: '#7FB7BE',
  icon: 'webhook-out.svg',
  inputs: 1,
  outputs: 1,
  defaults,
  paletteLabel: 'webhook out',
  label() {
    const url = textOf(this.url);
    return this.name || (isUrl(url) ? new URL(url).host : '') || 'webhook out';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels() {
    return this._('webhook-out.label.response');
  },
  oneditprepare() {
    showDefaults(this);
    prepareHeaders(this);
    const changed = this.allowLinkLocal === true || headerRows(this.headers).length > 0;
    openFold($('#dialog-form details.surewire-advanced'), changed || anyChanged(this, defaults, ADVANCED));
  },
  oneditsave() {
    this.headers = enteredHeaders();
  },
});
