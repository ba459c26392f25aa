/** What the inference side has to know of a model: the network's file and how pictures go in and mattes come out. */
export interface PreparedModel {
  /** Catalogue id, such as `isnet-general-use`. */
  readonly id: string;
  /** A prepared form of the model, such as `fp32` (with `-640` behind it for another side than the native one). */
  readonly variant: string;
  /** Absolute path of the ONNX file; its input is 1 x 3 x side x side with a symbolic batch dimension, float32. */
  readonly file: string;
  /** SHA-256 of that file, lower-case hex. */
  readonly sha256: string;
  readonly input: ModelInput;
  readonly output: ModelOutput;
}

export interface ModelInput {
  /** The tensor's name. */
  readonly name: string;
  /** Pixels: pictures are stretched to side x side. */
  readonly side: number;
  /** Channel means and deviations in 0..1 units: value = (byte / 255 - mean) / std, RGB order. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

export interface ModelOutput {
  /** The tensor's name; N x 1 x side x side. */
  readonly name: string;
  /** What turns the tensor into 0..1. */
  readonly activation: 'none' | 'sigmoid';
}
