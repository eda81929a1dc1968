/**
 * The look of every form of the package, once a page. Colours are Node-RED's own variables, so that light and dark follow.
 * `details.surewire-advanced` folds rows away; `.surewire-hint` is a line under a field (`.surewire-bad`: what is wrong with it);
 * `.surewire-choices` and `.surewire-check` hold check boxes; `.surewire-number` is a short field that leaves room for its unit, `.surewire-wide` a choice as wide as a text field; `.surewire-note` is a note with a coloured edge (see `note`).
 */
const STYLE = `
.form-row input[type="text"].surewire-number { width: 110px; }
details.surewire-advanced { margin: 10px 0; border-top: 1px solid var(--red-ui-secondary-border-color); padding-top: 8px; }
details.surewire-advanced > summary { cursor: pointer; margin-bottom: 10px; color: var(--red-ui-secondary-text-color); font-weight: bold; }
.surewire-hint { margin: 4px 0 0 105px; max-width: 440px; font-size: 90%; color: var(--red-ui-secondary-text-color); overflow-wrap: anywhere; }
.surewire-hint:empty { display: none; }
.surewire-hint.surewire-bad { color: var(--red-ui-text-color-error); }
.surewire-choices { display: inline-block; width: 70%; vertical-align: top; }
.form-row .surewire-choices label { display: inline-block; width: auto; margin: 1px 14px 3px 0; }
.form-row input[type="checkbox"].surewire-check, .surewire-check input[type="checkbox"], .surewire-choices input[type="checkbox"] { width: auto; margin: 0 4px 0 0; vertical-align: baseline; }
.surewire-check { display: inline-block; width: 70%; }
.form-row select.surewire-wide, .form-row textarea.surewire-wide { width: 70%; }
.form-row textarea.surewire-wide { vertical-align: top; }
.surewire-note { border-left: 4px solid var(--red-ui-secondary-border-color); background: var(--red-ui-secondary-background); color: var(--red-ui-primary-text-color); padding: 6px 10px; margin-bottom: 12px; max-width: 530px; }
.surewire-note > i { margin-right: 6px; color: var(--red-ui-secondary-text-color); }
.surewire-note.surewire-good { border-color: var(--red-ui-border-color-success, var(--red-ui-notification-border-success)); }
.surewire-note.surewire-warning { border-color: var(--red-ui-border-color-warning, var(--red-ui-notification-border-warning)); }
.surewire-note.surewire-bad { border-color: var(--red-ui-border-color-error, var(--red-ui-notification-border-error)); }
.surewire-note.surewire-good > i { color: var(--red-ui-text-color-success); }
.surewire-note.surewire-warning > i { color: var(--red-ui-text-color-warning); }
.surewire-note.surewire-bad > i { color: var(--red-ui-text-color-error); }
.form-row textarea.surewire-code { width: 100%; box-sizing: border-box; font-family: var(--red-ui-monospace-font, monospace); font-size: 90%; resize: vertical; }
`;

/** Adds the package's form styles to the page; harmless when they are there. Call it at the top of an editor script. */
export function styleForms(): void {
  if (document.getElementById('surewire-forms')) return;
  $('<style id="surewire-forms"></style>').text(STYLE).appendTo(document.head);
}
