/** Scripts that run in the editor's page, as text: the tests are compiled without the browser's types. */

/** In the page: which trays are there, by numbers given when they are first seen. */
export const OPEN_TRAYS = `[...document.querySelectorAll('.red-ui-tray')]
  .map((tray) => (tray.dataset.seen ??= String((window.surewireTrays = (window.surewireTrays ?? 0) + 1)))).join()`;
export const TRAY_PLACES = `JSON.stringify([...document.querySelectorAll('.red-ui-tray')].map((tray) => tray.getBoundingClientRect()))`;

/** Runs in the page, on the form: texts that are missing, and what does not fit. */
export const IN_PAGE_FLAWS = `(form) => {
  const tray = form.closest('.red-ui-tray-body') ?? form;
  const right = tray.getBoundingClientRect().right + 1;
  const flaws = tray.scrollWidth > tray.clientWidth + 1 ? ['the dialog scrolls sideways'] : [];
  for (const element of form.querySelectorAll('input, select, button, label, textarea, summary, div, span, ol')) {
    const box = element.getBoundingClientRect();
    const shown = box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== 'hidden';
    if (shown && box.right > right) flaws.push((element.id || element.className || element.tagName) + ' is cut off');
  }
  for (const element of form.querySelectorAll('[data-i18n]')) {
    const key = element.getAttribute('data-i18n');
    if (!key.startsWith('[') && element.textContent.trim() === '') flaws.push('no text for ' + key);
  }
  return flaws;
}`;
