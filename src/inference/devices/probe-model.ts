import { create, toBinary } from '@bufbuild/protobuf';
import type { PreparedModel } from '../../models/model.js';
import * as onnx from '../../models/onnx/onnx_pb.js';

const SIDE = 8;

/**
 * The smallest network that proves a device: one convolution, which gives how far from black a picture is. It needs
 * nothing to be fetched, so a device is known to work before the model is.
 */
export function probeModel(file: string): PreparedModel {
  return {
    id: 'probe',
    variant: 'fp32',
    precision: 'fp32',
    file,
    sha256: '',
    input: { name: 'input', type: 'float32', side: SIDE, mean: [0, 0, 0], std: [1, 1, 1] },
    output: { name: 'output', activation: 'none' },
  };
}

/** The network's file. */
export function probeModelBytes(): Uint8Array {
  const kernel = create(onnx.AttributeProtoSchema, {
    name: 'kernel_shape',
    type: onnx.AttributeProto_AttributeType.INTS,
    ints: [1n, 1n],
  });
  const weights = create(onnx.TensorProtoSchema, {
    name: 'weights',
    dims: [1n, 3n, 1n, 1n],
    dataType: onnx.TensorProto_DataType.FLOAT,
    rawData: new Uint8Array(Float32Array.of(1 / 3, 1 / 3, 1 / 3).buffer),
  });
  const node = create(onnx.NodeProtoSchema, {
    opType: 'Conv',
    name: 'mean',
    input: ['input', 'weights'],
    output: ['output'],
    attribute: [kernel],
  });
  const graph = create(onnx.GraphProtoSchema, {
    name: 'probe',
    node: [node],
    initializer: [weights],
    input: [pictures('input', 3)],
    output: [pictures('output', 1)],
  });
  const opsetImport = [create(onnx.OperatorSetIdProtoSchema, { domain: '', version: 15n })];
  return toBinary(
    onnx.ModelProtoSchema,
    create(onnx.ModelProtoSchema, { irVersion: 8n, opsetImport, graph }),
  );
}

function pictures(name: string, channels: number) {
  const batch = create(onnx.TensorShapeProto_DimensionSchema, { value: { case: 'dimParam', value: 'N' } });
  const sizes = [channels, SIDE, SIDE].map((size) =>
    create(onnx.TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } }),
  );
  const shape = create(onnx.TensorShapeProtoSchema, { dim: [batch, ...sizes] });
  const tensorType = create(onnx.TypeProto_TensorSchema, {
    elemType: onnx.TensorProto_DataType.FLOAT,
    shape,
  });
  const type = create(onnx.TypeProtoSchema, { value: { case: 'tensorType', value: tensorType } });
  return create(onnx.ValueInfoProtoSchema, { name, type });
}
