// The panel in which format, background, crop and shadow are chosen for the pictures that come next.
import { byId, setText } from './dom.js';
import { contradictionIn, hasQuality, optionsOf, summaryOf } from './options.js';

export function openOptionsPanel() {
  const form = byId('options', HTMLFormElement);

  function refresh() {
    const choices = choicesIn(form);
    setText(byId('options-summary', HTMLElement), summaryOf(choices));
    setText(byId('options-fault', HTMLElement), contradictionIn(choices) ?? '');
    byId('quality-field', HTMLElement).hidden = !hasQuality(choices);
    byId('colour-field', HTMLElement).hidden = choices.background !== 'colour';
    byId('margin-field', HTMLElement).hidden = !choices.crop;
    byId('shadow-field', HTMLElement).hidden = !choices.shadow;
    for (const output of form.querySelectorAll('output')) {
      const range = byId(output.htmlFor.value, HTMLInputElement);
      setText(output, `${range.value}${range.dataset['unit'] ?? ''}`);
    }
  }

  form.addEventListener('input', refresh);
  form.addEventListener('reset', () => setTimeout(refresh));
  form.addEventListener('submit', (event) => event.preventDefault());
  // Browsers put back what was chosen before a reload, some of them late.
  window.addEventListener('pageshow', refresh);
  refresh();

  return {
    /** The options as they are now. Throws a sentence where they contradict each other. */
    read() {
      const choices = choicesIn(form);
      const fault = contradictionIn(choices);
      return fault === undefined ? { options: optionsOf(choices) } : { fault };
    },
    /** Opens the panel where the mistake can be mended. */
    show() {
      byId('options-panel', HTMLDetailsElement).open = true;
      byId('options-panel', HTMLDetailsElement).querySelector('summary')?.focus();
    },
  };
}

/**
 * @param {HTMLFormElement} form
 * @returns {import('./options.js').Choices}
 */
function choicesIn(form) {
  const data = new FormData(form);
  const text = (/** @type {string} */ name) => String(data.get(name) ?? '');
  return {
    format: text('format'),
    quality: Number(text('quality')),
    background: text('background'),
    colour: text('colour'),
    crop: data.has('crop'),
    margin: Number(text('margin')),
    shadow: data.has('shadow'),
    shadowOpacity: Number(text('shadow-opacity')),
    output: text('output'),
    maxSide: text('max-side'),
  };
}
