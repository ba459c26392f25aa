// One picture as large as the window allows.
import { byId, setText } from './dom.js';

/**
 * @param {{ name: string }} item
 * @param {() => HTMLElement} comparison makes the picture anew
 */
export function openViewer({ name }, comparison) {
  const dialog = byId('viewer', HTMLDialogElement);
  setText(byId('viewer-name', HTMLElement), name);
  byId('viewer-stage', HTMLElement).replaceChildren(comparison());
  byId('viewer-close', HTMLButtonElement).onclick = () => dialog.close();
  dialog.onclose = () => byId('viewer-stage', HTMLElement).replaceChildren();
  dialog.showModal();
}
