// A picture before and after, one over the other, with a slider between them; beside each other where the result has
// another shape, because then nothing lies over what it was made from.
import { make } from './dom.js';

/** Shapes that differ by less are the same one, rounded to whole pixels. */
const SAME_SHAPE = 0.01;

/**
 * @param {object} options
 * @param {string} options.name
 * @param {string} options.before
 * @param {import('./contract.js').PictureLink} options.after
 * @param {() => void} options.onBroken where the result cannot be shown: its link may have expired
 */
export function makeComparison({ name, before, after, onBroken }) {
  const result = make('img', {
    src: after.url,
    alt: `${name}, cut out`,
    decoding: 'async',
    draggable: 'false',
  });
  const source = make('img', { src: before, alt: `${name}, before`, decoding: 'async', draggable: 'false' });
  const slider = make('input', {
    type: 'range',
    min: 0,
    max: 100,
    value: 50,
    'aria-label': `Before and after: ${name}`,
  });
  const frame = make('div', { class: 'compare' }, make('div', { class: 'layer after' }, result));

  function move() {
    frame.style.setProperty('--at', `${slider.value}%`);
    slider.setAttribute('aria-valuetext', `${slider.value} % before, ${100 - Number(slider.value)} % after`);
  }

  /** The shape is known from the service, or once the picture is there. */
  function adjust() {
    const width = after.width ?? result.naturalWidth;
    const height = after.height ?? result.naturalHeight;
    if (width === 0 || height === 0) return;
    frame.style.setProperty('--width', String(width));
    frame.style.setProperty('--height', String(height));
    const box = after.box ?? { left: 0, top: 0, width, height };
    frame.style.setProperty('--box-left', String(box.left));
    frame.style.setProperty('--box-top', String(box.top));
    frame.style.setProperty('--box-width', String(Math.max(1, box.width)));
    frame.style.setProperty('--box-height', String(Math.max(1, box.height)));
    frame.classList.toggle('has-box', after.box !== undefined && box.width > 0 && box.height > 0);
  }

  source.addEventListener('load', () => {
    const shape = source.naturalWidth / source.naturalHeight;
    const width = after.width ?? result.naturalWidth;
    const height = after.height ?? result.naturalHeight;
    const isSame = Math.abs(width / height / shape - 1) < SAME_SHAPE;
    frame.append(make('div', { class: 'layer before' }, source));
    frame.classList.toggle('is-beside', !isSame);
    if (isSame) frame.append(make('div', { class: 'handle', 'aria-hidden': 'true' }), slider);
  });
  // Nothing is done where the browser cannot show the source (HEIC, TIFF): the result stands alone.
  result.addEventListener('load', adjust);
  result.addEventListener('error', onBroken, { once: true });
  slider.addEventListener('input', move);
  adjust();
  move();
  return frame;
}
