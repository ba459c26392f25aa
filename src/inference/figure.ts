/**
 * A picture that is the same everywhere: a warm figure, a disc on a block, before a background that goes from light to dark
 * blue. `figure` shifts and turns the colours. side x side x 3 bytes.
 */
export function drawFigure(side: number, figure: number): Uint8Array<ArrayBuffer> {
  const rgb = new Uint8Array(side * side * 3);
  const shift = figure * 0.08;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const u = (x + 0.5) / side;
      const v = (y + 0.5) / side;
      const isDisc = Math.hypot(u - 0.45 - shift, v - 0.35) < 0.16;
      const isBlock = Math.abs(u - 0.45 - shift) < 0.22 - 0.1 * (1 - v) && v > 0.48 && v < 0.92;
      // A ripple, because networks know few surfaces without one.
      const ripple = 12 * Math.sin(40 * u + 25 * v);
      const colour = isDisc
        ? [214 + ripple, 160, 120 - ripple]
        : isBlock
          ? [170, 40 + ripple + 60 * figure, 50]
          : [120 + 60 * v, 150 + 50 * v + ripple / 4, 225 - 40 * v];
      rgb.set(colour, (y * side + x) * 3);
    }
  }
  return rgb;
}
