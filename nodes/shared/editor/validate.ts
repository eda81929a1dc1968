import type { EditorNode, Validator } from './red';

/**
 * Validators for `defaults`. Their messages are English unless the node's catalogue has the key (`validate.number`, ...).
 * `${NAME}` needs no thought here: Node-RED takes an environment variable for valid before it asks.
 */

/** The node's text for a key, or `fallback` where its catalogue has none. */
export function say(node: EditorNode, key: string, fallback: string, options: Record<string, unknown> = {}): string {
  return node._ ? node._(key, { defaultValue: fallback, ...options }) : fallback;
}

export interface NumberRange {
  min?: number;
  max?: number;
  /** Default false: fractions are allowed. */
  integer?: boolean;
  /** Default true: an empty field means the default. */
  blank?: boolean;
}

/** A number within bounds; the message names them. */
export function numberRange(range: NumberRange = {}): Validator {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, integer = false, blank = true } = range;
  return function (value, _options) {
    const text = String(value ?? '').trim();
    if (text === '') return blank || say(this, 'validate.required', 'Enter a number');
    const number = Number(text);
    if (Number.isFinite(number) && number >= min && number <= max && (!integer || Number.isInteger(number)))
      return true;
    const kind = integer ? 'a whole number' : 'a number';
    if (range.min !== undefined && range.max !== undefined) {
      return say(this, 'validate.between', `Expected ${kind} from ${min} to ${max}`, { min, max });
    }
    if (range.min !== undefined) return say(this, 'validate.from', `Expected ${kind}, ${min} or more`, { min });
    if (range.max !== undefined) return say(this, 'validate.to', `Expected ${kind}, ${max} or less`, { max });
    return say(this, 'validate.number', `Expected ${kind}`);
  };
}

/** Something has to be there. */
export function required(message = 'This field is needed'): Validator {
  return function (value, _options) {
    return String(value ?? '').trim() !== '' || say(this, 'validate.required', message);
  };
}

/** JSON text; `check` looks at the value and returns what is wrong. A blank field is good unless `blank` is false. */
export function jsonText(
  check: (value: unknown) => string | undefined = () => undefined,
  { blank = true }: { blank?: boolean } = {},
): Validator {
  return function (text, _options) {
    const source = String(text ?? '').trim();
    if (source === '') return blank || say(this, 'validate.required', 'Enter JSON');
    try {
      return check(JSON.parse(source)) ?? true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return say(this, 'validate.json', `Not JSON: ${reason}`, { reason });
    }
  };
}

/** Makes a validator of a function that returns what is wrong, or undefined. */
export function checked(check: (value: string, node: EditorNode) => string | undefined): Validator {
  return function (value, _options) {
    return check(String(value ?? ''), this) ?? true;
  };
}
