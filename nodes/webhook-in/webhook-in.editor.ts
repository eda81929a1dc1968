import { field, jsonField, numberField, styleForms, textOf } from '../shared/editor/fields';
import { anyChanged, openFold, showDefaults, showRows } from '../shared/editor/form';
import type { EditorNode, EditorProperty } from '../shared/editor/red';

const METHODS = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE'];
const say = (node: EditorNode, key: string, values?: Record<string, unknown>): string =>
  node._(`webhook-in.${key}`, values);
const number = (property: string, value: number | '', min: number, max: number): EditorProperty => ({
  value,
  validate: numberField('webhook-in', property, min, max),
});
const chosen = (value: unknown): boolean => typeof value === 'string' && value !== '' && value !== '_ADD_';

const defaults: Record<string, EditorProperty> = {
  name: { value: '' },
  path: {
    value: '',
    validate: field((value, node) => (/^\/?[^\s?#]+$/.test(textOf(value)) ? undefined : say(node, 'validate.path'))),
  },
  methods: {
    value: ['POST'],
    validate: field((value, node) =>
      Array.isArray(value) && value.length === 0 ? say(node, 'validate.methods') : undefined,
    ),
  },
  auth: {
    value: '',
    type: 'surewire-webhook-auth',
    required: false,
    validate: field((value, node) => (chosen(value) ? undefined : say(node, 'validate.auth'))),
  },
  answer: { value: 'accepted' },
  store: {
    value: '',
    type: 'surewire-event-store',
    required: false,
    validate: field((value, node) =>
      node.answer !== 'stored' || chosen(value) ? undefined : say(node, 'validate.store'),
    ),
  },
  parse: { value: 'auto' },
  schema: { value: '', validate: jsonField('webhook-in', 'schema') },
  split: {
    value: '',
    validate: field((value, node) => (/^($|\/|#)/.test(textOf(value)) ? undefined : say(node, 'validate.pointer'))),
  },
  raw: { value: false },
  eventId: { value: '' },
  eventType: { value: '' },
  device: { value: '' },
  maxBody: number('maxBody', 1048576, 1, 1073741824),
  readTimeout: number('readTimeout', 30, 0.1, 3600),
  rateLimit: number('rateLimit', 0, 0, 1000000),
  rateBurst: number('rateBurst', '', 1, 1000000),
  rateBy: { value: 'address' },
  answerStatus: number('answerStatus', 202, 200, 299),
  answerTimeout: number('answerTimeout', 30, 0.1, 86400),
  redeliveries: number('redeliveries', 5, 0, 1000),
  redeliveryBaseMs: number('redeliveryBaseMs', 1000, 0, 86400000),
  maxInFlight: number('maxInFlight', 256, 1, 100000),
  maxBacklog: number('maxBacklog', 10000, 1, 10000000),
  statuses: { value: '', validate: jsonField('webhook-in', 'statuses') },
};

/** What each fold holds; it stands open where something in it differs from the default. */
const FOLDS: Record<string, string[]> = {
  content: ['parse', 'schema', 'split', 'raw'],
  identity: ['eventId', 'eventType', 'device'],
  limits: ['maxBody', 'readTimeout', 'rateLimit', 'rateBurst', 'rateBy'],
  answering: [
    'answerStatus',
    'answerTimeout',
    'redeliveries',
    'redeliveryBaseMs',
    'maxInFlight',
    'maxBacklog',
    'statuses',
  ],
};

styleForms();

RED.nodes.registerType('surewire-webhook-in', {
  category: 'webhooks',
  color: '#7FB7BE',
  icon: 'webhook-in.svg',
  inputs: 0,
  outputs: 2,
  paletteLabel: 'webhook in',
  defaults,
  label() {
    return this.name || textOf(this.path) || say(this, 'palette');
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index: number) {
    return say(this, index === 0 ? 'ports.accepted' : 'ports.refused');
  },
  oneditprepare() {
    showDefaults(this);
    // A flow written by hand may hold the object itself.
    const { statuses } = this as unknown as { statuses?: unknown };
    if (typeof statuses === 'object' && statuses !== null) $('#node-input-statuses').val(JSON.stringify(statuses));
    const given = Array.isArray(this.methods) ? (this.methods as string[]) : ['POST'];
    const methods = $('#surewire-webhook-in-methods');
    for (const method of METHODS) {
      const box = $('<input type="checkbox">').val(method).prop('checked', given.includes(method));
      $('<label>').append(box, ` ${method}`).appendTo(methods);
    }
    const showUrl = (): void => {
      const root = (textOf(RED.settings.httpNodeRoot) || '/').replace(/\/$/, '');
      const path = String($('#node-input-path').val() ?? '').replace(/^\/*/, '/');
      $('#surewire-webhook-in-url').text(say(this, 'hint.url', { url: `${location.origin}${root}${path}` }));
    };
    const showAnswer = (): void => {
      const answer = String($('#node-input-answer').val() ?? 'accepted');
      $('#surewire-webhook-in-answer').text(say(this, `answerHint.${answer}`));
      showRows({
        '.surewire-for-stored': answer === 'stored',
        '.surewire-for-flow': answer === 'flow',
        '.surewire-for-status': answer !== 'flow',
      });
    };
    let asked = 0;
    const checkSchema = (): void => {
      asked += 1;
      const asking = asked;
      const schema = String($('#node-input-schema').val() ?? '').trim();
      const hint = $('#surewire-webhook-in-schema').text('').removeClass('surewire-bad');
      if (!schema) return;
      void $.ajax({
        url: 'surewire/webhook-in/schema',
        method: 'POST',
        contentType: 'application/json',
        data: JSON.stringify({ schema }),
      }).done((answer: { error?: string }) => {
        if (asking !== asked) return;
        hint.text(answer.error ?? say(this, 'hint.schemaGood')).toggleClass('surewire-bad', answer.error !== undefined);
      });
    };
    $('#node-input-path').on('input', showUrl);
    $('#node-input-answer').on('change', showAnswer);
    $('#node-input-schema').on('change', checkSchema);
    showUrl();
    showAnswer();
    checkSchema();
    for (const [fold, properties] of Object.entries(FOLDS)) {
      openFold($(`#surewire-webhook-in-${fold}`), anyChanged(this, defaults, properties));
    }
  },
  oneditsave() {
    this.methods = $('#surewire-webhook-in-methods input:checked')
      .map((_index, box) => String($(box).val()))
      .get();
  },
});
