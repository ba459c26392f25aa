import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { sha256Of } from '../../src/models/hashes.js';
import type { PreparedModel } from '../../src/models/model.js';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from '../../src/models/onnx/onnx_pb.js';

export interface TinyModelOptions {
  /** Pixels; 64 unless given. */
  readonly side?: number;
  /** Makes the output NaN wherever the picture is pure red (255, 0, 0): a picture that the model fails on. */
  readonly nanWhenRed?: boolean;
}

/**
 * A real network of the default model's signature, small enough to be made in a test: pure green (0, 255, 0) is
 * background, everything without green is subject. In inputs of -0.5..0.5: matte = clip(0.5 - green, 0, 1).
 */
export async function writeTinyModel(folder: string, options: TinyModelOptions = {}): Promise<PreparedModel> {
  const side = options.side ?? 64;
  const file = join(folder, `tiny-${side}${options.nanWhenRed ? '-nan' : ''}.onnx`);
  await writeFile(file, tinyModel(side, options.nanWhenRed ?? false));
  return {
    id: 'tiny',
    variant: 'fp32',
    precision: 'fp32',
    file,
    sha256: await sha256Of(file),
    input: { name: 'input', type: 'float32', side, mean: [0.5, 0.5, 0.5], std: [1, 1, 1] },
    output: { name: 'output', activation: 'none' },
  };
}

function tinyModel(side: number, nanWhenRed: boolean): Uint8Array {
  const nodes = [
    node('Conv', ['input', 'weights', 'bias'], ['level']),
    node('Clip', ['level', 'zero', 'one'], [nanWhenRed ? 'matte' : 'output']),
  ];
  const tensors = [
    tensor('weights', [1, 3, 1, 1], [0, -1, 0]),
    tensor('bias', [1], [0.5]),
    tensor('zero', [], [0]),
    tensor('one', [], [1]),
  ];
  if (nanWhenRed) {
    // red - green - blue is 1.5 for pure red and at most 0.5 for every picture without such a red: sqrt(1 - it)
    // is no number there, and 0 times the rest changes nothing.
    nodes.push(
      node('Conv', ['input', 'redness', 'limit'], ['margin']),
      node('Sqrt', ['margin'], ['root']),
      node('Mul', ['root', 'zero'], ['nothing']),
      node('Add', ['matte', 'nothing'], ['output']),
    );
    tensors.push(tensor('redness', [1, 3, 1, 1], [-1, 1, 1]), tensor('limit', [1], [1.4]));
  }
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 15n })],
      graph: create(GraphProtoSchema, {
        name: 'tiny',
        node: nodes,
        initializer: tensors,
        input: [picture('input', 3, side)],
        output: [picture('output', 1, side)],
      }),
    }),
  );
}

function node(opType: string, input: string[], output: string[]): NodeProto {
  const kernel = create(AttributeProtoSchema, {
    name: 'kernel_shape',
    type: AttributeType.INTS,
    ints: [1n, 1n],
  });
  return create(NodeProtoSchema, {
    opType,
    name: `${opType} to ${output[0]}`,
    input,
    output,
    attribute: opType === 'Conv' ? [kernel] : [],
  });
}

function tensor(name: string, dims: number[], values: number[]) {
  return create(TensorProtoSchema, {
    name,
    dataType: DataType.FLOAT,
    dims: dims.map(BigInt),
    rawData: new Uint8Array(Float32Array.from(values).buffer),
  });
}

function picture(name: string, channels: number, side: number) {
  const batch = create(TensorShapeProto_DimensionSchema, { value: { case: 'dimParam', value: 'N' } });
  const sizes = [channels, side, side].map((size) =>
    create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } }),
  );
  const shape = create(TensorShapeProtoSchema, { dim: [batch, ...sizes] });
  const tensorType = create(TypeProto_TensorSchema, { elemType: DataType.FLOAT, shape });
  const type = create(TypeProtoSchema, { value: { case: 'tensorType', value: tensorType } });
  return create(ValueInfoProtoSchema, { name, type });
}
