import { create, toBinary } from '@bufbuild/protobuf';
import ort from 'onnxruntime-node';
import { makeAttribute } from '../../../src/models/graph/build.js';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../../../src/models/onnx/onnx_pb.js';
import { referenceHalves } from './reference-halves.js';

/** Builds small ONNX graphs by hand and runs them. */

export interface GraphParts {
  readonly nodes: readonly NodeProto[];
  readonly tensors?: readonly TensorProto[];
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  /** Recorded types of inner values. */
  readonly inner?: readonly ValueInfoProto[];
}

export function graphOf(parts: GraphParts): GraphProto {
  return create(GraphProtoSchema, {
    name: 'test',
    node: [...parts.nodes],
    initializer: [...(parts.tensors ?? [])],
    input: [...parts.inputs],
    output: [...parts.outputs],
    valueInfo: [...(parts.inner ?? [])],
  });
}

export function modelOf(graph: GraphProto): ModelProto {
  return create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: 15n })],
    graph,
  });
}

type Attribute = number | readonly number[] | string | TensorProto | GraphProto;

/** Attributes: numbers are integers, as every operator here has them. */
export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    name: `${opType} to ${output[0]}`,
    input: [...input],
    output: [...output],
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  });
}

function attribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number' || typeof value === 'string') return makeAttribute(name, value);
  if ('$typeName' in value) {
    return value.$typeName === 'onnx.TensorProto'
      ? create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: value })
      : create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: value });
  }
  return makeAttribute(name, value);
}

export function cast(input: string, output: string, to: DataType): NodeProto {
  return node('Cast', [input], [output], { to });
}

export function floats(name: string, dims: readonly number[], values: readonly number[]): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: DataType.FLOAT,
    dims: dims.map(BigInt),
    rawData: new Uint8Array(Float32Array.from(values).buffer),
  });
}

/** A float16 tensor of values that are halves exactly, in either of the two places that ONNX has for them. */
export function halves(
  name: string,
  dims: readonly number[],
  values: readonly number[],
  storage: 'raw_data' | 'int32_data' = 'raw_data',
): TensorProto {
  const bits = values.map(halfBits);
  return create(TensorProtoSchema, {
    name,
    dataType: DataType.FLOAT16,
    dims: dims.map(BigInt),
    ...(storage === 'raw_data'
      ? { rawData: new Uint8Array(Uint16Array.from(bits).buffer) }
      : { int32Data: bits }),
  });
}

const BITS_OF_HALF = new Map(referenceHalves().map((value, bits) => [value, bits]));

function halfBits(value: number): number {
  const bits = BITS_OF_HALF.get(value);
  if (bits === undefined) throw new RangeError(`${value} is no half`);
  return bits;
}

export function int64s(name: string, values: readonly number[]): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: DataType.INT64,
    dims: [BigInt(values.length)],
    int64Data: values.map(BigInt),
  });
}

/** A value with its type and shape; a dimension is a number or the name of a symbolic one. */
export function value(name: string, elemType: DataType, dims: readonly (number | string)[]): ValueInfoProto {
  const dim = dims.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof size === 'number'
          ? { case: 'dimValue', value: BigInt(size) }
          : { case: 'dimParam', value: size },
    }),
  );
  const tensorType = create(TypeProto_TensorSchema, {
    elemType,
    shape: create(TensorShapeProtoSchema, { dim }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensorType } }),
  });
}

/** The shape that a value is recorded with. */
export function shapeOf(recorded: ValueInfoProto | undefined): (number | string | undefined)[] {
  const type = recorded?.type?.value;
  if (type?.case !== 'tensorType') return [];
  return (type.value.shape?.dim ?? []).map(({ value: dim }) =>
    dim.case === 'dimValue' ? Number(dim.value) : dim.value,
  );
}

export function opsOf(graph: GraphProto): string[] {
  return graph.node.map((each) => each.opType);
}

/** Runs a model on the CPU; `inputs` are flat float32 values with their shapes. Returns every output. */
export async function runModel(
  model: ModelProto,
  inputs: Readonly<Record<string, { dims: readonly number[]; data: Float32Array }>>,
): Promise<Record<string, { dims: readonly number[]; data: Float32Array }>> {
  const session = await ort.InferenceSession.create(toBinary(ModelProtoSchema, model), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  try {
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { dims, data }]) => [name, new ort.Tensor('float32', data, dims)]),
    );
    const results = await session.run(feeds);
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [
        name,
        { dims: tensor.dims, data: Float32Array.from(tensor.data as Float32Array) },
      ]),
    );
  } finally {
    await session.release();
  }
}

/** Deterministic noise of -0.5..0.5 (mulberry32). */
export function noise(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 - 0.5;
  });
}

export function largestDifference(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  return actual.reduce((largest, each, at) => Math.max(largest, Math.abs(each - (expected[at] ?? 0))), 0);
}
