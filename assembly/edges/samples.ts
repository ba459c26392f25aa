// The rows of the picture and of its matte that a row of cells is looked at in, and the places of the samples in them.

export let columns: i32 = 0;
/** Samples of a cell along each side. */
export let perCell: i32 = 0;
/** For each column of samples its place, in pixels from the beginning of a row. */
export let places: usize = 0;
export let channels: i32 = 0;
/** `perCell` rows of each, these many bytes apart. */
export let pixels: usize = 0;
export let pixelsStride: usize = 0;
export let levels: usize = 0;
export let levelsStride: usize = 0;

export function setSamples(
  columnCount: i32,
  samplesPerCell: i32,
  samplePlaces: usize,
  channelCount: i32,
  pixelRows: usize,
  bytesToNextPixels: usize,
  levelRows: usize,
  bytesToNextLevels: usize,
): void {
  columns = columnCount;
  perCell = samplesPerCell;
  places = samplePlaces;
  channels = channelCount;
  pixels = pixelRows;
  pixelsStride = bytesToNextPixels;
  levels = levelRows;
  levelsStride = bytesToNextLevels;
}

/** Red, green and blue of a pixel, and 1. */
export function colourAt(pixel: usize): v128 {
  const values = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(pixel)));
  return f32x4.replace_lane(f32x4.convert_i32x4_s(values), 3, 1);
}

/** The sum of four values, four times. */
export function total(values: v128): v128 {
  const pairs = f32x4.add(values, v128.shuffle<f32>(values, values, 2, 3, 0, 1));
  return f32x4.add(pairs, v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2));
}
