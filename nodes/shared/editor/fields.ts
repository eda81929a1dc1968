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
 * A number from `min` to `max`; an empty field means the default. The catalogue `set` has to hold
 * `validate.number` ("__field__: expected a number from __min__ to __max__") and `label.<property>`.
 */
export function numberField(set: string, property: string, min: number, max: number): FieldValidator {
  return field((value, node) => {
    const text = textOf(value).trim();
    const number = Number(text);
    if (text === '' || (Number.isFinite(number) && number >= min && number <= max)) return undefined;
    return say(node, set, property, 'number', { min, max });
  });
}

/**
 * JSON text or nothing; `check` looks at the value and returns what is wrong.
 * The catalogue `set` has to hold `validate.json` ("__field__: not JSON: __error__") and `label.<property>`.
 */
export function jsonField(
  set: string,
  property: string,
  check: (value: unknown) => string | undefined = () => undefined,
): FieldValidator {
  return field((value, node) => {
    const text = textOf(value).trim();
    if (text === '') return undefined;
    try {
      return check(JSON.parse(text));
    } catch (error) {
      return say(node, set, property, 'json', { error: error instanceof Error ? error.message : String(error) });
    }
  });
}
