// One picture on the page: what it looks like, where it is on its way, what can be done about it.

import { stageOf } from './batch-model.js';
import { makeComparison } from './compare.js';
import { make, setText } from './dom.js';
import { isExpired, saveLink } from './downloads.js';
import { savedName } from './picture-files.js';
import { openViewer } from './viewer.js';
import { sizeText } from './words.js';

/** @type {Readonly<Record<import('./batch-model.js').Stage, string>>} */
const STAGE_TEXT = {
  queued: 'Waiting to upload',
  sending: 'Uploading',
  refused: 'Not uploaded',
  cancelled: 'Cancelled',
  absent: 'Not uploaded yet',
  pending: 'Uploaded, in the queue',
  processing: 'Being cut out',
  done: 'Done',
  failed: 'Failed',
};

const ABSENT = {
  message: 'Nothing has been uploaded for this picture.',
  remedy: 'If no other page is uploading it, choose the file again.',
};

const NO_SUBJECT = {
  message: 'No clear subject was found in this picture.',
  remedy: 'The result may be faint or empty. A picture in which the subject stands out gives a better one.',
};

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
  /** What the stage and the buttons were last made for. */
  let shownUrl = '';
  let shownStage = '';
  /** Of the chosen file, made when it is first shown. */
  let sourceUrl = '';

  function update() {
    const at = stageOf(item);
    element.dataset['stage'] = at;
    setText(state, stateText(at));
    progress.hidden = at !== 'sending';
    if (item.upload?.phase === 'sending') progress.value = item.upload.fraction;
    updateFault(at);
    if (at !== shownStage) replaceButtons(at);
    shownStage = at;
    const url = pictureOf(item)?.url ?? '';
    if (url !== shownUrl || stage.childElementCount === 0) {
      shownUrl = url;
      near.observe(element);
    }
  }

  /** @param {import('./batch-model.js').Stage} at */
  function stateText(at) {
    const picture = at === 'done' ? pictureOf(item) : undefined;
    if (picture === undefined) {
      const size = item.file?.size ?? item.remote?.size;
      return size === undefined || size === 0 ? STAGE_TEXT[at] : `${STAGE_TEXT[at]} · ${sizeText(size)}`;
    }
    const { width, height, size } = picture;
    const shape = width !== undefined && height !== undefined ? `${width} × ${height}` : '';
    return ['Done', shape, size === undefined ? '' : sizeText(size)]
      .filter((part) => part !== '')
      .join(' · ');
  }

  /** @param {import('./batch-model.js').Stage} at */
  function updateFault(at) {
    const told = faultOf(item, at);
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
      onBroken: () => void actions.refresh(),
    });
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

/**
 * What there is to tell about a picture, with the remedy.
 * @param {Item} item
 * @param {import('./batch-model.js').Stage} at
 * @returns {import('./contract.js').Fault | undefined}
 */
function faultOf({ remote, upload }, at) {
  if (at === 'failed') return remote?.error;
  if (at === 'absent') return ABSENT;
  if (at === 'refused' && upload?.phase === 'refused') return upload.failure;
  return at === 'done' && remote?.result?.verdict?.subject === false ? NO_SUBJECT : undefined;
}

/** The picture to show: the cut-out, or the mask where only that was made. @param {Item} item */
function pictureOf({ remote }) {
  return remote?.state === 'done' ? (remote.result ?? remote.mask) : undefined;
}

/** @param {HTMLElement} element */
function focusable(element) {
  element.tabIndex = -1;
  return element;
}
