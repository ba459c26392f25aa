import { create } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from '../onnx/onnx_pb.js';

/** Makes the parts of an ONNX graph, and reads the numbers in them. */

/** Integers, lists of integers, or texts. */
type Attribute = number | readonly number[] | string;

/** A node that is named after its first output. */
export function makeNode(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    name: `${output[0]}`,
    input: [...input],
    output: [...output],
    attribute: Object.entries(attributes).map(([name, value]) => makeAttribute(name, value)),
  });
}

export function makeAttribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  if (typeof value === 'string')
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: Buffer.from(value) });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

const DATA_TYPES = [
  [Float32Array, DataType.FLOAT],
  [Int32Array, DataType.INT32],
  [Int8Array, DataType.INT8],
  [Uint8Array, DataType.UINT8],
  [BigInt64Array, DataType.INT64],
] as const;

/** A constant; `dims` empty for a single number. Raw data is little-endian, as is every machine Node runs on. */
export function makeTensor(
  name: string,
  dims: readonly number[],
  values: Float32Array | Int32Array | Int8Array | Uint8Array | BigInt64Array,
): TensorProto {
  const dataType = DATA_TYPES.find(([kind]) => values instanceof kind)?.[1] ?? DataType.UNDEFINED;
  const rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return create(TensorProtoSchema, { name, dims: dims.map(BigInt), dataType, rawData });
}

/** A copy of the numbers of a float32 tensor; undefined where it is of another type. */
export function readFloats(tensor: TensorProto): Float32Array | undefined {
  if (tensor.dataType !== DataType.FLOAT) return undefined;
  if (tensor.floatData.length > 0) return Float32Array.from(tensor.floatData);
  const { rawData } = tensor;
  return new Float32Array(rawData.buffer.slice(rawData.byteOffset, rawData.byteOffset + rawData.byteLength));
}

export function writeFloats(tensor: TensorProto, values: Float32Array): void {
  tensor.floatData = [];
  tensor.rawData = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** The integers of an attribute, or `fallback` where the node has none of this name. */
export function intsOf(node: NodeProto, name: string, fallback: readonly number[]): readonly number[] {
  const attribute = node.attribute.find((candidate) => candidate.name === name);
  return attribute === undefined ? fallback : attribute.ints.map(Number);
}

/** The integer of an attribute, or `fallback`. */
export function intOf(node: NodeProto, name: string, fallback: number): number {
  const attribute = node.attribute.find((candidate) => candidate.name === name);
  return attribute === undefined ? fallback : Number(attribute.i);
}
