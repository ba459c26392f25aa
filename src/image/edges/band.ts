import type { Matte } from '../matte.js';
import type { Grid } from './grid.js';

/** Levels from which on, and up to which, a pixel is a mixture. */
const SOFT = { from: 6, to: 249 };

/** 1 for the cells that have something of an edge. */
export function edgeCells(matte: Matte, { columns, rows, across, down }: Grid): Uint8Array {
  const isEdge = new Uint8Array(columns * rows);
  for (let row = 0, cell = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, cell++) {
      let low = 255;
      let high = 0;
      for (let j = row * down.perCell, lastJ = j + down.perCell; j < lastJ; j++) {
        const start = (down.places[j] as number) * matte.width;
        for (let i = column * across.perCell, lastI = i + across.perCell; i < lastI; i++) {
          const level = matte.data[start + (across.places[i] as number)] as number;
          if (level < low) low = level;
          if (level > high) high = level;
        }
      }
      if (high < SOFT.from || low > SOFT.to) continue;
      isEdge[cell] = 1;
    }
  }
  return isEdge;
}
