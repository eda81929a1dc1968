/** Small things that every form does. */

/** Shows each row (a selector) whose value is true and hides the others. */
export function showRows(rows: Record<string, boolean>): void {
  for (const [selector, shown] of Object.entries(rows)) $(selector).toggle(shown);
}

/**
 * Styles the fold `<details class="surewire-advanced"><summary data-i18n="...">Advanced</summary> rows </details>` of the form
 * and opens it where one of its fields differs from its default or is invalid, so that nothing that matters is out of sight.
 * @param form where the fold is; a config node's form is `$('#node-config-dialog-edit-form')`
 */
export function advancedFold(changed: boolean, form: JQuery<HTMLElement> = $('#dialog-form')): void {
  const fold = form.find('details.surewire-advanced');
  fold.css({ margin: '12px 0', borderTop: '1px solid var(--red-ui-secondary-border-color)', paddingTop: '8px' });
  fold.children('summary').css({
    cursor: 'pointer',
    marginBottom: '10px',
    color: 'var(--red-ui-secondary-text-color)',
    fontWeight: 'bold',
  });
  fold.prop('open', changed || fold.find('.input-error').length > 0);
}

/** True where one of these properties of the node differs from its default; absent ones do not. */
export function anyChanged(node: object, defaults: Record<string, { value: unknown }>, properties: string[]): boolean {
  return properties.some((property) => {
    const value = (node as Record<string, unknown>)[property];
    const initial = defaults[property]?.value;
    return value !== undefined && value !== null && String(value) !== String(initial ?? '');
  });
}

/** How a coloured note is meant; it says so in words too, because a colour alone tells not everyone. */
export type Mood = 'good' | 'warning' | 'bad' | 'plain';

const COLOURS: Record<Mood, string> = {
  good: 'var(--red-ui-text-color-success, var(--red-ui-primary-text-color))',
  warning: 'var(--red-ui-text-color-warning, var(--red-ui-primary-text-color))',
  bad: 'var(--red-ui-text-color-error, var(--red-ui-primary-text-color))',
  plain: 'var(--red-ui-primary-text-color)',
};
const ICONS: Record<Mood, string> = {
  good: 'fa-check-circle',
  warning: 'fa-exclamation-triangle',
  bad: 'fa-times-circle',
  plain: 'fa-info-circle',
};

/** Writes a note with an icon and a coloured edge into `element`; the text stays in the normal text colour, legible in every scheme. */
export function note(element: JQuery<HTMLElement>, mood: Mood, text: string): void {
  element
    .empty()
    .attr('role', 'status')
    .css({
      borderLeft: `4px solid ${COLOURS[mood]}`,
      background: 'var(--red-ui-secondary-background)',
      color: 'var(--red-ui-primary-text-color)',
      padding: '6px 10px',
    })
    .append($('<i class="fa"></i>').addClass(ICONS[mood]).css({ color: COLOURS[mood], marginRight: '6px' }))
    .append($('<span></span>').text(text));
}
