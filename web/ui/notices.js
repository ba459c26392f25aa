// What concerns the whole page: failures with their remedies, files that were left out.
import { byId, make } from './dom.js';
import { failureOf } from './failure.js';

/** @typedef {{ label: string, run: () => void }} Action */

/**
 * @param {string} title
 * @param {string} text
 * @param {{ id?: string, lines?: string[], action?: Action, isNote?: boolean }} [more] a notice takes the place of an
 *   earlier one of its id; a note is no failure
 */
export function showNotice(title, text, { id = title, lines = [], action, isNote = false } = {}) {
  const close = make('button', { type: 'button', class: 'quiet', 'aria-label': `Close: ${title}` }, '✕');
  const notice = make(
    'div',
    { class: isNote ? 'notice is-note' : 'notice', 'data-notice': id },
    make('div', { class: 'notice-text' }),
  );
  notice.firstElementChild?.append(make('strong', {}, title), make('span', {}, text));
  if (lines.length > 0)
    notice.firstElementChild?.append(make('ul', {}, ...lines.map((line) => make('li', {}, line))));
  if (action !== undefined) {
    const button = make('button', { type: 'button' }, action.label);
    button.addEventListener('click', () => {
      notice.remove();
      action.run();
    });
    notice.append(button);
  }
  close.addEventListener('click', () => notice.remove());
  notice.append(close);
  closeNotice(id);
  byId('notices', HTMLElement).append(notice);
}

/**
 * @param {unknown} thrown
 * @param {{ id?: string, action?: Action }} [more]
 */
export function showFailure(thrown, more) {
  const { message, remedy } = failureOf(thrown);
  showNotice(message, remedy, more);
}

/** @param {string} id */
export function closeNotice(id) {
  for (const notice of byId('notices', HTMLElement).children) {
    if (notice instanceof HTMLElement && notice.dataset['notice'] === id) notice.remove();
  }
}
