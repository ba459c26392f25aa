import { create } from '@bufbuild/protobuf';
import { makeNode } from '../graph/build.js';
import {
  TensorProto_DataType as DataType,
  type GraphProto,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from '../onnx/onnx_pb.js';

/** What is asked of a value, each over its height and width: N x channels. */
export const STATISTICS = [
  { name: 'min', opType: 'ReduceMin' },
  { name: 'max', opType: 'ReduceMax' },
  { name: 'mean', opType: 'ReduceMean' },
] as const;

/** The values whose statistics quantizing needs: whatever is more than the same numbers in another place. */
export function probedValues(graph: GraphProto): string[] {
  const rectified = new Set(graph.node.filter((node) => node.opType === 'Relu').map((node) => node.input[0]));
  return graph.node
    .filter(({ opType }) => ['Conv', 'Relu', 'Add', 'MaxPool'].includes(opType))
    .map((node) => node.output[0] ?? '')
    .filter((value) => !rectified.has(value));
}

/** Adds an output `<value>/<statistic>` for each of them. Changes the graph in place. */
export function addStatistics(graph: GraphProto, values: readonly string[]): void {
  for (const value of values) {
    for (const { name, opType } of STATISTICS) {
      const output = `${value}/${name}`;
      graph.node.push(makeNode(opType, [value], [output], { axes: [2, 3], keepdims: 0 }));
      const tensor = create(TypeProto_TensorSchema, { elemType: DataType.FLOAT });
      const type = create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } });
      graph.output.push(create(ValueInfoProtoSchema, { name: output, type }));
    }
  }
}
