import { field, numberField, styleForms, textOf } from '../shared/editor/fields';
import { anyChanged, note, openFold, showRows } from '../shared/editor/form';
import type { EditorNode } from '../shared/editor/red';
import { badAddress } from './address-text';
import { badgeOf } from './badge';
import { contentParts } from './content-check';
import type { Descriptor } from './descriptor';
import { newSecret, secretFits, secretForm } from './new-secret';
import { parseDescriptor, readDescriptor } from './read-descriptor';
import { SCHEMES } from './schemes';
import { readPublicUrl } from './sender-url';

styleForms();

const OTHERS = ['custom', 'token', 'basic', 'none'];
/** What Node-RED puts into the field of a stored password instead of the password. */
const STORED = '__PWRD__';
/** What a maker starts from. */
const EXAMPLE = `{
  "sig": { "header": "x-signature", "alg": "hmac-sha256", "encoding": "hex" },
  "content": "{body}"
}`;

/** The node whose dialog is open: its validators look at the form, all others at the saved node. */
let open: string | undefined;

const input = (property: string): JQuery<HTMLElement> => $(`#node-config-input-${property}`);
const typed = (property: string): string => textOf(input(property).val());

function now(node: EditorNode, property: string): string {
  return open === node.id ? typed(property) : textOf(node[property]);
}

/** The descriptor in use, or what is wrong with it. */
function descriptorNow(scheme: string, descriptor: string): Descriptor | string | undefined {
  const row = SCHEMES[scheme];
  if (row) return readDescriptor(row.descriptor);
  if (scheme !== 'custom') return undefined;
  try {
    return parseDescriptor(descriptor);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function signsUrl(descriptor: Descriptor): boolean {
  return contentParts(descriptor.content).some(({ kind }) => kind === 'url' || kind === 'path' || kind === 'query');
}

/** Whether the scheme signs; only then the runtime looks at the time and the URL. */
const signs = (node: EditorNode): boolean => !['token', 'basic', 'none'].includes(now(node, 'scheme'));

function isPublicUrl(text: string): boolean {
  try {
    readPublicUrl(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether a typed secret can be used; one that is stored was judged when it was typed. */
function fits(secret: string, scheme: string, tokenFrom: string, descriptor: string): boolean {
  if (secret === '' || secret === STORED || scheme === 'none') return true;
  const read = descriptorNow(scheme, descriptor);
  return secretFits(secret, { scheme, tokenFrom, descriptor: typeof read === 'object' ? read : undefined });
}

const secretField = field((value, node) =>
  fits(textOf(value), now(node, 'scheme'), now(node, 'tokenFrom'), now(node, 'descriptor'))
    ? undefined
    : node._('webhook-auth.validate.secret'),
);

const headerField = (applies: (node: EditorNode) => boolean) =>
  field((value, node) =>
    !applies(node) || /^[!#$%&'*+.^_`|~0-9a-z-]*$/i.test(textOf(value).trim())
      ? undefined
      : node._('webhook-auth.validate.header'),
  );

const tolerance = numberField('webhook-auth', 'tolerance', 0, 1e9);

const addresses = (property: string) =>
  field((value, node) => {
    const bad = badAddress(textOf(value));
    return bad === undefined
      ? undefined
      : node._('webhook-auth.validate.address', { field: node._(`webhook-auth.label.${property}`), entry: bad });
  });

/** The folded fields that open the fold when they differ from this. */
const FOLDED = { tolerance: { value: '300' }, trustedProxies: { value: '' } };

function fillSchemes(node: EditorNode): void {
  const select = input('scheme').empty();
  for (const scheme of [...Object.keys(SCHEMES), ...OTHERS]) {
    $('<option>')
      .val(scheme)
      .text(node._(`webhook-auth.scheme.${scheme}`))
      .appendTo(select);
  }
  select.val(textOf(node.scheme) || 'standard-webhooks');
}

/** Shows only what the chosen scheme needs, and says how safe that is. */
function refresh(node: EditorNode): void {
  const scheme = typed('scheme');
  const tokenFrom = typed('tokenFrom');
  if (scheme === 'custom' && typed('descriptor').trim() === '') input('descriptor').val(EXAMPLE);
  const descriptor = descriptorNow(scheme, typed('descriptor'));
  const read = typeof descriptor === 'object' ? descriptor : undefined;
  showRows({
    '[data-auth="custom"]': scheme === 'custom',
    '[data-auth="token"]': scheme === 'token',
    '[data-auth="basic"]': scheme === 'basic',
    '[data-auth="secret"]': scheme !== 'none',
    '[data-auth="grafana"]': SCHEMES[scheme]?.timedContent !== undefined,
    '[data-auth="url"]': read !== undefined && signsUrl(read),
    '[data-auth="time"]': read?.ts !== undefined || SCHEMES[scheme]?.timedContent !== undefined,
  });
  if (scheme === 'token') $('#surewire-auth-token-name').toggle(tokenFrom !== 'bearer');
  input('tokenName').attr('placeholder', tokenFrom === 'query' ? 'token' : 'x-webhook-token');

  const text = (key: string): string => node._(`webhook-auth.${key}`);
  $('#surewire-auth-scheme-hint').text(text(`schemeHint.${scheme}`));
  const what = scheme === 'token' ? 'token' : scheme === 'basic' ? 'password' : 'secret';
  $('#surewire-auth-secret-label').text(text(`label.${what}`));
  const secret = typed('secret');
  const stored = secret === STORED;
  $('#surewire-auth-show, #surewire-auth-copy').prop('disabled', stored || secret === '');
  $('#surewire-auth-generate-label').text(text(`button.${what}`));
  const good = (text: string): boolean => fits(text, scheme, tokenFrom, typed('descriptor'));
  const goodSecret = good(secret);
  $('#surewire-auth-secret-hint').toggleClass('surewire-bad', !goodSecret);
  if (goodSecret) {
    $('#surewire-auth-secret-hint').text(
      text(stored ? 'hint.stored' : SCHEMES[scheme]?.issued ? 'hint.issued' : 'hint.share'),
    );
  } else if (read) {
    const { encoding, prefixes } = read.key;
    const values = { encoding, prefixes: Object.keys(prefixes).join(', ') };
    $('#surewire-auth-secret-hint').text(node._('webhook-auth.hint.badSecret', values));
  } else {
    $('#surewire-auth-secret-hint').text(text('hint.badToken'));
  }
  const hint = $('#surewire-auth-descriptor-hint').toggleClass('surewire-bad', typeof descriptor === 'string');
  hint.text(typeof descriptor === 'string' ? descriptor : text('hint.descriptor'));

  const badge = badgeOf({
    scheme,
    descriptor: typed('descriptor'),
    tokenFrom,
    timestampHeader: typed('timestampHeader'),
    tolerance: typed('tolerance'),
    allow: typed('allow'),
    publicUrl: typed('publicUrl'),
    trustedProxies: typed('trustedProxies'),
    hasSecret: secret !== '',
    goodSecret: goodSecret && good(typed('previousSecret')),
    goodFields: goodFields(node),
    secureEditor: location.protocol === 'https:',
  });
  note($('#surewire-auth-badge'), badge.mood, badge.keys.map((key) => text(`badge.${key}`)).join(' '));
}

const JUDGED = ['tolerance', 'tokenName', 'username', 'timestampHeader', 'publicUrl'] as const;

/** Whether every field but the address lists and the descriptor, which the badge judges by itself, is good as it stands in the form. */
function goodFields(node: EditorNode): boolean {
  return JUDGED.every((property) => (defaults[property].validate.call(node, typed(property)) as unknown) === true);
}

function showSecret(shown: boolean): void {
  input('secret').attr('type', shown ? 'text' : 'password');
  $('#surewire-auth-show i').toggleClass('fa-eye', !shown).toggleClass('fa-eye-slash', shown);
}

/** `navigator.clipboard` exists only over https; the old way works everywhere else. */
function copySecret(node: EditorNode): void {
  const secret = input('secret');
  const shown = secret.attr('type') === 'text';
  showSecret(true);
  secret.trigger('focus').trigger('select');
  document.execCommand('copy');
  showSecret(shown);
  RED.notify(node._('webhook-auth.text.copied'), { type: 'success', timeout: 2000 });
}

const defaults = {
  name: { value: '' },
  scheme: {
    value: 'standard-webhooks',
    validate: field((value, node) =>
      Object.hasOwn(SCHEMES, textOf(value)) || OTHERS.includes(textOf(value)) || value === undefined
        ? undefined
        : node._('webhook-auth.validate.scheme'),
    ),
  },
  descriptor: {
    value: '',
    validate: field((value, node) => {
      if (now(node, 'scheme') !== 'custom') return undefined;
      const read = descriptorNow('custom', textOf(value));
      return typeof read === 'string' ? read : undefined;
    }),
  },
  tokenFrom: { value: 'header' },
  tokenName: {
    value: '',
    validate: headerField((node) => now(node, 'scheme') === 'token' && now(node, 'tokenFrom') === 'header'),
  },
  username: {
    value: '',
    validate: field((value, node) =>
      now(node, 'scheme') === 'basic' && textOf(value).includes(':')
        ? node._('webhook-auth.validate.username')
        : undefined,
    ),
  },
  timestampHeader: {
    value: '',
    validate: headerField((node) => SCHEMES[now(node, 'scheme')]?.timedContent !== undefined),
  },
  tolerance: {
    value: '300',
    validate: field((value, node) => {
      const said: unknown = signs(node) ? tolerance.call(node, value) : true;
      return said === true ? undefined : textOf(said);
    }),
  },
  allow: { value: '', validate: addresses('allow') },
  trustedProxies: { value: '', validate: addresses('trustedProxies') },
  publicUrl: {
    value: '',
    validate: field((value, node) =>
      !signs(node) || isPublicUrl(textOf(value)) ? undefined : node._('webhook-auth.validate.publicUrl'),
    ),
  },
};

RED.nodes.registerType('surewire-webhook-auth', {
  category: 'config',
  paletteLabel: 'webhook auth',
  defaults,
  credentials: {
    secret: { type: 'password', validate: secretField },
    previousSecret: { type: 'password', validate: secretField },
  },
  label() {
    const scheme = textOf(this.scheme) || 'standard-webhooks';
    return this.name || (this._ ? this._(`webhook-auth.scheme.${scheme}`) : scheme);
  },
  oneditprepare() {
    open = this.id;
    fillSchemes(this);
    if (!typed('tokenFrom')) input('tokenFrom').val('header');
    const form = $('#node-config-dialog-edit-form');
    form.on('input change', 'input, select, textarea', () => refresh(this));
    // Whether a field is good may depend on these.
    const judgeAgain = (): void => {
      for (const property of ['descriptor', 'secret', 'previousSecret', ...JUDGED]) input(property).trigger('change');
    };
    input('scheme').add(input('tokenFrom')).on('change', judgeAgain);
    input('descriptor').on('input', judgeAgain);
    $('#surewire-auth-generate').on('click', () => {
      const shape = secretForm(typed('scheme'), typed('descriptor'));
      input('secret')
        .val(newSecret(shape, (count) => crypto.getRandomValues(new Uint8Array(count))))
        .trigger('change');
      showSecret(true);
    });
    $('#surewire-auth-show').on('click', () => showSecret(input('secret').attr('type') !== 'text'));
    $('#surewire-auth-copy').on('click', () => copySecret(this));
    refresh(this);
    const rotating = typed('previousSecret') !== '';
    openFold($('#surewire-auth-advanced'), rotating || anyChanged(this, FOLDED, Object.keys(FOLDED)));
  },
  oneditsave() {
    open = undefined;
  },
  oneditcancel() {
    open = undefined;
  },
});
