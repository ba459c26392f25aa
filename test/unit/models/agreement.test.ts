import { join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { requireAgreement } from '../../../src/models/agreement.js';
import { TensorProto_DataType as DataType, ModelProtoSchema } from '../../../src/models/onnx/onnx_pb.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { catalogueOf } from './catalogues.js';
import { floats, graphOf, modelOf, node, value } from './graphs.js';
import { NETWORK_SIDE } from './network.js';
import { prepare, withNetwork } from './signature-mattes.js';
import { signatureNetwork } from './signatures.js';

describe('weights that the passes were never held against', () => {
  it('are held against the published network: another one is refused', async () => {
    const model = await withNetwork(described(), signatureNetwork(described()));
    const prepared = await prepare(model);
    const options = {
      model,
      form: { side: NETWORK_SIDE, sideOutput: 0 },
      source: sourceOf(model),
      scratch: join(await temporaryFolder(), 'published.onnx'),
    };
    await expect(requireAgreement({ ...options, prepared })).resolves.toBeUndefined();
    const other = await prepare(await withNetwork(described(), negative()));
    await expect(requireAgreement({ ...options, prepared: other })).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining('other mattes when it is prepared'),
    });
  });

  it('are refused where two pictures in one run are mixed, and taken where they go one by one', async () => {
    const mixed = await withNetwork(described(), mixing());
    await expect(prepare(mixed)).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining('two pictures in one run'),
      remedy: expect.stringContaining('batch: one'),
    });
    expect((await prepare({ ...mixed, batch: 'one' })).batch).toBe('one');
  });

  it('are refused where the network gives no numbers', async () => {
    await expect(prepare(await withNetwork(described(), network('Sqrt')))).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining('NaN'),
    });
  });

  it('are refused where the network runs on nothing that it is described to take', async () => {
    const model = { ...described(), input: { ...described().input, layout: 'nhwc' as const } };
    await expect(prepare(await withNetwork(model, signatureNetwork(described())))).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
    });
  });
});

function described() {
  const [model] = catalogueOf();
  if (model === undefined) throw new Error('no model');
  const { presets: _, ...rest } = model;
  return rest;
}

function sourceOf({ sources }: Awaited<ReturnType<typeof withNetwork>>): string {
  const [source] = sources;
  if (source?.kind !== 'file') throw new Error('no file');
  return source.file;
}

/** Of one operation on the red of the picture, which goes from -0.5 to 0.5. */
function network(operation: 'Neg' | 'Sqrt'): Buffer {
  return networkOf([node(operation, ['red'], ['output'])]);
}

function negative(): Buffer {
  return network('Neg');
}

/** Mixes the pictures of a run. */
function mixing(): Buffer {
  return networkOf([
    node('ReduceMean', ['red'], ['common'], { axes: [0], keepdims: 1 }),
    node('Add', ['red', 'common'], ['output']),
  ]);
}

function networkOf(nodes: Parameters<typeof graphOf>[0]['nodes']): Buffer {
  const graph = graphOf({
    nodes: [node('Conv', ['input', 'weights'], ['red'], { kernel_shape: [1, 1] }), ...nodes],
    tensors: [floats('weights', [1, 3, 1, 1], [1, 0, 0])],
    inputs: [value('input', DataType.FLOAT, [1, 3, NETWORK_SIDE, NETWORK_SIDE])],
    outputs: [value('output', DataType.FLOAT, [1, 1, NETWORK_SIDE, NETWORK_SIDE])],
  });
  return Buffer.from(toBinary(ModelProtoSchema, modelOf(graph)));
}
