// What is known of a batch: what this page sends, and what the service says of it. Pure: no network, no elements.

/**
 * One picture. `file` is there where it was chosen in this visit, `link` where this page may still upload it.
 * @typedef {object} Item
 * @property {string} key
 * @property {string} name
 * @property {File} [file]
 * @property {import('./contract.js').UploadLink} [link]
 * @property {import('./upload-queue.js').UploadState} [upload]
 * @property {import('./contract.js').ApiFile} [remote]
 */

/**
 * @typedef {object} Batch
 * @property {string} id
 * @property {Date} createdAt
 * @property {Readonly<Record<string, string>>} options that its pictures were sent with in this visit
 * @property {Map<string, Item>} items by key, in the order in which they were chosen
 */

/** @typedef {'queued' | 'sending' | 'refused' | 'cancelled' | 'absent' | 'pending' | 'processing' | 'done' | 'failed'} Stage */

/** @typedef {{ total: number, done: number, failed: number, uploading: number, lost: number, working: number }} Counts */

/**
 * A batch that was just made, from its links and the files, which are in the same order.
 * @param {import('./contract.js').IssuedUploads} issued
 * @param {readonly File[]} files
 * @param {Readonly<Record<string, string>>} options
 * @returns {Batch}
 */
export function newBatch(issued, files, options) {
  const items = issued.files.map(({ key, upload }, at) => {
    const file = files[at];
    return /** @type {Item} */ ({ key, name: file?.name ?? key, file, link: upload });
  });
  const byKey = new Map(items.map((item) => [item.key, item]));
  return { id: issued.batch, createdAt: new Date(), options, items: byKey };
}

/**
 * A batch of an earlier visit, or of another page.
 * @param {import('./contract.js').ApiBatch} told
 * @returns {Batch}
 */
export function knownBatch(told) {
  /** @type {Batch} */
  const batch = { id: told.id, createdAt: new Date(told.createdAt), options: {}, items: new Map() };
  for (const file of told.files) learn(batch, file);
  return batch;
}

/**
 * Takes in what the service says of one file.
 * @param {Batch} batch
 * @param {import('./contract.js').ApiFile} file
 * @returns {Item} the item, as it is now
 */
export function learn(batch, file) {
  const item = batch.items.get(file.key) ?? { key: file.key, name: file.name };
  item.remote = file;
  batch.items.set(file.key, item);
  return item;
}

/**
 * Where a picture is on its way. The service has the last word, except that it cannot know of an upload on its way.
 * @param {Item} item
 * @returns {Stage}
 */
export function stageOf({ remote, upload }) {
  if (remote !== undefined && remote.state !== 'waiting') return remote.state;
  if (upload === undefined) return 'absent';
  return upload.phase === 'sent' ? 'pending' : upload.phase;
}

/**
 * The picture to show: the cut-out, or the mask where only that was made.
 * @param {Item} item
 */
export function pictureOf({ remote }) {
  return remote?.state === 'done' ? (remote.result ?? remote.mask) : undefined;
}

/** @type {Readonly<Record<Stage, keyof Counts>>} */
const COUNTED_AS = {
  queued: 'uploading',
  sending: 'uploading',
  refused: 'lost',
  cancelled: 'lost',
  absent: 'lost',
  pending: 'working',
  processing: 'working',
  done: 'done',
  failed: 'failed',
};

/**
 * @param {Batch} batch
 * @returns {Counts}
 */
export function countsOf({ items }) {
  const counts = { total: items.size, done: 0, failed: 0, uploading: 0, lost: 0, working: 0 };
  for (const item of items.values()) counts[COUNTED_AS[stageOf(item)]] += 1;
  return counts;
}

/**
 * Whether nothing will change by itself any more. What another page may still be uploading counts as moving.
 * @param {Batch} batch
 */
export function isSettled({ items }) {
  return [...items.values()].every((item) =>
    ['done', 'failed', 'refused', 'cancelled'].includes(stageOf(item)),
  );
}

/**
 * The share of the work that is behind, from 0 to 1: a picture's upload counts as half of its way.
 * @param {Batch} batch
 */
export function shareDone({ items }) {
  let sum = 0;
  for (const item of items.values()) sum += shareOf(item);
  return items.size === 0 ? 1 : sum / items.size;
}

/** @param {Item} item */
function shareOf(item) {
  const stage = stageOf(item);
  if (stage === 'sending' && item.upload?.phase === 'sending') return item.upload.fraction / 2;
  if (stage === 'queued' || stage === 'absent') return 0;
  return stage === 'pending' || stage === 'processing' ? 0.5 : 1;
}
