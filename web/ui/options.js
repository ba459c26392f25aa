// From the options panel to the options of docs/options.md. What is left alone is not sent: it is then as the service
// is configured. Pure.

/**
 * @typedef {object} Choices
 * @property {string} format '' leaves it to the service
 * @property {number} quality 1 to 100
 * @property {string} background '' leaves it, 'none', or 'colour'
 * @property {string} colour `#rrggbb`
 * @property {boolean} crop
 * @property {number} margin percent of the subject's box, 0 to 50
 * @property {boolean} shadow
 * @property {number} shadowOpacity 0 to 100
 * @property {string} output '' leaves it, 'mask' or 'both'
 * @property {string} maxSide pixels; '' leaves it
 */

/** Formats that lose something, and so have a quality. */
const LOSSY = new Set(['webp', 'avif', 'jpg', 'auto']);

/** @type {Readonly<Record<string, string>>} */
const FORMAT_NAMES = { png: 'PNG', webp: 'WebP', avif: 'AVIF', jpg: 'JPEG', auto: 'JPEG or PNG' };

/** @param {Choices} choices */
export function hasQuality({ format }) {
  return LOSSY.has(format);
}

/**
 * @param {Choices} choices
 * @returns {Record<string, string>}
 */
export function optionsOf(choices) {
  const { format, background, colour, crop, margin, shadow, shadowOpacity, output, maxSide } = choices;
  return {
    ...(format !== '' && { format }),
    ...(hasQuality(choices) && { quality: String(choices.quality) }),
    ...(background === 'none' && { 'bg-color': 'none' }),
    ...(background === 'colour' && { 'bg-color': colour }),
    ...(crop && { crop: 'true', 'crop-margin': `${margin}%` }),
    ...(shadow && { 'add-shadow': 'true', 'shadow-opacity': String(shadowOpacity) }),
    ...(output !== '' && { output }),
    ...(maxSide !== '' && { 'max-side': maxSide }),
  };
}

/**
 * What contradicts itself, in a sentence; nothing where all is well.
 * @param {Choices} choices
 */
export function contradictionIn({ format, background, output }) {
  if (format !== 'jpg' || background !== 'none' || output === 'mask') return undefined;
  return 'JPEG has nothing transparent: choose a colour for the background, or another format.';
}

/**
 * The choices in a few words, for the closed panel.
 * @param {Choices} choices
 */
export function summaryOf({ format, background, colour, crop, shadow, output }) {
  const parts = [
    FORMAT_NAMES[format] ?? '',
    background === 'colour' ? `background ${colour}` : background === 'none' ? 'transparent' : '',
    crop ? 'cropped' : '',
    shadow ? 'with shadow' : '',
    output === 'mask' ? 'mask only' : output === 'both' ? 'with mask' : '',
  ];
  return parts.filter((part) => part !== '').join(', ') || 'as the service is set';
}
