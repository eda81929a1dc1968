/** Small things that every open form does. */
import { textOf } from './fields';
import type { EditorProperty } from './red';

/** Shows each row (a selector) whose value is true and hides the others. */
export function showRows(rows: Record<string, boolean>): void {
  for (const [selector, shown] of Object.entries(rows)) $(selector).toggle(shown);
}

/**
 * Shows the default in each field that a flow file lacks (written by hand, or by an older version): the runtime takes it for
 * that. Call it before anything else of the form looks at the fields.
 */
export function showDefaults(node: object): void {
  const { defaults } = (node as { _def: { defaults: Readonly<Record<string, EditorProperty>> } })._def;
  for (const [property, { value }] of Object.entries(defaults)) {
    if ((node as Record<string, unknown>)[property] !== undefined) continue;
    const input = $(`#node-input-${property}`);
    if (typeof value === 'boolean') input.prop('checked', value);
    else if (textOf(value) !== '') input.val(textOf(value));
  }
}

/** Opens a fold (`details.surewire-advanced`) where something in it matters: a value that is no default, or an error. */
export function openFold(fold: JQuery<HTMLElement>, changed: boolean): void {
  fold.prop('open', changed || fold.find('.input-error').length > 0);
}

/** True where one of these properties of the node differs from its default; absent ones do not. */
export function anyChanged(
  node: object,
  defaults: Readonly<Record<string, { value: unknown }>>,
  properties: readonly string[],
): boolean {
  return properties.some((property) => {
    const value = (node as Record<string, unknown>)[property];
    return value !== undefined && value !== null && textOf(value) !== textOf(defaults[property]?.value);
  });
}

/** How a note is meant; its text has to say so too, because a colour alone tells not everyone. */
export type Mood = 'good' | 'warning' | 'bad' | 'plain';

const ICONS: Record<Mood, string> = {
  good: 'fa-check-circle',
  warning: 'fa-exclamation-triangle',
  bad: 'fa-times-circle',
  plain: 'fa-info-circle',
};

/** Writes a note with an icon and a coloured edge into `element`. */
export function note(element: JQuery<HTMLElement>, mood: Mood, text: string): void {
  element
    .empty()
    .attr('role', 'status')
    .removeClass('surewire-good surewire-warning surewire-bad surewire-plain')
    .addClass(`surewire-note surewire-${mood}`)
    .append($('<i class="fa"></i>').addClass(ICONS[mood]))
    .append($('<span></span>').text(text));
}
