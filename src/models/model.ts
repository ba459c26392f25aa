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
  /** `one` where a run takes one picture and no more; any number unless given. */
  readonly batch?: 'any' | 'one';
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
  /** Pixels: pictures are brought to side x side. */
  readonly side: number;
  /** Channel means and deviations in 0..1 units: value = (byte / 255 - mean) / std, in the order of the channels. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Of the channels; `rgb` unless given. */
  readonly order?: 'rgb' | 'bgr';
  /** How pictures are brought to side x side; stretched with Lanczos unless given. */
  readonly framing?: Framing;
}

export interface Framing {
  /** `stretch`: both sides to the model's. `letterbox`: the longer one to it, in the middle of a padding. */
  readonly resize: 'stretch' | 'letterbox';
  /** Grey level of the padding, 0..255. */
  readonly padding: number;
  /** Of making smaller. */
  readonly kernel: 'lanczos3' | 'linear';
}

export interface ModelOutput {
  /** The tensor's name; one channel, N x 1 x height x width or without the 1, as a square of any side. */
  readonly name: string;
  /** What the tensor goes through first. */
  readonly activation: 'none' | 'sigmoid';
  /** The values that stand for background and for subject then; 0 and 1 unless given. */
  readonly range?: readonly [background: number, subject: number];
  /** `min-max` stretches each matte to all of 0..1 where the network is confident. That unless given. */
  readonly normalise?: 'min-max' | 'none';
}
