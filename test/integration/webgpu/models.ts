import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { PreparedModel } from '../../../src/models/model.js';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
} from '../../../src/models/onnx/onnx_pb.js';

interface Step {
  readonly kind: string;
  /** A constant, or with a side that number times the identity matrix; without it the step is of the value with itself. */
  readonly by?: { readonly name: string; readonly value: number; readonly side?: number };
}

/** The model with steps behind its output, which are computed in another kind of number. */
async function withSteps(
  model: PreparedModel,
  folder: string,
  { id, type, steps }: { id: string; type: DataType; steps: readonly Step[] },
): Promise<PreparedModel> {
  const proto = fromBinary(ModelProtoSchema, await readFile(model.file));
  const { graph } = proto;
  if (graph === undefined) throw new Error('the model has no graph');
  for (const node of graph.node)
    node.output = node.output.map((name) => (name === 'output' ? 'before' : name));
  let last = 'before';
  const add = (opType: string, constants: string[], to?: DataType) => {
    const output = `${id}-${graph.node.length}`;
    const attribute = to === undefined ? [] : [{ name: 'to', type: AttributeType.INT, i: BigInt(to) }];
    graph.node.push(
      create(NodeProtoSchema, {
        opType,
        name: output,
        input: [last, ...constants],
        output: [output],
        attribute: attribute.map((each) => create(AttributeProtoSchema, each)),
      }),
    );
    last = output;
  };
  add('Cast', [], type);
  for (const { kind, by } of steps) {
    add(kind, by === undefined ? [last] : [by.name]);
    if (by === undefined) continue;
    const { name, value, side } = by;
    const values =
      side === undefined
        ? [value]
        : Array.from({ length: side * side }, (_, at) => (at % (side + 1) === 0 ? value : 0));
    const rawData = type === DataType.DOUBLE ? Float64Array.from(values) : Float32Array.from(values);
    graph.initializer.push(
      create(TensorProtoSchema, {
        name,
        dataType: type,
        dims: side === undefined ? [] : [BigInt(side), BigInt(side)],
        rawData: new Uint8Array(rawData.buffer),
      }),
    );
  }
  add('Cast', [], DataType.FLOAT);
  for (const node of graph.node) node.output = node.output.map((name) => (name === last ? 'output' : name));
  const file = join(folder, `${id}.onnx`);
  await writeFile(file, toBinary(ModelProtoSchema, proto));
  return { ...model, id, file };
}

/** A model that computes in half precision, which not every GPU has. */
export function halfModel(model: PreparedModel, folder: string): Promise<PreparedModel> {
  return withSteps(model, folder, { id: 'half', type: DataType.FLOAT16, steps: [] });
}

/** A model that leaves the range of its numbers, as some do in half precision: infinity minus infinity. */
export function overflowingModel(model: PreparedModel, folder: string): Promise<PreparedModel> {
  const steps = [
    { kind: 'Add', by: { name: 'large', value: 3e38 } },
    { kind: 'Mul', by: { name: 'large-again', value: 3e38 } },
    { kind: 'Sub' },
  ];
  return withSteps(model, folder, { id: 'overflowing', type: DataType.FLOAT, steps });
}

/** A model whose matrix product needs double precision, which WebGPU does not have. */
export function cpuBoundModel(model: PreparedModel, folder: string): Promise<PreparedModel> {
  const steps = [{ kind: 'MatMul', by: { name: 'identity', value: 1, side: model.input.side } }];
  return withSteps(model, folder, { id: 'cpu-bound', type: DataType.DOUBLE, steps });
}
