/** Scripts that run in the editor's page, as text: the tests are compiled without the browser's types. */

/** In the page: which trays are there, by numbers given when they are first seen. */
export const OPEN_TRAYS = `[...document.querySelectorAll('.red-ui-tray')]
  .map((tray) => (tray.dataset.seen ??= String((window.surewireTrays = (window.surewireTrays ?? 0) + 1)))).join()`;
export const TRAY_PLACES = `JSON.stringify([...document.querySelectorAll('.red-ui-tray')].map((tray) => tray.getBoundingClientRect()))`;

/** Runs in the page, on the form: the form's own lists and check boxes. */
export const IN_PAGE_CHOICES = `(form) => [...form.querySelectorAll('select.surewire-wide, input[type="checkbox"][id]')]
  .filter((element) => element.offsetParent !== null)
  .map(({ id, options }) => ({
    property: id.replace(/^node-(config-)?input-/, ''),
    values: options ? [...options].map(({ value }) => value) : [true, false],
  }))`;

/** Runs in the page, on the form: texts that are missing, what does not fit, and what is hard to read. */
export const IN_PAGE_FLAWS = `(form) => {
  const flaws = [];
  const shown = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && getComputedStyle(element).visibility !== 'hidden';
  };
  const all = (selector) => [...form.querySelectorAll(selector)].filter(shown);
  const name = (element) => element.id || element.textContent.trim().slice(0, 40) || element.className || element.tagName;

  // Wider than the dialog.
  const tray = form.closest('.red-ui-tray-body') ?? form;
  const right = tray.getBoundingClientRect().right + 1;
  if (tray.scrollWidth > tray.clientWidth + 1) flaws.push('the dialog scrolls sideways');
  for (const element of all('input, select, button, label, textarea, summary, div, span, ol'))
    if (element.getBoundingClientRect().right > right) flaws.push(name(element) + ' is cut off');

  for (const element of form.querySelectorAll('[data-i18n]')) {
    const key = element.getAttribute('data-i18n');
    if (!key.startsWith('[') && element.textContent.trim() === '') flaws.push('no text for ' + key);
  }

  // Its field would be out of line.
  for (const label of all('.form-row > label'))
    if (label.getBoundingClientRect().height > 30) flaws.push('the label ' + name(label) + ' wraps');

  // Texts longer than what holds them: the form's own choices (the arrow takes 20 pixels), numbers, and what stands in an empty field.
  const pen = document.createElement('canvas').getContext('2d');
  const widthOf = (element, text) => {
    pen.font = getComputedStyle(element).font;
    return pen.measureText(text).width;
  };
  const room = (element) => {
    const { paddingLeft, paddingRight } = getComputedStyle(element);
    return element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - (element.tagName === 'SELECT' ? 20 : 0);
  };
  for (const list of all('select.surewire-wide'))
    for (const { text } of list.options)
      if (widthOf(list, text) > room(list)) flaws.push('the choice "' + text + '" of ' + name(list) + ' is clipped');
  for (const field of all('input.surewire-number, input[type="number"]'))
    if (widthOf(field, field.value) > room(field)) flaws.push('the value of ' + name(field) + ' is clipped');
  for (const field of all('input'))
    if (widthOf(field, field.placeholder) > room(field)) flaws.push('the placeholder of ' + name(field) + ' is clipped');

  // Contrast as WCAG 2 defines it; 3 is what it asks of large text and of a form's parts.
  const parts = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (colour) => {
    const [r, g, b] = parts(colour).map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (parts(colour)[3] !== 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  for (const element of all('label, span, summary, div, input, select, textarea, button')) {
    const own = [...element.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim() !== '');
    if ((!own && !element.value) || element.closest(':disabled')) continue;
    const [dark, light] = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort((a, b) => a - b);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 3) flaws.push(name(element) + ' is hard to read: contrast ' + contrast.toFixed(1));
  }
  return flaws;
}`;

/** Whether the palette shows nothing but nodes whose label or type holds a text. */
export const paletteHoldsOnly = (text: string): string =>
  `$('.red-ui-palette-node:visible').toArray().every((node) =>
    (node.dataset.paletteLabel + ' ' + node.dataset.paletteType).toLowerCase().includes(${JSON.stringify(text.toLowerCase())}))`;
