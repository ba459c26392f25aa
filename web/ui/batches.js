// All batches on the page: made from files or taken up from the address, uploaded, followed and shown.

import { hashOf, idsOf } from './address.js';
import { announce } from './announce.js';
import { BATCH_SIZE } from './api.js';
import { isSettled, knownBatch, learn, newBatch, stageOf } from './batch-model.js';
import { createBatchView } from './batch-view.js';
import { byId } from './dom.js';
import { isExpired, saveZip } from './downloads.js';
import { Failure, failureOf } from './failure.js';
import { closeNotice, showFailure } from './notices.js';
import { partsOf } from './picture-files.js';
import { transfer } from './transfer.js';
import { createUploadQueue, pauseFor } from './upload-queue.js';
import { isFinal, watchBatch } from './watch.js';
import { progressText } from './words.js';

/** @typedef {{ batch: import('./batch-model.js').Batch, view: ReturnType<typeof createBatchView>, stop: AbortController }} Shown */
/** @typedef {import('./batch-model.js').Item} Item */

/**
 * @param {object} options
 * @param {import('./api.js').Api} options.api
 * @param {{ current(): string | undefined }} options.tokens
 * @param {(isEmpty: boolean, share: string) => void} options.onChange
 * @param {(refused: Array<{ name: string, reason: string }>) => void} options.onRefused files that the service will not take
 */
export function openBatches({ api, tokens, onChange, onRefused }) {
  /** Newest first. @type {Shown[]} */
  const all = [];
  /** Which batch an item is of, while it may be uploaded. @type {Map<Item, Shown>} */
  const owners = new Map();
  const place = byId('batches', HTMLElement);

  const uploads = createUploadQueue({
    pause: pauseFor,
    onChange: (/** @type {Item} */ item, state) => {
      item.upload = state;
      owners.get(item)?.view.update([item.key]);
    },
    send: (item, signal, onProgress) => {
      const { file, link } = item;
      if (file === undefined || link === undefined)
        throw new Failure('The file is gone.', 'Choose it again.');
      return transfer(link, file, signal, onProgress);
    },
  });

  /**
   * Uploads files as new batches. Failures are shown.
   * @param {readonly File[]} files
   * @param {Readonly<Record<string, string>>} options
   */
  async function add(files, options) {
    for (const part of partsOf(files, BATCH_SIZE)) {
      try {
        closeNotice('add');
        const shown = show(newBatch(await api.createUploads(part, options), part, options), true);
        for (const item of shown.batch.items.values()) uploads.add(item);
      } catch (thrown) {
        const { files: faults } = failureOf(thrown);
        const others = part.filter((_, at) => !faults.has(at));
        if (others.length > 0 && others.length < part.length) {
          // One file that the service will not take must not keep the others out.
          onRefused([...faults].map(([at, reason]) => ({ name: part[at]?.name ?? '', reason })));
          await add(others, options);
        } else {
          const action = { label: 'Try again', run: () => void add(part, options) };
          showFailure(thrown, { id: 'add', action });
        }
      }
    }
  }

  /** Takes up the batches of the address. */
  async function resume() {
    await Promise.all(idsOf(location.hash).map(takeUp));
  }

  /** @param {string} id */
  async function takeUp(id) {
    if (all.some(({ batch }) => batch.id === id)) return;
    try {
      show(knownBatch(await api.batch(id)), false);
    } catch (thrown) {
      const action = { label: 'Try again', run: () => void takeUp(id) };
      showFailure(thrown, { id, action });
    }
  }

  /**
   * @param {import('./batch-model.js').Batch} batch
   * @param {boolean} isNew
   */
  function show(batch, isNew) {
    const view = createBatchView(
      batch,
      {
        zip: () => void saveZip(api, batch.id, tokens.current() !== undefined).catch(showFailure),
        cancelAll: () => batch.items.forEach(uploads.cancel),
        retryAll: () => {
          for (const item of batch.items.values()) if (item.upload?.phase === 'refused') retry(item);
        },
        close: () => close(shown),
        retry,
        cancel: uploads.cancel,
        refresh: () => refresh(shown),
      },
      (counts) => {
        announce(progressText(counts));
        if (isSettled(batch)) shown.stop.abort();
        report();
      },
    );
    /** @type {Shown} */
    const shown = { batch, view, stop: new AbortController() };
    for (const item of batch.items.values()) owners.set(item, shown);
    all.push(shown);
    all.sort((one, other) => other.batch.createdAt.getTime() - one.batch.createdAt.getTime());
    place.replaceChildren(...all.map((each) => each.view.element));
    if (isNew) writeAddress();
    void follow(shown);
    return shown;

    /** @param {Item} item */
    function retry(item) {
      if (item.link !== undefined && isExpired(item.link) && item.file !== undefined) {
        void add([item.file], batch.options);
        return;
      }
      uploads.add(item);
      if (shown.stop.signal.aborted) {
        shown.stop = new AbortController();
        void follow(shown);
      }
    }
  }

  /** @param {Shown} shown */
  async function follow(shown) {
    const { batch, view, stop } = shown;
    const id = `watch-${batch.id}`;
    const action = { label: 'Try again', run: () => void follow(shown) };
    await watchBatch({
      api,
      id: batch.id,
      signal: stop.signal,
      onFile: (file) => {
        learn(batch, file);
        view.update([file.key]);
      },
      onTrouble: (thrown) =>
        thrown === undefined
          ? closeNotice(id)
          : showFailure(thrown, { id, ...(isFinal(thrown) && { action }) }),
    });
    if (stop.signal.aborted) closeNotice(id);
  }

  /** Asks for the state of a batch once more, and with it for new links. @param {Shown} shown */
  async function refresh({ batch, view }) {
    try {
      for (const file of (await api.batch(batch.id)).files) learn(batch, file);
      view.update(batch.items.keys());
    } catch (thrown) {
      showFailure(thrown);
    }
  }

  /** @param {Shown} shown */
  function close(shown) {
    shown.stop.abort();
    for (const item of shown.batch.items.values()) {
      uploads.cancel(item);
      owners.delete(item);
    }
    shown.view.dispose();
    all.splice(all.indexOf(shown), 1);
    writeAddress();
    report();
    byId('choose', HTMLElement).focus();
  }

  function writeAddress() {
    const hash = hashOf(all.map(({ batch }) => batch.id));
    history.replaceState(null, '', `${location.pathname}${location.search}${hash}`);
  }

  function report() {
    const items = all.flatMap(({ batch }) => [...batch.items.values()]);
    const done = items.filter((item) => ['done', 'failed'].includes(stageOf(item))).length;
    onChange(all.length === 0, done < items.length ? `${done}/${items.length}` : '');
  }

  window.addEventListener('hashchange', () => void resume());
  window.addEventListener('beforeunload', (event) => {
    if (uploads.busy) event.preventDefault();
  });
  return { add, resume };
}
