// The token of services that want one. It is kept until the tab is closed, and in no address, cookie or file.
import { byId, setText } from './dom.js';

const KEY = 'clearcut-token';

/** @type {Promise<string | undefined> | undefined} */
let asking;

export const tokens = {
  current: () => sessionStorage.getItem(KEY) ?? undefined,

  /**
   * Asks for the token, once for all who want it. Nothing where the question was closed.
   * @param {boolean} wasRefused whether one was given before, and is wrong
   */
  ask(wasRefused) {
    asking ??= askOnce(wasRefused).finally(() => {
      asking = undefined;
    });
    return asking;
  },
};

/**
 * @param {boolean} wasRefused
 * @returns {Promise<string | undefined>}
 */
function askOnce(wasRefused) {
  const dialog = byId('token-dialog', HTMLDialogElement);
  const form = byId('token-form', HTMLFormElement);
  const field = byId('token', HTMLInputElement);
  setText(byId('token-fault', HTMLElement), wasRefused ? 'That token is not accepted.' : '');
  field.setAttribute('aria-invalid', String(wasRefused));
  field.value = '';
  dialog.showModal();
  return new Promise((resolve) => {
    /** @type {string | undefined} */
    let given;
    form.onsubmit = (event) => {
      event.preventDefault();
      given = field.value.trim();
      if (given !== '') sessionStorage.setItem(KEY, given);
      dialog.close();
    };
    byId('token-cancel', HTMLButtonElement).onclick = () => dialog.close();
    dialog.onclose = () => resolve(given);
  });
}
