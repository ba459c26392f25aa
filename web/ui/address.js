// The ids of the batches on the page, in the fragment of its address: `#batches=ID,ID`. A fragment is never sent to a
// server, so the address can be reloaded, kept and handed on, and no log has it. Pure.

const NAME = 'batches=';
/** As the service makes them; whatever else stands in an address is not asked for. */
const ID = /^[A-Za-z0-9_-]{1,128}$/;
/** Addresses that are longer are cut off by some programs. */
const MOST = 20;

/**
 * @param {string} hash as `location.hash` has it
 * @returns {string[]} newest first
 */
export function idsOf(hash) {
  const text = hash.replace(/^#/, '');
  if (!text.startsWith(NAME)) return [];
  const ids = text
    .slice(NAME.length)
    .split(',')
    .filter((id) => ID.test(id));
  return [...new Set(ids)].slice(0, MOST);
}

/** @param {readonly string[]} ids */
export function hashOf(ids) {
  return ids.length === 0 ? '' : `#${NAME}${ids.slice(0, MOST).join(',')}`;
}
