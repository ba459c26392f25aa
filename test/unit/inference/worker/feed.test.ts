import { describe, expect, it } from 'vitest';
import { createFeed } from '../../../../src/inference/worker/feed.js';
import type { ModelInput } from '../../../../src/models/model.js';

const SIDE = 2;
const VALUES = 3 * SIDE * SIDE;
const BYTES: ModelInput = {
  name: 'input',
  type: 'uint8',
  side: SIDE,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};
const FLOATS: ModelInput = { ...BYTES, type: 'float32' };

/** A picture whose bytes are all different, and not those of another `index`. */
const picture = (index: number) => Uint8Array.from({ length: VALUES }, (_, at) => 20 * index + at + 1);

describe('a network that takes bytes', () => {
  it('is given a single picture as it is, without a copy', () => {
    const only = picture(1);
    const tensor = createFeed(BYTES)([only], 1);
    expect(tensor).toMatchObject({ type: 'uint8', dims: [1, SIDE, SIDE, 3] });
    expect(tensor.data).toBe(only);
  });

  it('is given a batch in its order, filled up with zeros', () => {
    const tensor = createFeed(BYTES)([picture(1), picture(2)], 4);
    expect(tensor).toMatchObject({ type: 'uint8', dims: [4, SIDE, SIDE, 3] });
    expect([...(tensor.data as Uint8Array)]).toEqual([
      ...picture(1),
      ...picture(2),
      ...new Uint8Array(2 * VALUES),
    ]);
  });

  it('sees nothing of an earlier, fuller batch', () => {
    const feed = createFeed(BYTES);
    feed([picture(1), picture(2), picture(3)], 4);
    const { data } = feed([picture(4)], 4);
    expect([...(data as Uint8Array)]).toEqual([...picture(4), ...new Uint8Array(3 * VALUES)]);
  });
});

describe('a network that takes floats', () => {
  it('is given planes of normalised numbers, filled up with zeros', () => {
    const tensor = createFeed(FLOATS)([picture(1), picture(2)], 3);
    expect(tensor).toMatchObject({ type: 'float32', dims: [3, 3, SIDE, SIDE] });
    const expected = [...planes(picture(1)), ...planes(picture(2)), ...new Array<number>(VALUES).fill(0)];
    const actual = [...(tensor.data as Float32Array)];
    expect(actual).toHaveLength(expected.length);
    for (const [at, value] of expected.entries()) expect(actual[at]).toBeCloseTo(value, 5);
  });

  it('sees nothing of an earlier, fuller batch', () => {
    const feed = createFeed(FLOATS);
    feed([picture(1), picture(2), picture(3)], 4);
    const { data } = feed([picture(4)], 4);
    const alone = createFeed(FLOATS)([picture(4)], 1).data as Float32Array;
    expect([...(data as Float32Array)]).toEqual([...alone, ...new Float32Array(3 * VALUES)]);
  });

  it('is given batches of every size from one feed', () => {
    const feed = createFeed(FLOATS);
    feed([picture(1), picture(2)], 2);
    const { data, dims } = feed([picture(3)], 1);
    expect(dims).toEqual([1, 3, SIDE, SIDE]);
    expect(data).toEqual(createFeed(FLOATS)([picture(3)], 1).data);
  });
});

function planes(rgb: Uint8Array): number[] {
  const { mean, std } = FLOATS;
  return ([0, 1, 2] as const).flatMap((channel) =>
    [...rgb].filter((_, at) => at % 3 === channel).map((byte) => (byte / 255 - mean[channel]) / std[channel]),
  );
}
