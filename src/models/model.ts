/** What the inference side has to know of a model: the network's file and how pictures go in and mattes come out. */
export interface PreparedModel {
  /** Catalogue id, such as `isnet-general-use`. */
  readonly id: string;
  /** A prepared form of the model, such as `fp32`, or `int8-640-out1` for another side and output than the first. */
  readonly variant: string;
  readonly precision: Precision;
  /** Absolute path of the ONNX file; its batch dimension is symbolic. */
  readonly file: string;
  /** SHA-256 of that file, lower-case hex. */
  readonly sha256: string;
  readonly input: ModelInput;
  readonly output: ModelOutput;
}

/** The numbers that the network computes with. Its matte is float32 in any case. */
export type Precision = 'fp32' | 'fp16' | 'int8';

export interface ModelInput {
  /** The tensor's name. */
  readonly name: string;
  /**
   * `float32`: N x 3 x side x side, normalised by mean and std. `uint8`: N x side x side x 3, the picture's bytes as
   * they are; the network normalises them itself.
   */
  readonly type: 'float32' | 'uint8';
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
