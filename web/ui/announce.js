// Tells people who cannot see the page what happens on it, at a pace that can be listened to.
import { byId } from './dom.js';

/** Milliseconds between two announcements; of those in between the last one is told. */
const PACE = 2500;

let next = '';
let isWaiting = false;

/** @param {string} text */
export function announce(text) {
  next = text;
  if (isWaiting) return;
  isWaiting = true;
  byId('announcer', HTMLElement).textContent = next;
  const told = next;
  setTimeout(() => {
    isWaiting = false;
    if (next !== told) announce(next);
  }, PACE);
}
