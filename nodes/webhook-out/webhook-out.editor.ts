import { configField, numberField, readField, styleForms, textOf, whereChosen } from '../shared/editor/fields';
import { anyChanged, openFold, showDefaults } from '../shared/editor/form';
import type { EditorNode, EditorProperty } from '../shared/editor/red';
import { targetUrl } from './config';
import { configuredHeaders } from './request-headers';

interface HeaderRow {
  name: string;
  value: string;
}

const LIST = '#node-input-headers-container';

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

function hostOf(url: string): string {
  try {
    return targetUrl(url, 'url').host;
  } catch {
    return '';
  }
}

const SET = 'webhook-out';

const config = (property: string, type: string): EditorProperty => ({
  value: '',
  type,
  required: false,
  validate: configField(SET, type, property, whereChosen),
});

const defaults = {
  name: { value: '' },
  url: {
    value: '',
    validate: readField(SET, 'url', (value) => {
      const text = textOf(value).trim();
      if (text !== '') targetUrl(text, 'url');
    }),
  },
  method: { value: 'POST' },
  auth: config('auth', 'surewire-webhook-auth'),
  headers: { value: [] as HeaderRow[], validate: readField(SET, 'headers', configuredHeaders) },
  timeout: { value: 30, validate: numberField(SET, 'timeout', 0.001, 86_400) },
  maxResponse: { value: 1_048_576, validate: numberField(SET, 'maxResponse', 1, 1_073_741_824) },
  tls: config('tls', 'tls-config'),
  proxy: config('proxy', 'http proxy'),
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
    return this.name || hostOf(textOf(this.url)) || 'webhook out';
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
