import { ClearcutError } from '../../errors.js';
import { TensorProto_DataType as DataType, type GraphProto, type ValueInfoProto } from '../onnx/onnx_pb.js';
import { makeNode } from './build.js';
import { renameValue } from './inner-graphs.js';
import { inputsOf } from './name-ends.js';

/**
 * Lets the graph take and give float32, and take its picture as N x 3 x height x width, whatever it has inside. Throws
 * MODEL_UNSUPPORTED where it takes or gives anything but floats. Changes the graph in place.
 */
export function floatEnds(graph: GraphProto, layout: 'nchw' | 'nhwc'): void {
  for (const input of inputsOf(graph)) {
    const { name } = input;
    const steps = [
      ...(layout === 'nhwc' ? [{ opType: 'Transpose', attributes: { perm: [0, 2, 3, 1] } }] : []),
      ...(requireFloat(input) === DataType.FLOAT16
        ? [{ opType: 'Cast', attributes: { to: DataType.FLOAT16 } }]
        : []),
    ];
    if (steps.length === 0) continue;
    const inner = `${name}/inner`;
    renameValue(graph, name, inner);
    input.name = name;
    setType(input, DataType.FLOAT);
    if (layout === 'nhwc') permute(input, [0, 3, 1, 2]);
    const values = [name, ...steps.slice(1).map(({ opType }) => `${name}/${opType}`), inner];
    const nodes = steps.map(({ opType, attributes }, at) =>
      makeNode(opType, [values[at] ?? ''], [values[at + 1] ?? ''], attributes),
    );
    graph.node.unshift(...nodes);
  }
  for (const output of graph.output) {
    if (requireFloat(output) !== DataType.FLOAT16) continue;
    const { name } = output;
    const inner = `${name}/inner`;
    renameValue(graph, name, inner);
    output.name = name;
    setType(output, DataType.FLOAT);
    graph.node.push(makeNode('Cast', [inner], [name], { to: DataType.FLOAT }));
  }
}

function requireFloat(value: ValueInfoProto): DataType {
  const type = value.type?.value;
  const elemType = type?.case === 'tensorType' ? type.value.elemType : DataType.UNDEFINED;
  if (elemType === DataType.FLOAT || elemType === DataType.FLOAT16) return elemType;
  throw new ClearcutError(
    'MODEL_UNSUPPORTED',
    `"${value.name}" holds ${DataType[elemType] ?? 'other things'} and not floats.`,
  );
}

function setType({ type }: ValueInfoProto, elemType: DataType): void {
  if (type?.value.case === 'tensorType') type.value.value.elemType = elemType;
}

function permute({ type }: ValueInfoProto, order: readonly number[]): void {
  const shape = type?.value.case === 'tensorType' ? type.value.value.shape : undefined;
  if (shape?.dim.length !== order.length) return;
  const before = [...shape.dim];
  shape.dim = order.flatMap((from) => before[from] ?? []);
}
