import {
  configField,
  type FieldValidator,
  field,
  isChosen,
  numberField,
  styleForms,
  textOf,
  whereChosen,
} from '../shared/editor/fields';
import { anyChanged, openFold, showDefaults } from '../shared/editor/form';
import type { EditorNode } from '../shared/editor/red';
import { readSchedule, readStatuses } from './lists';
import { DEFAULT_GIVE_UP_ON, DEFAULT_SCHEDULE } from './options';
import { duration, plan } from './plan';
import { scopePicker } from './scope-picker';

styleForms();

const input = (property: string): JQuery<HTMLElement> => $(`#node-input-${property}`);
const typed = (property: string): string => textOf(input(property).val());

const number = (property: string, min: number, max: number): FieldValidator => numberField('retry', property, min, max);
const complain = (node: EditorNode, property: string, key: string): string =>
  node._ ? node._(`retry.validate.${key}`, { field: node._(`retry.label.${property}`) }) : `${property}: ${key}`;
const count = (property: string): FieldValidator =>
  field((value, node) => (/^([1-9]\d*)?$/.test(textOf(value).trim()) ? undefined : complain(node, property, 'count')));

/** As the runtime reads it; the published types lack it. */
const isProperty = (text: string): boolean =>
  (RED as unknown as { utils: { validatePropertyExpression(text: string): unknown } }).utils.validatePropertyExpression(
    text,
  ) === true;

const DAY_MS = 86_400_000;

const DEFAULTS = {
  outcome: { value: 'automatic' },
  strategy: { value: 'exponential' },
  factor: { value: 2 },
  maxMs: { value: 3_600_000 },
  jitter: { value: 0.2 },
  maxAge: { value: 0 },
  timeout: { value: 30 },
  settleMs: { value: 150 },
  httpErrors: { value: true },
  giveUpOn: { value: DEFAULT_GIVE_UP_ON },
  throttleMinMs: { value: 60_000 },
  concurrency: { value: 16 },
  laneBy: { value: '' },
  drainRate: { value: 0 },
  maxWaiting: { value: 100_000 },
  deadLetterMax: { value: 10_000 },
  deadLetterMaxAge: { value: 2_592_000 },
  commands: { value: false },
};

/** Which properties each fold holds, so that one with something in it opens by itself. */
const FOLDS: Record<string, (keyof typeof DEFAULTS)[]> = {
  waits: ['factor', 'maxMs', 'jitter', 'maxAge'],
  outcome: ['outcome', 'timeout', 'settleMs', 'giveUpOn', 'throttleMinMs'],
  flow: ['concurrency', 'laneBy', 'drainRate', 'maxWaiting'],
  letters: ['deadLetterMax', 'deadLetterMaxAge'],
};

/** The waits that follow from the form as it is filled in. */
function planText(node: EditorNode): string {
  const strategy = typed('strategy') as 'exponential' | 'fixed' | 'schedule';
  const given = (property: string, fallback: number): number => Number(typed(property).trim() || fallback);
  const attempts = given('attempts', 10);
  const schedule = readSchedule(typed('schedule') || DEFAULT_SCHEDULE) ?? [];
  const options = {
    strategy,
    attempts,
    schedule,
    baseMs: given('baseMs', 1000),
    factor: given('factor', 2),
    maxMs: given('maxMs', 3_600_000),
    jitter: 0,
    throttleMinMs: 0,
  };
  if (!Number.isInteger(attempts) || attempts < 1) return '';
  if (attempts === 1) return node._('retry.text.planOne');
  const { waits, totalMs } = plan(options, 8);
  if (!Number.isFinite(totalMs)) return '';
  const shown = waits.map(duration).join(', ') + (attempts - 1 > waits.length ? ', ...' : '');
  return node._('retry.text.plan', { waits: shown, total: duration(totalMs) });
}

function refresh(node: EditorNode): void {
  const strategy = typed('strategy');
  const outcome = typed('outcome');
  $('[data-strategy]').each((_index, row) => {
    $(row).toggle(textOf($(row).attr('data-strategy')).split(' ').includes(strategy));
  });
  $('[data-outcome]').each((_index, row) => {
    $(row).toggle($(row).attr('data-outcome') === outcome);
  });
  $('[data-breaker]').toggle(input('breaker').is(':checked'));
  $('#surewire-retry-base').text(node._(strategy === 'fixed' ? 'retry.label.wait' : 'retry.label.firstWait'));
  $('#surewire-retry-plan').text(planText(node));
  $('#surewire-retry-outcome-hint').text(node._(`retry.outcomeHint.${outcome}`));
  const store = typed('store');
  $('#surewire-retry-store').text(node._(`retry.storeHint.${isChosen(store) ? 'shared' : 'private'}`));
}

let readScope: () => string[] | null = () => null;

RED.nodes.registerType('surewire-retry', {
  category: 'webhooks',
  color: '#7FB7BE',
  icon: 'retry.svg',
  inputs: 1,
  outputs: 3,
  paletteLabel: 'retry',
  defaults: {
    name: { value: '' },
    store: {
      value: '',
      type: 'surewire-event-store',
      required: false,
      validate: configField('retry', 'surewire-event-store', 'store', whereChosen),
    },
    outcome: DEFAULTS.outcome,
    scope: {
      value: null,
      type: '*[]',
      validate: field((value, node) => {
        const gone = Array.isArray(value) && value.some((id) => !RED.nodes.node(textOf(id)));
        return gone ? complain(node, 'scope', 'scope') : undefined;
      }),
    },
    strategy: DEFAULTS.strategy,
    baseMs: { value: 1000, validate: number('baseMs', 0, 365 * DAY_MS) },
    factor: { ...DEFAULTS.factor, validate: number('factor', 1, 1000) },
    maxMs: { ...DEFAULTS.maxMs, validate: number('maxMs', 0, 365 * DAY_MS) },
    jitter: { ...DEFAULTS.jitter, validate: number('jitter', 0, 1) },
    schedule: {
      value: DEFAULT_SCHEDULE,
      validate: field((value, node) =>
        textOf(value) === '' || readSchedule(textOf(value)) ? undefined : complain(node, 'schedule', 'schedule'),
      ),
    },
    attempts: { value: 10, validate: count('attempts') },
    maxAge: { ...DEFAULTS.maxAge, validate: number('maxAge', 0, 1e9) },
    timeout: { ...DEFAULTS.timeout, validate: number('timeout', 0, 1e9) },
    settleMs: { ...DEFAULTS.settleMs, validate: number('settleMs', 0, DAY_MS) },
    httpErrors: DEFAULTS.httpErrors,
    giveUpOn: {
      ...DEFAULTS.giveUpOn,
      validate: field((value, node) =>
        readStatuses(textOf(value)) ? undefined : complain(node, 'giveUpOn', 'statuses'),
      ),
    },
    throttleMinMs: { ...DEFAULTS.throttleMinMs, validate: number('throttleMinMs', 0, 365 * DAY_MS) },
    concurrency: { ...DEFAULTS.concurrency, validate: count('concurrency') },
    laneBy: {
      ...DEFAULTS.laneBy,
      validate: field((value, node) => {
        const text = textOf(value)
          .trim()
          .replace(/^msg\./, '');
        return text === '' || isProperty(text) ? undefined : complain(node, 'laneBy', 'property');
      }),
    },
    drainRate: { ...DEFAULTS.drainRate, validate: number('drainRate', 0, 1e6) },
    maxWaiting: { ...DEFAULTS.maxWaiting, validate: count('maxWaiting') },
    deadLetterMax: { ...DEFAULTS.deadLetterMax, validate: count('deadLetterMax') },
    deadLetterMaxAge: { ...DEFAULTS.deadLetterMaxAge, validate: number('deadLetterMaxAge', 0, 1e12) },
    breaker: { value: false },
    breakerThreshold: { value: 0.7, validate: number('breakerThreshold', 0.01, 1) },
    breakerMinimum: { value: 10, validate: count('breakerMinimum') },
    breakerWindow: { value: 300, validate: number('breakerWindow', 0.1, 1e9) },
    breakerOpen: { value: 30, validate: number('breakerOpen', 0.1, 1e9) },
    commands: DEFAULTS.commands,
  },
  label() {
    return this.name || (this._ ? this._('retry.palette') : 'retry');
  },
  labelStyle() {
    return this.name ? 'node_label_italic' : '';
  },
  outputLabels(index: number) {
    const port = ['attempt', 'gaveUp', 'succeeded'][index] ?? '';
    return this._ ? this._(`retry.ports.${port}`) : port;
  },
  oneditprepare() {
    showDefaults(this);
    readScope = scopePicker(this);
    $('#dialog-form').on('input change', 'input, select', () => refresh(this));
    refresh(this);
    for (const [fold, properties] of Object.entries(FOLDS)) {
      openFold($(`#surewire-retry-${fold}`), anyChanged(this, DEFAULTS, properties));
    }
    if (Array.isArray(this.scope)) openFold($('#surewire-retry-outcome'), true);
    openFold($('#surewire-retry-breaker'), this.breaker === true);
    if (this.commands === true) openFold($('#surewire-retry-letters'), true);
  },
  oneditsave() {
    this.scope = readScope();
  },
});
