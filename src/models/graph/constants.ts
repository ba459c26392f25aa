import { TensorProto_DataType as DataType, type GraphProto, type TensorProto } from '../onnx/onnx_pb.js';

/** Every constant of the graph by the name of its value: initializers and Constant nodes. */
export function constantsOf(graph: GraphProto): Map<string, TensorProto> {
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  for (const node of graph.node) {
    const [output] = node.output;
    const tensor = node.attribute.find((attribute) => attribute.name === 'value')?.t;
    if (node.opType === 'Constant' && output !== undefined && tensor !== undefined)
      constants.set(output, tensor);
  }
  return constants;
}

/** The numbers of an int64 tensor, as sizes and shapes are. */
export function readInt64(tensor: TensorProto): number[] {
  if (tensor.dataType !== DataType.INT64) return [];
  if (tensor.int64Data.length > 0) return tensor.int64Data.map(Number);
  const view = new DataView(tensor.rawData.buffer, tensor.rawData.byteOffset, tensor.rawData.byteLength);
  return Array.from({ length: tensor.rawData.byteLength / 8 }, (_, at) =>
    Number(view.getBigInt64(at * 8, true)),
  );
}

/** Replaces the numbers of an int64 tensor by as many others. */
export function writeInt64(tensor: TensorProto, values: readonly number[]): void {
  const view = new DataView(new ArrayBuffer(values.length * 8));
  for (const [at, value] of values.entries()) view.setBigInt64(at * 8, BigInt(value), true);
  tensor.rawData = new Uint8Array(view.buffer);
  tensor.int64Data = [];
}
