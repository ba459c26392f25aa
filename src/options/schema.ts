import { z } from 'zod';
import { flag, oneOf, whole } from '../config/values.js';
import { colour, margin, percent, point, position, region, scale, size } from './values.js';

/**
 * Every option of a picture, once: its name, its values and what it does. Metadata, tags, rules, flags and
 * docs/options.md all come from here. Where remove.bg has an option, the name and the values are its own.
 */

export const PRESETS = ['quality', 'balanced', 'fast'] as const;

export interface OptionMeta {
  readonly doc: string;
  /** The values, for people. */
  readonly allowed: string;
  /** What holds where nothing is said; empty where that has no text. */
  readonly initial: string;
  /** Options of a command that shows what this one does. */
  readonly example: Readonly<Record<string, string>>;
  /** The picture that it shows it with (infra/examples.mjs draws them); `photo.jpg` unless given. */
  readonly input?: 'pair.jpg' | 'room.jpg' | 'deep.png' | 'wide.png' | 'ball.gif';
}

function option<Type extends z.ZodType>(type: Type, meta: OptionMeta) {
  return type.optional().meta({ option: meta });
}

export const optionsSchema = z.strictObject({
  output: option(oneOf(['cutout', 'mask', 'both']), {
    doc: 'What is made: the cut-out, the mask (the matte as a grey picture), or both.',
    allowed: '`cutout`, `mask`, `both`',
    initial: 'cutout',
    example: { output: 'mask' },
  }),
  format: option(word({ jpeg: 'jpg' }, ['png', 'webp', 'avif', 'jpg', 'auto']), {
    doc: 'Format of the result. `auto` is JPEG where nothing of it is transparent, else PNG. JPEG needs a background.',
    allowed: '`png`, `webp`, `avif`, `jpg`, `auto`',
    initial: 'png',
    example: { format: 'jpg', 'bg-color': 'white' },
  }),
  quality: option(whole(1, 100), {
    doc: 'Quality of WebP, AVIF and JPEG. The alpha of WebP is lossless, that of AVIF is not.',
    allowed: '1 to 100',
    initial: '90',
    example: { format: 'webp', quality: '10' },
  }),
  depth: option(oneOf(['8', '16']), {
    doc: 'Bits of each channel of a PNG; 16 keeps what a 16-bit input has.',
    allowed: '`8`, `16`',
    initial: '8',
    example: { depth: '16' },
    input: 'deep.png',
  }),
  'bg-color': option(colour(), {
    doc: 'Colour behind the subject, as a CSS name or in hex of 3, 4, 6 or 8 digits, with or without `#`. `none` keeps it transparent.',
    allowed: 'a colour, `none`',
    initial: 'none',
    example: { 'bg-color': '81d4fa' },
  }),
  'bg-image': option(z.string().min(1, 'expected the key of a picture, or none'), {
    doc: 'Picture behind the subject, made to cover it: a key below `CLEARCUT_BACKGROUND_PREFIX`; for `clearcut remove` a file. Never a URL.',
    allowed: 'a key, `none`',
    initial: 'none',
    example: { 'bg-image': 'beach.jpg' },
  }),
  'add-shadow': option(flag(), {
    doc: 'A soft shadow of the subject.',
    allowed: '`true`, `false`',
    initial: 'false',
    example: { 'add-shadow': 'true', 'bg-color': 'white' },
  }),
  'shadow-opacity': option(percent(0, 100), {
    doc: 'How dark the shadow is.',
    allowed: '0 to 100',
    initial: '50',
    example: { 'add-shadow': 'true', 'shadow-opacity': '90', 'bg-color': 'white' },
  }),
  'shadow-blur': option(percent(0, 20), {
    doc: "How soft the shadow is, as a share of the longer side of the subject's box.",
    allowed: '0% to 20%',
    initial: '3%',
    example: { 'add-shadow': 'true', 'shadow-blur': '0', 'bg-color': 'white' },
  }),
  'shadow-offset': option(point(-50, 50), {
    doc: "How far the shadow is to the right and down, as shares of the longer side of the subject's box.",
    allowed: 'one or two of -50% to 50%',
    initial: '0% 3%',
    example: { 'add-shadow': 'true', 'shadow-offset': '10% 10%', 'bg-color': 'white' },
  }),
  crop: option(flag(), {
    doc: 'Cuts the result to the subject.',
    allowed: '`true`, `false`',
    initial: 'false',
    example: { crop: 'true' },
  }),
  'crop-margin': option(margin(), {
    doc: 'Room left around the subject when `crop` is on: pixels, or shares of its box. One length, two (vertical, horizontal) or four (clockwise from the top).',
    allowed: 'lengths such as `30px`, `10%`',
    initial: '0',
    example: { crop: 'true', 'crop-margin': '10% 30%' },
  }),
  roi: option(region(), {
    doc: 'Region of interest, by its left, top, right and bottom: only what is in it can be subject, and the model sees nothing else.',
    allowed: 'four lengths',
    initial: '0% 0% 100% 100%',
    example: { roi: '0% 0% 50% 100%' },
    input: 'pair.jpg',
  }),
  scale: option(scale(), {
    doc: "The subject's box as a share of the canvas: it fills that much of one side and no more of the other. Puts the subject in the middle unless `position` says otherwise.",
    allowed: '10% to 100%, `original`',
    initial: 'original',
    example: { scale: '50%' },
  }),
  position: option(position(), {
    doc: 'Where the subject goes: across and down, as shares of the room that it leaves. `center` is `50%`.',
    allowed: 'one or two of 0% to 100%, `center`, `original`',
    initial: 'original',
    example: { scale: '50%', position: '100% 100%' },
  }),
  size: option(size(), {
    doc: 'Canvas of the result in pixels; a picture of another size or shape is fitted into its middle.',
    allowed: '`WIDTHxHEIGHT`, `original`',
    initial: 'original',
    example: { size: '640x320', 'bg-color': 'white' },
  }),
  'max-side': option(whole(0, 65_535), {
    doc: 'Longest side of the result in pixels; nothing is made larger, and 0 keeps the size.',
    allowed: '0 to 65535',
    initial: '0',
    example: { 'max-side': '160' },
  }),
  edges: option(oneOf(['soft', 'hard']), {
    doc: 'Edges as the matte has them, or one pixel of the picture wide.',
    allowed: '`soft`, `hard`',
    initial: 'soft',
    example: { edges: 'hard' },
  }),
  despill: option(flag(), {
    doc: 'Takes what shines through of the old background out of the colours at the edges.',
    allowed: '`true`, `false`',
    initial: 'true',
    example: { despill: 'false' },
  }),
  'no-subject': option(oneOf(['keep', 'empty', 'fail']), {
    doc: "What a picture without a subject becomes: the model's faint matte, a wholly transparent picture, or a dead letter.",
    allowed: '`keep`, `empty`, `fail`',
    initial: 'keep',
    example: { 'no-subject': 'empty' },
    input: 'room.jpg',
  }),
  frames: option(oneOf(['first', 'all']), {
    doc: 'Of an animated GIF or WebP the first frame, or all of them as an animated WebP.',
    allowed: '`first`, `all`',
    initial: 'first',
    example: { frames: 'all' },
    input: 'ball.gif',
  }),
  metadata: option(oneOf(['strip', 'keep']), {
    doc: 'Whether the cut-out keeps EXIF and XMP of the input, without orientation, thumbnail and the place where it was taken.',
    allowed: '`strip`, `keep`',
    initial: 'strip',
    example: { metadata: 'keep' },
  }),
  profile: option(oneOf(['srgb', 'keep']), {
    doc: 'Colours brought to sRGB, or left in the colour profile of the input, which is then embedded; before a background they are sRGB in any case.',
    allowed: '`srgb`, `keep`',
    initial: 'srgb',
    example: { profile: 'keep' },
    input: 'wide.png',
  }),
  preset: option(oneOf(PRESETS), {
    doc: 'Quality against speed of the model, where it is to be another than `CLEARCUT_PRESET`; `CLEARCUT_OTHER_PRESETS` lists which.',
    allowed: PRESETS.map((preset) => `\`${preset}\``).join(', '),
    initial: '',
    example: { preset: 'fast' },
  }),
});

export type ParsedOptions = z.output<typeof optionsSchema>;
export type OptionName = keyof ParsedOptions;

export interface OptionInfo extends OptionMeta {
  readonly name: OptionName;
}

const metaSchema = z.object({ option: z.custom<OptionMeta>() });

/** Every option of the schema, in its order. */
export const OPTIONS: readonly OptionInfo[] = Object.entries(optionsSchema.shape).map(([name, type]) => ({
  name: name as OptionName,
  ...metaSchema.parse(type.meta()).option,
}));

/** One of these words; others are spellings of them. */
function word<const Words extends readonly [string, ...string[]]>(
  spellings: Readonly<Record<string, Words[number]>>,
  words: Words,
) {
  return z
    .string()
    .transform((text) => spellings[text] ?? text)
    .pipe(oneOf(words));
}
