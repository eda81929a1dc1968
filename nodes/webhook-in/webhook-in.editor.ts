import { configField, field, numberField, readField, styleForms, textOf, wrong } from '../shared/editor/fields';
import { anyChanged, openFold, showDefaults, showRows } from '../shared/editor/form';
import type { EditorNode, EditorProperty } from '../shared/editor/red';
import { jsonErrorPosition } from '../shared/json-position';
import { compileTemplate } from '../shared/template';
import { compilePath } from './paths';
import { parseStatuses } from './refusal';
import { compileSplit } from './split';

const SET = 'webhook-in';
const METHODS = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE'];
const say = (node: EditorNode, key: string, values?: Record<string, unknown>): string =>
  node._(`${SET}.${key}`, values);
const number = (property: string, value: number, min: number, max: number): EditorProperty => ({
  value,
  validate: numberField(SET, property, min, max),
});
const whole = (property: string, value: number | '', min: number, max: number): EditorProperty => ({
  value,
  validate: numberField(SET, property, min, max, 'whole'),
});
const template = (property: string): EditorProperty => ({
  value: '',
  validate: readField(SET, property, (value) => {
    const text = textOf(value).trim();
    if (text !== '') compileTemplate(text);
  }),
});

/** What the runtime, which has the compiler, says of a schema; '' = nothing. */
const verdicts = new Map<string, string>();

/** Asks the runtime about a schema, once. */
function judge(schema: string, then: (error: string) => void): void {
  const known = verdicts.get(schema);
  if (known !== undefined) return then(known);
  void $.ajax({
    url: 'surewire/webhook-in/schema',
    method: 'POST',
    contentType: 'application/json',
    data: JSON.stringify({ schema }),
  }).done(({ error = '' }: { error?: string }) => {
    verdicts.set(schema, error);
    then(error);
  });
}

/** What is wrong with a schema, as far as it is known by now. When the runtime knows more, the node is judged again. */
function schemaError(schema: string, node: EditorNode): string | undefined {
  const at = jsonErrorPosition(schema);
  if (at) return `line ${at.line}, column ${at.column}: this is not JSON`;
  if (!verdicts.has(schema)) {
    judge(schema, (error) => {
      if (error === '') return;
      RED.editor.validateNode(node);
      RED.view.redraw();
    });
  }
  return verdicts.get(schema) || undefined;
}

const defaults: Record<string, EditorProperty> = {
  name: { value: '' },
  path: { value: '', validate: readField(SET, 'path', (value) => compilePath(textOf(value))) },
  methods: {
    value: ['POST'],
    validate: field((value, node) =>
      Array.isArray(value) && value.length === 0 ? say(node, 'validate.methods') : undefined,
    ),
  },
  // Not `required: false`: Node-RED would take a blank one for good and never ask.
  auth: {
    value: '',
    type: 'surewire-webhook-auth',
    validate: configField(SET, 'surewire-webhook-auth', 'auth'),
  },
  answer: { value: 'accepted' },
  store: {
    value: '',
    type: 'surewire-event-store',
    validate: configField(SET, 'surewire-event-store', 'store', ({ answer }) => answer === 'stored'),
  },
  parse: { value: 'auto' },
  schema: {
    value: '',
    validate: field((value, node) => {
      const schema = textOf(value).trim();
      const error = schema === '' ? undefined : schemaError(schema, node);
      return error === undefined ? undefined : wrong(node, SET, 'schema', error);
    }),
  },
  split: { value: '', validate: readField(SET, 'split', (value) => compileSplit(textOf(value))) },
  raw: { value: false },
  eventId: template('eventId'),
  eventType: template('eventType'),
  device: template('device'),
  maxBody: whole('maxBody', 1048576, 1, 1073741824),
  readTimeout: number('readTimeout', 30, 0.1, 300),
  rateLimit: number('rateLimit', 0, 0, 1000000),
  rateBurst: whole('rateBurst', '', 1, 1000000),
  rateBy: { value: 'address' },
  answerStatus: whole('answerStatus', 202, 200, 299),
  answerTimeout: number('answerTimeout', 30, 0.1, 86400),
  redeliveries: whole('redeliveries', 5, 0, 1000),
  redeliveryBaseMs: number('redeliveryBaseMs', 1000, 0, 86400000),
  maxInFlight: whole('maxInFlight', 256, 1, 100000),
  maxBacklog: whole('maxBacklog', 10000, 1, 10000000),
  statuses: { value: '', validate: readField(SET, 'statuses', parseStatuses) },
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
    const checkSchema = (): void => {
      const input = $('#node-input-schema');
      const typed = (): string => textOf(input.val()).trim();
      const schema = typed();
      const hint = $('#surewire-webhook-in-schema').text('').removeClass('surewire-bad');
      if (schema === '') return;
      const known = verdicts.has(schema);
      judge(schema, (error) => {
        if (schema !== typed()) return;
        hint.text(error || say(this, 'hint.schemaGood')).toggleClass('surewire-bad', error !== '');
        // So that the field shows it too.
        if (!known) input.trigger('change');
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
