// Puts rows of cut-outs together, as WebAssembly with SIMD. src/image/compose.ts lays out the memory and calls it. All pointers
// are in bytes; behind each piece is room for the rest of a vector.

const PIXELS_A_VECTOR: u32 = 4;
const MOST_COLOUR: u32 = 0xff_ffff;

/** The colours of a row, three or four bytes each, with its alphas as RGBA; 0 where the alpha is. */
export function composeRow(colours: usize, channels: u32, alphas: usize, pixels: u32, row: usize): void {
  const most = i32x4.splat(MOST_COLOUR);
  let colour = colours;
  let alpha = alphas;
  let out = row;
  for (let at: u32 = 0; at < pixels; at += PIXELS_A_VECTOR, alpha += 4, out += 16) {
    const four = v128.load(colour);
    const alphasOfFour = v128.load32_splat(alpha);
    const rgba =
      channels === 3
        ? i8x16.shuffle(four, alphasOfFour, 0, 1, 2, 16, 3, 4, 5, 17, 6, 7, 8, 18, 9, 10, 11, 19)
        : i8x16.shuffle(four, alphasOfFour, 0, 1, 2, 16, 4, 5, 6, 17, 8, 9, 10, 18, 12, 13, 14, 19);
    v128.store(out, v128.and(rgba, i32x4.gt_u(rgba, most)));
    colour += <usize>(PIXELS_A_VECTOR * channels);
  }
}
