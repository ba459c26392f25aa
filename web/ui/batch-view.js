// A batch on the page: its heading, how far it is, what can be done with all of it, and a card for each picture.
import { countsOf, shareDone } from './batch-model.js';
import { createCard } from './card.js';
import { make, setText } from './dom.js';
import { countText, progressText } from './words.js';

/**
 * @typedef {object} BatchActions
 * @property {() => void} zip
 * @property {() => void} cancelAll
 * @property {() => void} retryAll
 * @property {() => void} close
 */

const time = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/**
 * @param {import('./batch-model.js').Batch} batch
 * @param {BatchActions & import('./card.js').CardActions} actions
 * @param {(counts: import('./batch-model.js').Counts) => void} onChange told after the page shows it
 */
export function createBatchView(batch, actions, onChange) {
  /** @type {Map<string, ReturnType<typeof createCard>>} */
  const cards = new Map();
  const titleId = `batch-${batch.id}`;
  const title = make('h2', { id: titleId, tabindex: -1 });
  const status = make('p', { class: 'batch-status' });
  const bar = make('progress', { max: 1, value: 0, 'aria-labelledby': titleId });
  const grid = make('ul', { class: 'cards' });
  const zip = action('Download all (zip)', actions.zip, 'button primary');
  const retry = action('Try failed uploads again', actions.retryAll);
  const cancel = action('Cancel uploads', actions.cancelAll);
  const close = action('Take off the page', actions.close, 'quiet');
  const element = make(
    'section',
    { class: 'batch', 'aria-labelledby': titleId },
    make(
      'header',
      {},
      make(
        'div',
        { class: 'batch-title' },
        title,
        make('time', { datetime: batch.createdAt.toISOString() }, time.format(batch.createdAt)),
      ),
      make('div', { class: 'batch-actions' }, zip, retry, cancel, close),
      status,
      bar,
    ),
    grid,
  );
  let isDrawing = false;
  /** @type {Set<string>} */
  const changed = new Set();

  function draw() {
    isDrawing = false;
    for (const key of changed) {
      const item = batch.items.get(key);
      const card = cards.get(key);
      if (card !== undefined) card.update();
      else if (item !== undefined) {
        const made = createCard(item, actions);
        cards.set(key, made);
        grid.append(made.element);
      }
    }
    changed.clear();
    const counts = countsOf(batch);
    setText(title, countText(counts.total));
    setText(status, progressText(counts));
    bar.value = shareDone(batch);
    bar.hidden = counts.uploading + counts.working === 0;
    zip.hidden = counts.done === 0;
    cancel.hidden = counts.uploading === 0;
    retry.hidden = !hasRetries(batch);
    onChange(counts);
  }

  /** Shows what changed at the next frame, however often it changed until then. @param {Iterable<string>} keys */
  function update(keys) {
    for (const key of keys) changed.add(key);
    if (isDrawing) return;
    isDrawing = true;
    // A page in the background is given no frames.
    if (document.hidden) setTimeout(draw, 200);
    else requestAnimationFrame(draw);
  }

  update(batch.items.keys());
  return {
    element,
    update,
    focus: () => title.focus({ preventScroll: true }),
    dispose() {
      for (const card of cards.values()) card.dispose();
      element.remove();
    },
  };
}

/** @param {import('./batch-model.js').Batch} batch */
function hasRetries({ items }) {
  return [...items.values()].some(({ upload, file }) => upload?.phase === 'refused' && file !== undefined);
}

/**
 * @param {string} text
 * @param {() => void} run
 */
function action(text, run, kind = 'button') {
  const made = make('button', { type: 'button', class: kind }, text);
  made.addEventListener('click', run);
  return made;
}
