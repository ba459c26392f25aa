// Saving files: one by its link, a whole batch as a zip.

import { failureOfAnswer } from './failure.js';

/** Links are renewed a little before they end: a download takes its time to begin. */
const MARGIN_MS = 10_000;
/** What is being saved stays in memory for a while: nobody is told when the browser has read it. */
const KEPT_MS = 60_000;

/** @param {{ expiresAt: string }} link */
export function isExpired({ expiresAt }, now = Date.now()) {
  return new Date(expiresAt).getTime() - MARGIN_MS <= now;
}

/**
 * Saves what a link leads to. Browsers save nothing under a name, or instead of showing it, that comes from another
 * origin than the page: such is fetched first.
 * @param {string} url
 * @param {string} name
 */
export async function saveLink(url, name) {
  if (new URL(url, location.href).origin === location.origin) return click(url, name);
  try {
    // What the browser kept when it showed the picture may lack what the bucket tells to pages that read it.
    const answer = await fetch(url, { cache: 'no-store' });
    if (!answer.ok) throw failureOfAnswer(answer.status, undefined);
    saveBlob(await answer.blob(), name);
  } catch {
    // A bucket that shows pictures to this page and lets it read none: people can still save what they see.
    window.open(url, '_blank', 'noopener');
  }
}

/**
 * @param {import('./api.js').Api} api
 * @param {string} id
 * @param {boolean} needsToken a link can carry none: the zip is then held by the browser until it is whole
 */
export async function saveZip(api, id, needsToken) {
  const name = `clearcut-${id}.zip`;
  if (needsToken) saveBlob(await api.zip(id), name);
  else click(api.zipUrl(id), name);
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function saveBlob(blob, name) {
  const url = URL.createObjectURL(blob);
  click(url, name);
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/**
 * @param {string} url
 * @param {string} name
 */
function click(url, name) {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}
