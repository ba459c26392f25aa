import { create } from '@bufbuild/protobuf';
import { ClearcutError } from '../../errors.js';
import {
  type GraphProto,
  type NodeProto,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
} from '../onnx/onnx_pb.js';
import { constantsOf, readInt64, writeInt64 } from './constants.js';
import { inputsOf } from './name-ends.js';

/**
 * Makes the batch dimension of inputs and outputs symbolic, so that one session takes batches of any size. Throws
 * MODEL_UNSUPPORTED where a constant inside the graph fixes the batch at one. Changes the graph in place.
 */
export function freeBatch(graph: GraphProto): void {
  const constants = constantsOf(graph);
  const producers = producersOf(graph);
  const startsWithOne = (shape: string): boolean => {
    const constant = constants.get(shape);
    // A single element has no room for a picture, let alone for a batch.
    if (constant !== undefined) return readInt64(constant)[0] === 1 && constant.dims[0] !== 1n;
    const joined = producers.get(shape);
    const first = joined?.opType === 'Concat' ? constants.get(joined.input[0] ?? '') : undefined;
    return first !== undefined && readInt64(first)[0] === 1;
  };
  for (const node of graph.node) {
    const shape = node.input[SHAPE_INPUTS[node.opType] ?? -1];
    const isConstant = constants.has(node.input[0] ?? '');
    if (shape === undefined || isConstant || !startsWithOne(shape)) continue;
    throw new ClearcutError('MODEL_UNSUPPORTED', `The node "${node.name}" fixes the batch size at 1.`);
  }
  const free = create(TensorShapeProto_DimensionSchema, { value: { case: 'dimParam', value: 'N' } });
  for (const input of inputsOf(graph)) dimensionsOf(input)[0] = free;
  for (const output of graph.output) {
    const shape = shapeOf(output);
    if (shape?.length === 2)
      throw new ClearcutError('MODEL_UNSUPPORTED', `"${output.name}" has no room for a batch.`);
    if (shape !== undefined && shape.length > 2) shape[0] = free;
  }
}

/** Throws MODEL_UNSUPPORTED where the graph takes pictures of a fixed size that is not side x side. */
export function requireSide(graph: GraphProto, side: number): void {
  for (const input of inputsOf(graph)) {
    const [height, width] = dimensionsOf(input).slice(2).map(sizeOf);
    if ([height, width].every((size) => size === undefined || size === side)) continue;
    throw new ClearcutError(
      'MODEL_UNSUPPORTED',
      `The model takes pictures of ${width ?? 'any'} x ${height ?? 'any'} pixels, not of ${side} x ${side}.`,
      { remedy: 'Give the side that it was exported for. Pictures that are not square are not supported.' },
    );
  }
}

/** Operators that are told the whole shape of what they make, and which of their inputs tells it. */
const SHAPE_INPUTS: Readonly<Record<string, number>> = { Reshape: 1, Expand: 1, Resize: 3 };

/**
 * Brings a network of a fixed square input to another side. Where it enlarges inner values, it does so to constant
 * heights and widths: they are scaled along. Throws MODEL_UNSUPPORTED where one does not come out even. Changes the
 * graph in place.
 */
export function scaleSide(graph: GraphProto, from: number, to: number): void {
  if (from === to) return;
  const constants = constantsOf(graph);
  // A set, since nodes may share a constant.
  for (const name of new Set(sizeConstants(graph))) {
    const tensor = constants.get(name);
    if (tensor === undefined) continue;
    writeInt64(
      tensor,
      readInt64(tensor).map((size) => scaled(size, from, to)),
    );
  }
  for (const value of [...inputsOf(graph), ...graph.output]) {
    for (const dimension of (shapeOf(value) ?? []).slice(-2)) {
      const size = sizeOf(dimension);
      if (size !== undefined) dimension.value = { case: 'dimValue', value: BigInt(scaled(size, from, to)) };
    }
  }
}

/**
 * The constants that give height and width to a Resize: PyTorch exports its sizes as
 * Concat(Slice(Shape(x), 0, 2), [height, width]).
 */
function sizeConstants(graph: GraphProto): string[] {
  const producers = producersOf(graph);
  return graph.node
    .filter((node) => node.opType === 'Resize')
    .flatMap((node) => {
      const sizes = producers.get(node.input[3] ?? '');
      return sizes?.opType === 'Concat' ? sizes.input.slice(1) : [];
    });
}

/** Every node by the names of the values it makes. */
function producersOf(graph: GraphProto): ReadonlyMap<string, NodeProto> {
  return new Map(graph.node.flatMap((node) => node.output.map((output) => [output, node] as const)));
}

function scaled(size: number, from: number, to: number): number {
  const value = (size * to) / from;
  if (Number.isInteger(value)) return value;
  throw new ClearcutError(
    'MODEL_UNSUPPORTED',
    `The side ${to} does not suit the model: ${size} would become ${value}.`,
  );
}

/** The dimensions as far as the graph tells them. */
function shapeOf(value: ValueInfoProto): TensorShapeProto_Dimension[] | undefined {
  const type = value.type?.value;
  return type?.case === 'tensorType' ? type.value.shape?.dim : undefined;
}

/** Undefined where it is free. */
function sizeOf({ value }: TensorShapeProto_Dimension): number | undefined {
  return value.case === 'dimValue' ? Number(value.value) : undefined;
}

function dimensionsOf(value: ValueInfoProto): TensorShapeProto_Dimension[] {
  const shape = shapeOf(value);
  if (shape?.length === 4) return shape;
  throw new ClearcutError('MODEL_UNSUPPORTED', `"${value.name}" is not a picture with four dimensions.`);
}
