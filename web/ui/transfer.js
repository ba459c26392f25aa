// One file into the bucket by its link. By XMLHttpRequest: fetch cannot tell how much has been sent.
import { failureOfUpload } from './failure.js';

/** Headers that the browser sets itself, and lets nobody else set. */
const OWN_HEADERS = new Set(['host', 'content-length']);

/**
 * @param {import('./contract.js').UploadLink} link
 * @param {Blob} file
 * @param {AbortSignal} signal
 * @param {(fraction: number) => void} onProgress
 * @returns {Promise<void>} rejects with a Failure
 */
export function transfer({ method, url, headers }, file, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) {
      if (!OWN_HEADERS.has(name.toLowerCase())) request.setRequestHeader(name, value);
    }
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      if (total > 0) onProgress(loaded / total);
    });
    const refuse = () => reject(failureOfUpload(request.status, request.responseText));
    request.addEventListener('load', () =>
      request.status >= 200 && request.status < 300 ? resolve() : refuse(),
    );
    request.addEventListener('error', refuse);
    request.addEventListener('abort', refuse);
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}
