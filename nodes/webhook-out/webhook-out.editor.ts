import type { EditorNodeProperties, EditorRED } from 'node-red';

declare const RED: EditorRED;

interface HeaderRow {
  name: string;
  value: string;
}

interface OutProperties extends EditorNodeProperties {
  url: string;
  method: string;
  auth: string;
  headers: HeaderRow[];
  timeout: number;
  maxResponse: number;
  tls: string;
  proxy: string;
  allowLinkLocal: boolean;
}

const text = (key: string): string => RED._(`@surewire/node-red-webhooks/webhook-out:webhook-out.${key}`);

/** Node-RED takes a string as the reason only from a validator with two parameters; its types know booleans alone. */
function says(check: (value: unknown) => string | undefined) {
  return ((value: unknown, _options: unknown) => check(value) ?? true) as unknown as () => boolean;
}

/** An environment variable's value is known to the runtime alone. */
const isVariable = (value: unknown): boolean => /^\$\{[^}]+\}$/.test(String(value));

function badUrl(value: unknown): string | undefined {
  const url = typeof value === 'string' ? value.trim() : '';
  if (url === '' || isVariable(url)) return undefined;
  return /^https?:\/\/./i.test(url) && URL.canParse(url) ? undefined : text('error.url');
}

function outside(least: number, most: number, key: string) {
  return (value: unknown): string | undefined => {
    if (value === '' || value === undefined || isVariable(value)) return undefined;
    const number = Number(value);
    return number >= least && number <= most ? undefined : text(key);
  };
}

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

RED.nodes.registerType<OutProperties>('surewire-webhook-out', {
  category: 'webhooks',
  color: '#7FB7BE',
  icon: 'webhook-out.svg',
  inputs: 1,
  outputs: 1,
  defaults: {
    name: { value: '' },
    url: { value: '', validate: says(badUrl) },
    method: { value: 'POST' },
    auth: { value: '', type: 'surewire-webhook-auth', required: false },
    headers: { value: [] },
    timeout: { value: 30, validate: says(outside(0.001, 86_400, 'error.timeout')) },
    maxResponse: { value: 1_048_576, validate: says(outside(1, 1_073_741_824, 'error.maxResponse')) },
    tls: { value: '', type: 'tls-config', required: false },
    proxy: { value: '', type: 'http proxy', required: false },
    allowLinkLocal: { value: false },
  },
  paletteLabel: 'webhook out',
  label() {
    return this.name || (URL.canParse(this.url) ? new URL(this.url).host : '') || 'webhook out';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels: () => text('label.response'),
  oneditprepare() {
    const list = $('#node-input-headers-container').css('min-height', '120px');
    list.editableList({
      addItem(container, _index, row: Partial<HeaderRow>) {
        const line = $('<div>', { class: 'surewire-out-header' }).appendTo(container);
        const field = (name: keyof HeaderRow): void => {
          $('<input>', { type: 'text', class: `surewire-out-header-${name}`, placeholder: text(`placeholder.${name}`) })
            .val(row[name] ?? '')
            .appendTo(line);
        };
        field('name');
        field('value');
      },
      removable: true,
      sortable: true,
      height: 'auto',
    });
    for (const row of headerRows(this.headers)) list.editableList('addItem', row);
  },
  oneditsave() {
    const rows: HeaderRow[] = [];
    $('#node-input-headers-container')
      .editableList('items')
      .each((_index, item) => {
        const name = String($(item).find('.surewire-out-header-name').val()).trim();
        if (name !== '') rows.push({ name, value: String($(item).find('.surewire-out-header-value').val()) });
      });
    this.headers = rows;
  },
});
