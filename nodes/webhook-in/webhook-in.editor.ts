import type { EditorNodeInstance, EditorNodeProperties, EditorRED } from 'node-red';
import { jsonField, numberField, styleForms } from '../shared/editor/fields';

declare const RED: EditorRED;

interface Properties extends EditorNodeProperties {
  path: string;
  methods: string[];
  auth: string;
  store: string;
  answer: 'accepted' | 'stored' | 'flow';
}

const METHODS = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE'];

type Translator = { _(key: string, values?: Record<string, unknown>): string };
const text = (node: unknown, key: string, values?: Record<string, unknown>): string => (node as Translator)._(`webhook-in.${key}`, values);

styleForms();

RED.nodes.registerType('surewire-webhook-in', {
  category: 'webhooks',
  color: '#7FB7BE',
  icon: 'webhook-in.svg',
  inputs: 0,
  outputs: 2,
  paletteLabel: 'webhook in',
  defaults: {
    name: { value: '' },
    path: {
      value: '',
      validate(value: string) {
        return /^\/?[^\s?#]+$/.test(value ?? '') || (text(this, 'validate.path') as unknown as boolean);
      },
    },
    methods: {
      value: ['POST'],
      validate(value: unknown) {
        return !Array.isArray(value) || value.length > 0 || (text(this, 'validate.methods') as unknown as boolean);
      },
    },
    auth: {
      value: '',
      type: 'surewire-webhook-auth',
      required: false,
      validate(value: string) {
        return (value && value !== '_ADD_') || (text(this, 'validate.auth') as unknown as boolean);
      },
    },
    answer: { value: 'accepted' },
    store: {
      value: '',
      type: 'surewire-event-store',
      required: false,
      validate(value: string) {
        return this.answer !== 'stored' || (value && value !== '_ADD_') || (text(this, 'validate.store') as unknown as boolean);
      },
    },
    parse: { value: 'auto' },
    schema: { value: '', validate: jsonField('webhook-in', 'schema') },
    split: {
      value: '',
      validate(value: string) {
        return !value || value.startsWith('/') || (text(this, 'validate.pointer') as unknown as boolean);
      },
    },
    raw: { value: false },
    eventId: { value: '' },
    eventType: { value: '' },
    device: { value: '' },
    maxBody: { value: 1048576, validate: numberField('webhook-in', 'maxBody', 1, 1073741824) },
    readTimeout: { value: 30, validate: numberField('webhook-in', 'readTimeout', 0.1, 3600) },
    rateLimit: { value: 0, validate: numberField('webhook-in', 'rateLimit', 0, 1000000) },
    rateBurst: { value: '', validate: numberField('webhook-in', 'rateBurst', 1, 1000000) },
    rateBy: { value: 'address' },
    answerStatus: { value: 202, validate: numberField('webhook-in', 'answerStatus', 200, 299) },
    answerTimeout: { value: 30, validate: numberField('webhook-in', 'answerTimeout', 0.1, 86400) },
    redeliveries: { value: 5, validate: numberField('webhook-in', 'redeliveries', 0, 1000) },
    redeliveryBaseMs: { value: 1000, validate: numberField('webhook-in', 'redeliveryBaseMs', 0, 86400000) },
    maxInFlight: { value: 256, validate: numberField('webhook-in', 'maxInFlight', 1, 100000) },
    maxBacklog: { value: 10000, validate: numberField('webhook-in', 'maxBacklog', 1, 10000000) },
    statuses: { value: '', validate: jsonField('webhook-in', 'statuses') },
  },
  label() {
    return this.name || this.path || text(this, 'palette');
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index: number) {
    return text(this, index === 0 ? 'ports.accepted' : 'ports.refused');
  },
  oneditprepare() {
    const node = this as unknown as EditorNodeInstance<Properties>;
    const methods = $('#surewire-webhook-in-methods');
    for (const method of METHODS) {
      const box = $('<input type="checkbox">').val(method).prop('checked', (node.methods ?? ['POST']).includes(method));
      $('<label>').append(box, ` ${method}`).appendTo(methods);
    }
    const showUrl = (): void => {
      const root = ((RED.settings as unknown as { httpNodeRoot?: string | false }).httpNodeRoot || '/').replace(/\/$/, '');
      const path = String($('#node-input-path').val() ?? '').replace(/^\/*/, '/');
      $('#surewire-webhook-in-url').text(text(node, 'hint.url', { url: `${location.origin}${root}${path}` }));
    };
    const showAnswer = (): void => {
      const answer = String($('#node-input-answer').val() ?? 'accepted');
      $('#surewire-webhook-in-answer').text(text(node, `answerHint.${answer}`));
      $('[data-for-answer]').each((_index, row) => {
        $(row).toggle(String($(row).attr('data-for-answer')).split(' ').includes(answer));
      });
    };
    let asked = 0;
    const checkSchema = (): void => {
      asked += 1;
      const asking = asked;
      const schema = String($('#node-input-schema').val() ?? '').trim();
      const hint = $('#surewire-webhook-in-schema').text('').removeClass('surewire-bad');
      if (!schema) return;
      void $.ajax({ url: 'surewire/webhook-in/schema', method: 'POST', contentType: 'application/json', data: JSON.stringify({ schema }) }).done(
        (answer: { error?: string }) => {
          if (asking !== asked) return;
          hint.text(answer.error ?? text(node, 'hint.schemaGood')).toggleClass('surewire-bad', answer.error !== undefined);
        },
      );
    };
    $('#node-input-path').on('input', showUrl);
    $('#node-input-answer').on('change', showAnswer);
    $('#node-input-schema').on('change', checkSchema);
    showUrl();
    showAnswer();
    checkSchema();
  },
  oneditsave() {
    const chosen = $('#surewire-webhook-in-methods input:checked')
      .map((_index, box) => String($(box).val()))
      .get();
    (this as unknown as Properties).methods = chosen;
  },
});
