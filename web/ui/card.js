// One picture on the page: what it looks like, where it is on its way, what can be done about it.

import { pictureOf, stageOf } from './batch-model.js';
import { faultOf, stateText } from './card-text.js';
import { makeComparison } from './compare.js';
import { make, setText } from './dom.js';
import { isExpired, saveLink } from './downloads.js';
import { savedName } from './picture-files.js';
import { openViewer } from './viewer.js';

/**
 * @typedef {object} CardActions
 * @property {(item: Item) => void} retry
 * @property {(item: Item) => void} cancel
 * @property {() => Promise<void>} refresh asks for new links
 */
/** @typedef {import('./batch-model.js').Item} Item */

/** Pictures are only fetched and decoded when somebody is about to see them. */
const near = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      shows.get(target)?.();
    }
  },
  { rootMargin: '400px' },
);
/** @type {WeakMap<Element, () => void>} */
const shows = new WeakMap();

/**
 * @param {Item} item it is kept, and looked at again with every `update`
 * @param {CardActions} actions
 */
export function createCard(item, actions) {
  const stage = make('div', { class: 'stage' });
  const state = make('p', { class: 'state' });
  const fault = make('div', { class: 'fault' });
  const progress = make('progress', { max: 1, 'aria-label': `Upload of ${item.name}` });
  const buttons = make('div', { class: 'actions' });
  const element = make(
    'li',
    { class: 'card' },
    stage,
    make(
      'div',
      { class: 'about' },
      make('h3', { title: item.name }, item.name),
      state,
      progress,
      fault,
      buttons,
    ),
  );
  /** What the picture and the buttons were last made for. */
  let shownPicture = '';
  let shownStage = '';
  /** Whether new links were asked for because a picture did not load; once is enough. */
  let isRenewed = false;
  /** Of the chosen file, made when it is first shown. */
  let sourceUrl = '';

  function update() {
    const at = stageOf(item);
    element.dataset['stage'] = at;
    setText(state, stateText(item));
    progress.hidden = at !== 'sending';
    if (item.upload?.phase === 'sending') progress.value = item.upload.fraction;
    updateFault();
    if (at !== shownStage) replaceButtons(at);
    shownStage = at;
    // Not by its link: that may be another one each time the service is asked.
    const { size, width, height } = pictureOf(item) ?? {};
    const picture = `${size} ${width} ${height}`;
    if (picture === shownPicture) return;
    shownPicture = picture;
    near.observe(element);
  }

  function updateFault() {
    const told = faultOf(item);
    fault.hidden = told === undefined;
    if (told === undefined || fault.dataset['message'] === told.message) return;
    fault.dataset['message'] = told.message;
    fault.replaceChildren(make('p', {}, told.message));
    if (told.remedy) fault.append(make('p', { class: 'remedy' }, told.remedy));
  }

  /** @param {import('./batch-model.js').Stage} at */
  function replaceButtons(at) {
    const hadFocus = buttons.contains(document.activeElement);
    buttons.replaceChildren(...buttonsFor(at));
    // Whoever pressed a button must not be sent back to the top of the page when it goes.
    const next = buttons.querySelector('a, button');
    if (hadFocus) (next instanceof HTMLElement ? next : focusable(element)).focus();
  }

  /** @param {import('./batch-model.js').Stage} at */
  function buttonsFor(at) {
    if (at === 'queued' || at === 'sending') return [button('Cancel', () => actions.cancel(item))];
    if ((at === 'refused' || at === 'cancelled') && item.file)
      return [button('Try again', () => actions.retry(item))];
    if (at !== 'done') return [];
    const { result, mask } = item.remote ?? {};
    return [
      ...(result === undefined ? [] : [downloadLink('Download', '', () => item.remote?.result)]),
      ...(mask === undefined ? [] : [downloadLink('Mask', ' mask', () => item.remote?.mask)]),
      button('Look closer', () => openViewer(item, comparison)),
    ];
  }

  /**
   * @param {string} text
   * @param {() => void} run
   */
  function button(text, run) {
    const made = make(
      'button',
      { type: 'button', class: 'small', 'aria-label': `${text}: ${item.name}` },
      text,
    );
    made.addEventListener('click', run);
    return made;
  }

  /**
   * @param {string} text
   * @param {string} addition to the name under which it is saved
   * @param {() => import('./contract.js').PictureLink | undefined} picture
   */
  function downloadLink(text, addition, picture) {
    const href = picture()?.url;
    // In a tab of its own where somebody opens it by other means than a click: the page must stay.
    const link = make('a', { class: 'button small', href, target: '_blank', rel: 'noopener' }, text);
    link.setAttribute('aria-label', `${text}: ${item.name}`);
    link.addEventListener('click', async (event) => {
      event.preventDefault();
      const known = picture();
      if (known !== undefined && isExpired(known)) await actions.refresh();
      const current = picture();
      if (current !== undefined) await saveLink(current.url, savedName(item.name, current, addition));
    });
    return link;
  }

  function show() {
    const after = pictureOf(item);
    if (after !== undefined) stage.replaceChildren(comparison());
    else if (item.file !== undefined) stage.replaceChildren(preview(beforeUrl()));
    else if (item.remote?.source !== undefined && item.remote.state !== 'waiting')
      stage.replaceChildren(preview(beforeUrl()));
    else stage.replaceChildren(make('span', { class: 'placeholder', 'aria-hidden': 'true' }));
  }

  function comparison() {
    const after = pictureOf(item);
    if (after === undefined) return make('div');
    return makeComparison({
      name: item.name,
      before: beforeUrl(),
      after,
      onBroken: renew,
    });
  }

  async function renew() {
    if (isRenewed) return;
    isRenewed = true;
    await actions.refresh();
    show();
  }

  /** @param {string} url */
  function preview(url) {
    const picture = make('img', {
      class: 'preview',
      src: url,
      alt: '',
      decoding: 'async',
      draggable: 'false',
    });
    picture.addEventListener('error', () =>
      picture.replaceWith(make('span', { class: 'placeholder', 'aria-hidden': 'true' })),
    );
    return picture;
  }

  function beforeUrl() {
    if (item.file === undefined) return item.remote?.source?.url ?? '';
    if (sourceUrl === '') sourceUrl = URL.createObjectURL(item.file);
    return sourceUrl;
  }

  shows.set(element, show);
  update();
  return {
    element,
    update,
    /** Gives back what the browser keeps for it. */
    dispose() {
      near.unobserve(element);
      if (sourceUrl !== '') URL.revokeObjectURL(sourceUrl);
    },
  };
}

/** @param {HTMLElement} element */
function focusable(element) {
  element.tabIndex = -1;
  return element;
}
