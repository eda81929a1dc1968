import type { EditorNode } from './red';

export { styleForms } from './style';

/**
 * What `defaults.<property>.validate` takes. The published type knows only true and false; Node-RED also shows a returned text
 * beside the field, but only of a function that declares two parameters, which is why validators are made by `field`.
 * `${NAME}` needs no thought here: Node-RED takes an environment variable for valid before it asks.
 */
export type FieldValidator = (this: object, value: unknown) => boolean;

/** A value of a property as text; '' where there is none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/** Makes a validator of a function that returns what is wrong, or undefined. */
export function field(check: (value: unknown, node: EditorNode) => string | undefined): FieldValidator {
  return function (this: object, value: unknown, _options: unknown) {
    return check(value, this as EditorNode) ?? true;
  } as unknown as FieldValidator;
}

/** A text of the node's catalogue, and the plain key where the catalogue has not been loaded. */
function say(node: EditorNode, set: string, property: string, key: string, values: Record<string, unknown>): string {
  if (!node._) return `${property}: ${key}`;
  return node._(`${set}.validate.${key}`, { field: node._(`${set}.label.${property}`), ...values });
}

/**
 * A number from `min` to `max`, a whole one where `kind` says so; an empty field means the default. The catalogue `set` has to hold
 * `validate.<kind>` ("__field__: expected a number from __min__ to __max__") and `label.<property>`.
 */
export function numberField(
  set: string,
  property: string,
  min: number,
  max: number,
  kind: 'number' | 'whole' = 'number',
): FieldValidator {
  return field((value, node) => {
    const text = textOf(value).trim();
    const number = Number(text);
    const fits = Number.isFinite(number) && number >= min && number <= max;
    if (text === '' || (fits && (kind === 'number' || Number.isInteger(number)))) return undefined;
    return say(node, set, property, kind, { min, max });
  });
}

/**
 * A value that the runtime's own reader takes, so that the form and the deploy judge alike; what it throws is the message.
 * The catalogue `set` has to hold `validate.wrong` ("__field__: __error__") and `label.<property>`.
 */
export function readField(set: string, property: string, read: (value: unknown) => unknown): FieldValidator {
  return field((value, node) => {
    try {
      read(value);
      return undefined;
    } catch (error) {
      return wrong(node, set, property, error instanceof Error ? error.message : String(error));
    }
  });
}

/** What the runtime says of a field, behind the field's label instead of its name. */
export function wrong(node: EditorNode, set: string, property: string, message: string): string {
  const name = `${property}: `;
  return say(node, set, property, 'wrong', { error: message.startsWith(name) ? message.slice(name.length) : message });
}

/** Whether a config node is chosen. While a dialog is open, Node-RED's list says `_ADD_` for none. */
export const isChosen = (value: unknown): boolean => !['', '_ADD_'].includes(textOf(value));

/** For `configField`: a blank one will do. */
export const whereChosen = (_node: EditorNode, value: unknown): boolean => isChosen(value);

/** A config node of a type; `missing` is the key of the text, below `validate`, for one that is not chosen, not there or not good. */
export function configField(
  set: string,
  type: string,
  missing: string,
  needed: (node: EditorNode, value: unknown) => boolean = () => true,
): FieldValidator {
  return field((value, node) => {
    const chosen = RED.nodes.node(textOf(value));
    const good = chosen?.type === type && chosen.d !== true && chosen.valid !== false;
    return good || !needed(node, value) ? undefined : node._(`${set}.validate.${missing}`);
  });
}
