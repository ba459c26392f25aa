// What a card says of its picture. Pure.
import { pictureOf, stageOf } from './batch-model.js';
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
 * Where the picture is on its way, and how large it is.
 * @param {import('./batch-model.js').Item} item
 */
export function stateText(item) {
  const stage = stageOf(item);
  const picture = stage === 'done' ? pictureOf(item) : undefined;
  const { width, height, size } = picture ?? { size: item.file?.size ?? item.remote?.size };
  const shape = width !== undefined && height !== undefined ? `${width} × ${height}` : '';
  return [STAGE_TEXT[stage], shape, size ? sizeText(size) : ''].filter((part) => part !== '').join(' · ');
}

/**
 * What there is to tell about a picture, with the remedy.
 * @param {import('./batch-model.js').Item} item
 * @returns {import('./contract.js').Fault | undefined}
 */
export function faultOf(item) {
  const { remote, upload } = item;
  const at = stageOf(item);
  if (at === 'failed') return remote?.error;
  if (at === 'absent') return ABSENT;
  if (at === 'refused' && upload?.phase === 'refused') return upload.failure;
  return at === 'done' && remote?.result?.verdict?.subject === false ? NO_SUBJECT : undefined;
}
