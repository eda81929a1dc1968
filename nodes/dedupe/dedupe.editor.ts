import type { EditorRED } from 'node-red';
import { configField, field, numberField, styleForms, textOf, whereChosen } from '../shared/editor/fields';
import { anyChanged, openFold, showRows } from '../shared/editor/form';
import type { EditorNode } from '../shared/editor/red';

declare const RED: EditorRED;

const text = (node: unknown, key: string, values?: Record<string, unknown>): string =>
  (node as EditorNode)._(`dedupe.${key}`, values);

/** The window as people say it. */
function spoken(node: unknown, value: unknown): string {
  const seconds = Number(value);
  if (!Number.isFinite(seconds) || seconds <= 0) return '';
  const [count, unit] =
    seconds >= 172_800
      ? [seconds / 86_400, 'days']
      : seconds >= 7200
        ? [seconds / 3600, 'hours']
        : [seconds / 60, 'minutes'];
  return seconds < 120 ? '' : text(node, `hint.${unit}`, { count: Math.round(count * 10) / 10 });
}

/** Asks the running node to forget its keys. */
function forget(node: EditorNode): void {
  const said = $('#surewire-dedupe-forgotten').removeClass('surewire-bad').text('');
  void $.ajax({ url: `surewire/dedupe/${encodeURIComponent(node.id)}/forget`, method: 'POST' })
    .done((answer: { forgotten: number }) => said.text(text(node, 'hint.forgotten', { count: answer.forgotten })))
    .fail((answer) => {
      const { error } = (answer.responseJSON ?? {}) as { error?: string };
      const reason = answer.status === 401 || answer.status === 403 ? text(node, 'hint.notAllowed') : error;
      said.addClass('surewire-bad').text(reason ?? text(node, 'hint.unreachable'));
    });
}

styleForms();

const defaults = {
  name: { value: '' },
  store: {
    value: '',
    type: 'surewire-event-store',
    required: false,
    validate: configField('dedupe', 'surewire-event-store', 'store', whereChosen),
  },
  keyType: { value: 'event' },
  key: {
    value: '',
    validate: field((value, node) => {
      const needed = node.keyType === 'msg' || node.keyType === 'jsonata';
      return needed && textOf(value).trim() === '' ? text(node, `validate.${String(node.keyType)}`) : undefined;
    }),
  },
  window: { value: 345600, validate: numberField('dedupe', 'window', 0.001, 31_536_000_000) },
  namespace: { value: '' },
  confirm: { value: 'arrival' },
  lease: { value: 60, validate: numberField('dedupe', 'lease', 0.001, 31_536_000) },
  missing: { value: 'pass' },
  maxKeys: { value: 100000, validate: numberField('dedupe', 'maxKeys', 1, 100_000_000, 'whole') },
  commands: { value: false },
};

RED.nodes.registerType('surewire-dedupe', {
  category: 'webhooks',
  color: '#7FB7BE',
  icon: 'dedupe.svg',
  inputs: 1,
  outputs: 2,
  paletteLabel: 'dedupe',
  defaults: defaults as never,
  label() {
    return this.name || text(this, 'palette');
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index: number) {
    return text(this, index === 0 ? 'ports.first' : 'ports.duplicate');
  },
  oneditprepare() {
    const node = this as unknown as EditorNode;
    for (const [property, { value }] of Object.entries(defaults)) {
      // An older flow may lack the field: it behaves as with the default, so the form shows that.
      const input = $(`#node-input-${property}`);
      if (node[property] !== undefined && node[property] !== null) continue;
      if (input.is(':checkbox')) input.prop('checked', value);
      else if (property !== 'store') input.val(String(value));
    }
    const showKey = (): void => {
      const keyType = String($('#node-input-keyType').val() ?? 'event');
      const written = keyType === 'msg' || keyType === 'jsonata';
      showRows({ '#surewire-dedupe-key': written });
      $('#surewire-dedupe-keyType').text(text(node, `keyHint.${keyType}`));
      if (written) $('#node-input-key').typedInput('types', [keyType as 'msg' | 'jsonata']);
    };
    const showConfirm = (): void => {
      const confirm = String($('#node-input-confirm').val() ?? 'arrival');
      $('#surewire-dedupe-confirm').text(text(node, `confirmHint.${confirm}`));
      showRows({ '#surewire-dedupe-lease': confirm === 'success' });
    };
    const showWindow = (): void => {
      $('#surewire-dedupe-window').text(spoken(node, $('#node-input-window').val()));
    };
    $('#node-input-key').typedInput({ types: ['msg', 'jsonata'], default: 'msg' });
    $('#node-input-keyType').on('change', showKey);
    $('#node-input-confirm').on('change', showConfirm);
    $('#node-input-window').on('input', showWindow);
    showKey();
    showConfirm();
    showWindow();
    $('#surewire-dedupe-forget').on('click', () => forget(node));
    openFold(
      $('#dialog-form details.surewire-advanced'),
      anyChanged(node, defaults, ['missing', 'lease', 'namespace', 'maxKeys', 'commands']),
    );
  },
});
