import {
  TensorProto_DataType as DataType,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '../onnx/onnx_pb.js';
import { halvesOf, halvesToFloats } from './float16.js';
import { everyGraph, hasInnerGraphs } from './inner-graphs.js';

/**
 * Turns a float16 graph into float32: weights widened (exactly), casts between the two dropped. On a CPU the runtime
 * would otherwise cast around every operation. Call it before the recorded types of inner values are dropped, since
 * they tell which casts are between floats. Changes the graph in place.
 */
export function toFloat32(graph: GraphProto): void {
  const floats = floatValues(graph);
  for (const each of everyGraph(graph)) {
    for (const tensor of each.initializer) widen(tensor);
    for (const { attribute } of each.node) for (const { t } of attribute) if (t !== undefined) widen(t);
    for (const value of [...each.input, ...each.output, ...each.valueInfo]) widenType(value);
    for (const node of each.node) castToFloat(node);
  }
  // What a branch reads without saying so must keep its name; a cast between floats harms nobody.
  if (!hasInnerGraphs(graph)) dropFloatCasts(graph, floats);
}

/** Names of the values that are float16 or float32, as far as the graph says so. */
function floatValues(graph: GraphProto): Set<string> {
  const names = new Set<string>();
  for (const value of [...graph.input, ...graph.output, ...graph.valueInfo]) {
    if (isFloat(elementType(value))) names.add(value.name);
  }
  for (const tensor of graph.initializer) if (isFloat(tensor.dataType)) names.add(tensor.name);
  // A cast to a float makes a float, whether the graph records it or not.
  for (const node of graph.node) {
    if (node.opType === 'Cast' && isFloat(castTarget(node))) for (const name of node.output) names.add(name);
  }
  return names;
}

function dropFloatCasts(graph: GraphProto, floats: ReadonlySet<string>): void {
  const outputs = new Set(graph.output.map((output) => output.name));
  const renamed = new Map<string, string>();
  const resolve = (name: string): string => {
    let current = name;
    for (let next = renamed.get(current); next !== undefined; next = renamed.get(current)) current = next;
    return current;
  };
  const produced = new Set(graph.node.flatMap((node) => node.output));
  graph.node = graph.node.filter((node) => {
    const [input] = node.input;
    const [output] = node.output;
    if (node.opType !== 'Cast' || input === undefined || output === undefined) return true;
    if (castTarget(node) !== DataType.FLOAT || !floats.has(input)) return true;
    // The input may be the output of a cast that is gone by now.
    const origin = resolve(input);
    if (!outputs.has(output)) renamed.set(output, origin);
    else if (produced.has(origin) && !outputs.has(origin)) renamed.set(origin, output);
    else return true;
    return false;
  });
  for (const node of graph.node) {
    node.input = node.input.map(resolve);
    node.output = node.output.map(resolve);
  }
}

function widen(tensor: TensorProto): void {
  if (tensor.dataType !== DataType.FLOAT16) return;
  tensor.rawData = halvesToFloats(halvesOf(tensor));
  tensor.int32Data = [];
  tensor.dataType = DataType.FLOAT;
}

function widenType(value: ValueInfoProto): void {
  const type = value.type?.value;
  if (type?.case === 'tensorType' && type.value.elemType === DataType.FLOAT16)
    type.value.elemType = DataType.FLOAT;
}

function elementType(value: ValueInfoProto): number | undefined {
  const type = value.type?.value;
  return type?.case === 'tensorType' ? type.value.elemType : undefined;
}

function isFloat(dataType: number | undefined): boolean {
  return dataType === DataType.FLOAT || dataType === DataType.FLOAT16;
}

function castTarget(node: NodeProto): number | undefined {
  const to = node.attribute.find((attribute) => attribute.name === 'to');
  return to === undefined ? undefined : Number(to.i);
}

function castToFloat(node: NodeProto): void {
  if (node.opType !== 'Cast' || castTarget(node) !== DataType.FLOAT16) return;
  for (const attribute of node.attribute) if (attribute.name === 'to') attribute.i = BigInt(DataType.FLOAT);
}
