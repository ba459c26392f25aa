/** What is made of one picture: every choice resolved, whether it came from the upload, a rule, a flag or the defaults. */
export interface PictureOptions {
  /** `mask` is the matte as a grey picture; `both` is the cut-out and, beside it, the mask. */
  readonly output: 'cutout' | 'mask' | 'both';
  /** `auto`: JPEG where nothing of the result is transparent, else PNG. JPEG needs a background. */
  readonly format: PictureFormat | 'auto';
  /** Of WebP, AVIF and JPEG, 1 to 100; the alpha of WebP is lossless, that of AVIF is not. */
  readonly quality: number;
  /** Bits of each channel of a PNG; `auto` is 8. 16 keeps what a 16-bit input has. */
  readonly depth: 8 | 16;
  readonly background: Background;
  /** The result is cut to the subject's box and this margin around it; undefined keeps the whole picture. */
  readonly crop: Margin | undefined;
  /** Only what is in here can be subject, and the model sees nothing else; undefined for the whole picture. */
  readonly region: Region | undefined;
  /** The subject's box as a share of the canvas, 0.1 to 1: it fills that much of one side and no more of the other. */
  readonly scale: number | undefined;
  /**
   * Where the subject's box goes, as shares of the room around it: 0 is at the left or top, 0.5 in the middle. Undefined
   * leaves it where it is, or, with a scale, in the middle.
   */
  readonly position: { readonly x: number; readonly y: number } | undefined;
  /** The canvas: what has another size or shape is fitted into it, in the middle; undefined keeps the picture's. */
  readonly canvas: { readonly width: number; readonly height: number } | undefined;
  /** Longest side of the result in pixels; 0 keeps the size. Nothing is made larger. */
  readonly maxSide: number;
  readonly shadow: Shadow | undefined;
  /** `soft` as the matte is; `hard` with edges one pixel of the picture wide. */
  readonly edges: 'soft' | 'hard';
  /** Whether what shines through at the edges is taken out of the colours. */
  readonly decontaminate: boolean;
  /** `keep`: EXIF without orientation, thumbnail and GPS, XMP without GPS; in the cut-out alone. */
  readonly metadata: 'strip' | 'keep';
  /** `keep`: colours stay in the profile of the input, which is embedded; else, and before a background, they are sRGB. */
  readonly profile: 'srgb' | 'keep';
  /** Of an animated input: the first frame, or all of them as an animated WebP. */
  readonly frames: 'first' | 'all';
  /** What a picture without a subject becomes: the model's faint matte, a wholly transparent one, or a dead letter. */
  readonly noSubject: 'keep' | 'empty' | 'fail';
}

export type PictureFormat = 'png' | 'webp' | 'avif' | 'jpg';

export type Background =
  | { readonly kind: 'none' }
  /** 0..255 each. */
  | { readonly kind: 'color'; readonly rgba: readonly [number, number, number, number] }
  /** Bytes of an image file; it is made to cover the canvas. */
  | { readonly kind: 'image'; readonly bytes: Uint8Array };

/** A length in pixels, or a share of a side. */
export type Length = { readonly px: number } | { readonly share: number };

/** Shares are of the subject's box. */
export interface Margin {
  readonly top: Length;
  readonly right: Length;
  readonly bottom: Length;
  readonly left: Length;
}

/** Two corners; shares are of the picture's width and height. */
export interface Region {
  readonly left: Length;
  readonly top: Length;
  readonly right: Length;
  readonly bottom: Length;
}

/** A soft drop shadow; lengths are shares of the longer side of the subject's box, the blur is twice its deviation. */
export interface Shadow {
  /** 0..1. */
  readonly opacity: number;
  readonly blur: number;
  readonly offsetX: number;
  readonly offsetY: number;
}

/** The cut-out as the picture is: full size, transparent, PNG. */
export const DEFAULT_OPTIONS: PictureOptions = {
  output: 'cutout',
  format: 'png',
  quality: 90,
  depth: 8,
  background: { kind: 'none' },
  crop: undefined,
  region: undefined,
  scale: undefined,
  position: undefined,
  canvas: undefined,
  maxSide: 0,
  shadow: undefined,
  edges: 'soft',
  decontaminate: true,
  metadata: 'strip',
  profile: 'srgb',
  frames: 'first',
  noSubject: 'keep',
};
