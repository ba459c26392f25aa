import type { ModelInput } from '../../models/model.js';
import ort from '../onnx-runtime.js';
import { fillInput, inputTables } from '../tensors.js';

/**
 * Makes what the network is fed with from pictures of side x side x 3 bytes; `count` is the size of the batch, of which
 * the pictures are the first.
 */
export type Feed = (pictures: readonly Uint8Array[], count: number) => ort.Tensor;

export function createFeed(input: ModelInput): Feed {
  return input.type === 'uint8' ? feedBytes(input) : feedFloats(input);
}

/** The network takes bytes as they are. */
function feedBytes({ side }: ModelInput): Feed {
  const pictureBytes = 3 * side * side;
  return (pictures, count) => {
    const [first] = pictures;
    const dims = [count, side, side, 3];
    if (count === 1 && first !== undefined) return new ort.Tensor('uint8', first, dims);
    const bytes = new Uint8Array(count * pictureBytes);
    for (const [index, picture] of pictures.entries()) bytes.set(picture, index * pictureBytes);
    return new ort.Tensor('uint8', bytes, dims);
  };
}

function feedFloats(input: ModelInput): Feed {
  const { side } = input;
  const pictureValues = 3 * side * side;
  const tables = inputTables(input);
  /** By batch size, kept: allocating them anew costs more than filling them. */
  const buffers = new Map<number, Float32Array>();
  return (pictures, count) => {
    const values = buffers.get(count) ?? new Float32Array(count * pictureValues);
    buffers.set(count, values);
    for (const [index, rgb] of pictures.entries()) fillInput(values, index, rgb, tables);
    // An earlier picture left here could make this batch fail too.
    values.fill(0, pictures.length * pictureValues);
    return new ort.Tensor('float32', values, [count, 3, side, side]);
  };
}
