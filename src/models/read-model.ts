import { open, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ClearcutError, messageOf, systemCodeOf } from '../errors.js';
import { everyGraph } from './graph/inner-graphs.js';
import {
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
} from './onnx/onnx_pb.js';

/** What one file of the protobuf format holds at most: the prepared model is one. */
const MAX_BYTES = 2 ** 31 - 1;

export interface ReadModel {
  readonly proto: ModelProto;
  /** Names of the files beside it that its weights came from. */
  readonly dataFiles: readonly string[];
}

/**
 * An ONNX file with all its weights, also those that it keeps in files beside it (ONNX specification, "External data").
 * Throws MODEL_UNSUPPORTED.
 */
export async function readModel(file: string): Promise<ReadModel> {
  const proto = await parse(file);
  const external = (proto.graph === undefined ? [] : tensorsOf(proto.graph)).filter(
    ({ dataLocation }) => dataLocation === DataLocation.EXTERNAL,
  );
  const dataFiles = [...new Set(external.map((tensor) => locationOf(tensor).name))];
  const folder = dirname(file);
  let bytes = (await stat(file)).size;
  for (const name of dataFiles) {
    const path = join(folder, name);
    bytes += await sizeOf(path, file);
    if (bytes > MAX_BYTES) throw unsupported(`The weights of ${file} are more than 2 GiB.`);
    const handle = await open(path);
    try {
      for (const tensor of external.filter((each) => locationOf(each).name === name))
        await bringIn(tensor, handle, path);
    } finally {
      await handle.close();
    }
  }
  return { proto, dataFiles };
}

async function parse(file: string): Promise<ModelProto> {
  try {
    return fromBinary(ModelProtoSchema, await readFile(file));
  } catch (error) {
    throw new ClearcutError('MODEL_UNSUPPORTED', `${file} is no ONNX model: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

function tensorsOf(graph: GraphProto): TensorProto[] {
  return everyGraph(graph).flatMap(({ initializer, node }) => [
    ...initializer,
    ...node.flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? [])),
  ]);
}

interface Location {
  readonly name: string;
  readonly offset: number;
  /** Undefined for the rest of the file. */
  readonly length: number | undefined;
}

function locationOf({ name: tensor, externalData }: TensorProto): Location {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const name = normalize(entries.get('location') ?? '');
  // The file may come from anybody: it must not tell which files of this machine are read.
  if (name === '.' || isAbsolute(name) || name.split(/[\\/]/).includes('..'))
    throw unsupported(`The weights "${tensor}" are said to lie in "${name}", outside the model's folder.`);
  const length = entries.get('length');
  return {
    name,
    offset: Number(entries.get('offset') ?? 0),
    length: length === undefined ? undefined : Number(length),
  };
}

async function sizeOf(path: string, file: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
    throw new ClearcutError(
      'MODEL_UNSUPPORTED',
      `${file} keeps its weights in ${path}, which is not there.`,
      {
        remedy: 'Put both files into one folder and describe the model by its `file`.',
      },
    );
  }
}

async function bringIn(
  tensor: TensorProto,
  handle: Awaited<ReturnType<typeof open>>,
  path: string,
): Promise<void> {
  const { offset, length = (await handle.stat()).size - offset } = locationOf(tensor);
  if (!(offset >= 0 && length >= 0 && length <= MAX_BYTES))
    throw unsupported(`The weights "${tensor.name}" have no place in ${path}.`);
  const data = new Uint8Array(length);
  const { bytesRead } = await handle.read(data, 0, length, offset);
  if (bytesRead < length) throw unsupported(`${path} ends before the weights "${tensor.name}" do.`);
  tensor.rawData = data;
  tensor.externalData = [];
  tensor.dataLocation = DataLocation.DEFAULT;
}

function unsupported(message: string): ClearcutError {
  return new ClearcutError('MODEL_UNSUPPORTED', message);
}
