// Saving files: one by its link, a whole batch as a zip.

/** Links are renewed a little before they end: a download takes its time to begin. */
const MARGIN_MS = 10_000;

/** @param {{ expiresAt: string }} link */
export function isExpired({ expiresAt }, now = Date.now()) {
  return new Date(expiresAt).getTime() - MARGIN_MS <= now;
}

/**
 * @param {string} url
 * @param {string} name empty where the server names it
 */
export function save(url, name) {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}

/**
 * @param {import('./api.js').Api} api
 * @param {string} id
 * @param {boolean} needsToken a link can carry none: the zip is then held by the browser until it is whole
 */
export async function saveZip(api, id, needsToken) {
  if (!needsToken) return save(api.zipUrl(id), `clearcut-${id}.zip`);
  const url = URL.createObjectURL(await api.zip(id));
  save(url, `clearcut-${id}.zip`);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
