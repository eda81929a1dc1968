import { field, numberField, styleForms, textOf } from '../shared/editor/fields';
import { anyChanged, note, openFold, showDefaults, showRows } from '../shared/editor/form';
import type { EditorNode, EditorProperty, EditorRed } from '../shared/editor/red';
import { FAULTS, NO_FAULTS, parseFaults } from './faults';
import { isPrivateTarget, isTarget } from './target-url';

declare const RED: EditorRed & {
  events: { on(event: string, callback: (node: EditorNode) => void): void };
  utils: { validateTypedProperty(value: string, type: string, options: object): true | string };
};

const TOPIC = 'surewire-device-simulator/';
const SETTINGS = ['delayMs', 'offlineMs', 'clockSkewMs', 'burstSize', 'oversizeBytes'] as const;
const ADVANCED = ['count', 'seed', 'jitter', 'maxRate', 'batch', 'senderRetries', 'grace', 'autostart'];

/** Ids of the simulators that run, as the runtime tells. */
const running = new Set<string>();

function mark(id: string): void {
  const node = RED.nodes.node(id);
  if (node) node.running = running.has(id);
}

RED.comms.subscribe(`${TOPIC}#`, (topic, payload) => {
  const id = topic.slice(TOPIC.length);
  if ((payload as { running?: boolean }).running) running.add(id);
  else running.delete(id);
  mark(id);
});
RED.events.on('nodes:add', (node) => {
  if (node.type === 'surewire-device-simulator') node.running = running.has(node.id);
});

const number = (property: string, min: number, max: number, kind?: 'whole') =>
  numberField('device-simulator', property, min, max, kind);

styleForms();

const badFaults = (source: unknown): string | undefined => {
  try {
    parseFaults(source);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

const badUrl = (value: unknown, node: EditorNode): string | undefined => {
  if (node.target !== 'http' || isTarget(textOf(value).trim())) return undefined;
  return node._('device-simulator.error.url');
};

const badTemplate = (value: unknown, node: EditorNode): string | undefined => {
  const text = textOf(value);
  if (node.profile !== 'custom') return undefined;
  if (text.trim() === '') return node._('device-simulator.error.template');
  const verdict = RED.utils.validateTypedProperty(text, 'jsonata', {
    label: node._('device-simulator.label.template'),
  });
  return verdict === true ? undefined : String(verdict || node._('device-simulator.error.template'));
};

/** What of the node's faults has a row; a flow written by hand may hold anything. */
function knownFaults(source: unknown): Record<string, unknown> {
  let given: object = {};
  try {
    given = Object(typeof source === 'string' ? JSON.parse(source || '{}') : source);
  } catch {
    // The validator says so.
  }
  const rows: readonly string[] = [...FAULTS, ...SETTINGS];
  return Object.fromEntries(Object.entries(given).filter(([name]) => rows.includes(name)));
}

/** Adds what goes wrong as one row each, keeps the hidden field with the JSON up to date, and says what is wrong with it. */
function faultRows(node: EditorNode): void {
  const field = $('#node-input-faults');
  const complain = (source: unknown): void => {
    $('#surewire-simulator-faults-bad').text(badFaults(source) ?? '');
  };
  const known = knownFaults(node.faults);
  const grid = $('#surewire-simulator-faults').css({
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(112px, max-content) 86px)',
    gap: '6px 8px',
    alignItems: 'center',
  });
  const store = (): void => {
    field.val(Object.keys(known).length > 0 ? JSON.stringify(known) : '');
    field.trigger('change');
  };
  const add = (name: string, initial: string, attributes: Record<string, string>): void => {
    const id = `surewire-simulator-fault-${name}`;
    $('<label>', { for: id })
      .css({ width: 'auto', margin: 0 })
      .text(node._(`device-simulator.faults.${name}`))
      .appendTo(grid);
    const input = $('<input>', { type: 'number', id, placeholder: initial, ...attributes }).css('width', '86px');
    input.val(textOf(known[name]));
    input.on('change', () => {
      const text = String(input.val()).trim();
      if (text === '' || Number.isNaN(Number(text))) delete known[name];
      else known[name] = Number(text);
      store();
      complain(field.val());
    });
    input.appendTo(grid);
  };
  for (const name of FAULTS) add(name, '0', { min: '0', max: '1', step: '0.01' });
  for (const name of SETTINGS) add(name, String(NO_FAULTS[name]), {});
  store();
  complain(node.faults);
}

RED.nodes.registerType('surewire-device-simulator', {
  category: 'webhooks',
  color: '#7FB7BE',
  icon: 'device-simulator.svg',
  inputs: 1,
  outputs: 2,
  paletteLabel: 'device simulator',
  defaults: {
    name: { value: '' },
    devices: { value: 10, validate: number('devices', 1, 1_000_000, 'whole') },
    profile: { value: 'temperature' },
    template: { value: '', validate: field(badTemplate) },
    intervalMs: { value: 1000, validate: number('intervalMs', 1, 86_400_000) },
    jitter: { value: 0.1, validate: number('jitter', 0, 1) },
    count: { value: 0, validate: number('count', 0, 1e12, 'whole') },
    seed: { value: '' },
    maxRate: { value: 1000, validate: number('maxRate', 0.001, 1_000_000) },
    target: { value: 'message' },
    url: { value: '', validate: field(badUrl) },
    auth: { value: '', type: 'surewire-webhook-auth', required: false },
    batch: { value: 1, validate: number('batch', 1, 1000, 'whole') },
    senderRetries: { value: 5, validate: number('senderRetries', 0, 100, 'whole') },
    grace: { value: 5, validate: number('grace', 0, 86_400) },
    autostart: { value: false },
    faults: {
      value: '',
      validate: field(badFaults),
    },
  },
  label() {
    return this.name || 'device simulator';
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  inputLabels: () => RED._('@surewire/node-red-webhooks/device-simulator:device-simulator.port.input'),
  outputLabels(index) {
    const kind = index === 1 ? 'report' : this.target === 'http' ? 'answers' : 'events';
    return this._(`device-simulator.port.${kind}`);
  },
  button: {
    enabled() {
      return !this.changed;
    },
    onclick() {
      // Not the editor's `toggle`: a toggled button moves below the input port, where nobody can press it.
      const command = this.running ? 'stop' : 'start';
      const label = this.name || 'device simulator';
      $.ajax({ url: `${TOPIC}${this.id}/${command}`, type: 'POST' })
        .done(() => {
          RED.notify(this._(`device-simulator.notify.${command}`, { label }), { type: 'success', timeout: 2000 });
        })
        .fail((xhr) => {
          const reason = [401, 403, 404, 409].includes(xhr.status) ? xhr.status : 'other';
          RED.notify(this._(`device-simulator.notify.${reason}`, { label }), 'error');
        });
    },
  },
  oneditprepare() {
    showDefaults(this);
    const target = $('#node-input-target');
    const profile = $('#node-input-profile');
    const url = $('#node-input-url');
    const arrange = (): void => {
      const http = target.val() === 'http';
      showRows({
        '.surewire-simulator-http': http,
        '.surewire-simulator-custom': profile.val() === 'custom',
        '#surewire-simulator-foreign': http && !isPrivateTarget(String(url.val())),
      });
    };
    note($('#surewire-simulator-foreign'), 'warning', this._('device-simulator.hint.foreign'));
    target.on('change', arrange);
    profile.on('change', arrange);
    url.on('input change', arrange);
    faultRows(this);
    arrange();
    const { defaults } = this._def as { defaults: Record<string, EditorProperty> };
    const wrong = $('#surewire-simulator-faults-bad').text() !== '';
    openFold($('#surewire-simulator-faults-fold'), wrong || $('#node-input-faults').val() !== '');
    openFold($('#surewire-simulator-advanced-fold'), anyChanged(this, defaults, ADVANCED));
  },
});
