import { compilePointer, follow } from '../shared/json-pointer';
import { type Refusal, refuse } from './refusal';

/** Finds the events of one request in its body; refuses a body that holds no array there. */
export type Split = (value: unknown) => readonly unknown[] | Refusal;

/**
 * Compiles the field `split`: a JSON pointer to the array of events, `/alerts`. The body itself, where it is an array, is
 * `#` or `/`, since a blank field means one event a request; `#/alerts` works too.
 * @returns undefined for a blank field
 * @throws Error that says what is expected
 */
export function compileSplit(text: string | undefined): Split | undefined {
  const field = (text ?? '').trim();
  if (field === '') return undefined;
  const pointer = compilePointer(field.startsWith('#') ? field.slice(1) : field);
  return (value) => {
    // An array has no member with the empty key that `/` names, so there it can only be meant as the root.
    const found = field === '/' && Array.isArray(value) ? value : follow(pointer, value);
    if (Array.isArray(found)) return found;
    return refuse('body-malformed', `${field} in the body is not an array of events`);
  };
}
