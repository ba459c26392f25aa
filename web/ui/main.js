// The page: joins what its parts do.
import { createApi } from './api.js';
import { openBatches } from './batches.js';
import { byId } from './dom.js';
import { openIntake } from './intake.js';
import { showNotice } from './notices.js';
import { openOptionsPanel } from './options-panel.js';
import { sortFiles } from './picture-files.js';
import { openPreviewBar } from './preview-bar.js';
import { tokens } from './token.js';

const TITLE = document.title;
/** Names in a notice; more would push the page away. */
const MOST_NAMES = 8;

const api = createApi({ base: document.baseURI, tokens });
const options = openOptionsPanel();
const previewBar = openPreviewBar();
const batches = openBatches({
  api,
  tokens,
  onRefused: tellRefused,
  onChange: (isEmpty, share) => {
    document.body.classList.toggle('has-batches', !isEmpty);
    previewBar.show(!isEmpty);
    document.title = share === '' ? TITLE : `${share} · ${TITLE}`;
  },
});

openIntake((files) => {
  const { pictures, refused } = sortFiles(files);
  if (refused.length > 0) tellRefused(refused);
  const chosen = options.read();
  if (chosen.fault !== undefined) {
    options.show();
    showNotice('Nothing was uploaded', chosen.fault, { id: 'options' });
  } else if (pictures.length > 0) void batches.add(pictures, chosen.options);
});

/** @param {ReadonlyArray<{ name: string, reason: string }>} refused */
function tellRefused(refused) {
  const lines = refused.slice(0, MOST_NAMES).map(({ name, reason }) => `${name}: ${reason}`);
  if (refused.length > MOST_NAMES) lines.push(`and ${refused.length - MOST_NAMES} more`);
  showNotice('Left out', 'JPEG, PNG, WebP, AVIF, HEIC, TIFF and GIF pictures are taken.', {
    id: 'refused',
    lines,
    isNote: true,
  });
}

// Not by its address: that holds the batches.
byId('skip', HTMLElement).addEventListener('click', (event) => {
  event.preventDefault();
  byId('batches', HTMLElement).focus();
});

void batches.resume();
