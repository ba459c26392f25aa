// What the results are looked at on. It changes the page alone, never a file.
import { byId } from './dom.js';

export function openPreviewBar() {
  const form = byId('preview-bar', HTMLFormElement);
  const colour = byId('preview-colour', HTMLInputElement);

  function apply() {
    const data = new FormData(form);
    const root = document.documentElement;
    root.dataset['behind'] = String(data.get('behind'));
    root.dataset['crop'] = String(data.has('preview-crop'));
    root.style.setProperty('--behind', colour.value);
  }

  form.addEventListener('input', apply);
  form.addEventListener('submit', (event) => event.preventDefault());
  window.addEventListener('pageshow', apply);
  apply();
  return {
    /** @param {boolean} isUseful */
    show(isUseful) {
      form.hidden = !isUseful;
    },
  };
}
