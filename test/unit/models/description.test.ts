import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { findModel } from '../../../src/models/catalogue.js';
import {
  TensorProto_DataLocation as DataLocation,
  ModelProtoSchema,
  StringStringEntryProtoSchema,
} from '../../../src/models/onnx/onnx_pb.js';
import { type EnsureOptions, ensureModel } from '../../../src/models/prepare.js';
import { addModelFile } from '../../../src/models/pull.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { FLOAT32, hexOf } from './catalogues.js';
import { levelsOf, matteOf, thirds } from './signature-mattes.js';
import { type SignatureOptions, signatureNetwork } from './signatures.js';

const SIDE = 32;
const PLAIN = `input: { side: ${SIDE}, mean: [0.1, 0.2, 0.3], std: [0.5, 0.6, 0.7] }\n`;
/** Red of the picture's parts (signature-mattes.ts). */
const LEVELS = { background: 51, subject: 204 };

describe('the description of a model', () => {
  it('needs little more than what pictures the network wants', async () => {
    const { path, folder } = await describeModel(PLAIN);
    expect(findModel(path)).toMatchObject({
      id: expect.stringMatching(/^my-net-[0-9a-f]{8}$/),
      name: 'My Net',
      input: { side: SIDE, order: 'rgb', layout: 'nchw', resize: 'stretch', kernel: 'lanczos3' },
      output: { activation: 'none', range: [0, 1], normalise: 'none' },
      batch: 'one',
      named: [],
      sources: [{ kind: 'file', file: join(folder, 'My Net.onnx') }],
    });
  });

  it('is found beside the network, as JSON too, and is the same model', async () => {
    const { path, network, folder } = await describeModel(PLAIN);
    expect(findModel(network)).toEqual(findModel(path));
    const other = join(folder, 'other.onnx');
    await writeFile(other, 'a network');
    const input = { side: 64, mean: [0, 0, 0], std: [1, 1, 1] };
    await writeFile(join(folder, 'other.json'), JSON.stringify({ name: 'Other', file: 'other.onnx', input }));
    expect(findModel(other)).toMatchObject({ name: 'Other', input: { side: 64 } });
  });

  it('tells of every mistake at once, and where it is', async () => {
    const { path } = await describeModel(
      'file: net.onnx\nurl: ftp://example.com/net.onnx\nsha256: beef\ncolour: red\n' +
        'input: { side: 7.5, mean: [0, 0], std: [1, 0, 1], order: grb }\n' +
        'output: { activation: softmax, range: [1, 1], name: a, index: 1 }\nbatch: two\n',
    );
    expect(() => findModel(path)).toThrow(
      expect.objectContaining({
        code: 'MODEL_DESCRIPTION_INVALID',
        message: expect.stringContaining(path),
        remedy: expect.stringContaining('docs/models.md'),
      }),
    );
    const message = messageOf(() => findModel(path));
    for (const part of [
      'url: expected an http',
      'sha256: expected a SHA-256',
      'colour: there is no such field',
    ])
      expect(message).toContain(part);
    for (const field of [
      'input.side',
      'input.mean',
      'input.std',
      'input.order',
      'output.activation',
      'batch',
    ])
      expect(message).toContain(`- ${field}: `);
  });

  it.each([
    ['no network', PLAIN, 'either `file` or `url`', false],
    ['both a file and an address', `${PLAIN}file: a\nurl: http://a/b\n`, 'either `file` or `url`', true],
    ['a name and a number for the output', `${PLAIN}output: { name: a, index: 1 }\n`, 'not both', true],
    ['no content', '', 'expected object', true],
    ['no YAML', 'a: [', 'neither YAML nor JSON', true],
  ])('refuses %s', async (_, text, expected, hasNetwork) => {
    const { path } = await describeModel(text, { hasNetwork });
    expect(messageOf(() => findModel(path))).toContain(expected);
  });

  it('says what to write where a network has none, and that a file is missing', async () => {
    const folder = await temporaryFolder();
    expect(() => findModel(join(folder, 'lone.onnx'))).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining(join(folder, 'lone.yaml')) }),
    );
    expect(messageOf(() => findModel(join(folder, 'none.yaml')))).toContain('cannot be read');
  });

  it('is another model when its words change, so that nothing prepared before is mistaken for it', async () => {
    const { path } = await describeModel(PLAIN);
    const { id } = findModel(path);
    await writeFile(path, PLAIN.replace('0.1', '0.15'));
    expect(findModel(path).id).not.toBe(id);
  });
});

describe('the example in docs/models.md', () => {
  it('is a description', async () => {
    const page = await readFile(new URL('../../../docs/models.md', import.meta.url), 'utf8');
    const [, text = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
    const path = join(await temporaryFolder(), 'product-cutter.yaml');
    await writeFile(path, text);
    expect(findModel(path)).toMatchObject({
      name: 'Product cutter',
      input: { side: 512, sideStep: 32, resize: 'letterbox' },
      output: { name: 'alpha', activation: 'sigmoid' },
      batch: 'any',
      named: ['output'],
      presets: { fast: { side: 256 } },
    });
  });
});

describe('a described network', () => {
  const cases: [string, string, string, SignatureOptions][] = [
    ['planes in RGB', '', '', {}],
    ['blue first', 'order: bgr,', '', {}],
    ['interleaved pictures', 'layout: nhwc,', '', {}],
    ['interleaved pictures in half precision', 'layout: nhwc,', '', { ends: 'float16' }],
    ['half precision at its ends', '', '', { ends: 'float16' }],
    ['mattes without a channel', '', '', { output: 'squeezed' }],
    ['mattes with the channel last', '', '', { output: 'interleaved' }],
    ['mattes with nothing but height and width', '', '', { output: 'alone' }],
    ['free sizes', '', '', { isDynamic: true }],
    ['logits', '', 'activation: sigmoid', {}],
    ['values of 0 to 255', '', 'range: [0, 255]', {}],
    ['subjects below backgrounds', '', 'range: [1, -1]', {}],
    ['a name that is not the first output', '', 'name: last', { others: ['first'], isLast: true }],
    ['a number that is not the first output', '', 'index: 1', { others: ['first'], isLast: true }],
    ['letterboxed pictures', 'resize: letterbox, padding: 90,', '', {}],
  ];

  it.each(cases)('with %s gives the right matte', async (_, input, output, options) => {
    const text = `input: { side: ${SIDE}, ${input} mean: [0.1, 0.2, 0.3], std: [0.5, 0.6, 0.7] }
output: { ${output} }
`;
    const { path } = await describeModel(text, { options });
    const prepared = await ensureModel(optionsFor(path, await temporaryFolder()));
    const { background, subject } = levelsOf(await matteOf(prepared, thirds(60, 40)));
    expect(Math.abs(background - LEVELS.background)).toBeLessThanOrEqual(4);
    expect(Math.abs(subject - LEVELS.subject)).toBeLessThanOrEqual(4);
  });

  it('is prepared anew when its file changes, and not when it does not', async () => {
    const { path, network } = await describeModel(PLAIN);
    const options = optionsFor(path, await temporaryFolder());
    expect((await ensureModel(options)).wasPrepared).toBe(true);
    expect((await ensureModel(options)).wasPrepared).toBe(false);
    const model = findModel(path);
    const other = {
      ...model,
      input: { ...model.input, mean: [0.3, 0.2, 0.1] satisfies [number, number, number] },
    };
    await writeFile(network, signatureNetwork(other));
    expect((await ensureModel(options)).wasPrepared).toBe(true);
  });

  it('may have its weights in a file beside it, and is prepared anew when that changes', async () => {
    const { path, network, folder } = await describeModel(PLAIN);
    const weights = await moveWeightsOut(network, 'My Net.onnx_data');
    const options = optionsFor(path, await temporaryFolder());
    const prepared = await ensureModel(options);
    const { background, subject } = levelsOf(await matteOf(prepared, thirds(60, 40)));
    expect(Math.abs(background - LEVELS.background)).toBeLessThanOrEqual(3);
    expect(Math.abs(subject - LEVELS.subject)).toBeLessThanOrEqual(3);
    expect((await ensureModel(options)).wasPrepared).toBe(false);
    weights.writeFloatLE(0.25, 0);
    await writeFile(join(folder, 'My Net.onnx_data'), weights);
    expect((await ensureModel(options)).wasPrepared).toBe(true);
  });

  it.each([
    ['is not there', 'elsewhere.bin', 'which is not there'],
    ['would be read from another folder', '../secret', "outside the model's folder"],
  ])('is refused where the file of its weights %s', async (_, location, expected) => {
    const { path, network, folder } = await describeModel(PLAIN);
    await moveWeightsOut(network, location, join(folder, 'unread'));
    await expect(ensureModel(optionsFor(path, await temporaryFolder()))).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining(expected),
    });
  });

  it('is held to the hash that its description tells', async () => {
    const { path, network } = await describeModel(PLAIN);
    const right = hexOf('sha256', await readFile(network));
    await writeFile(path, `${PLAIN}sha256: ${right}\n`);
    const cacheDir = await temporaryFolder();
    expect((await ensureModel(optionsFor(path, cacheDir))).wasPrepared).toBe(true);
    await writeFile(path, `${PLAIN}sha256: ${hexOf('sha256', Buffer.from('other'))}\n`);
    await expect(ensureModel(optionsFor(path, cacheDir))).rejects.toMatchObject({
      code: 'MODEL_CHECKSUM_MISMATCH',
      message: expect.stringContaining(network),
    });
  });

  it.each([
    ['another side', PLAIN.replace(`${SIDE}`, '64'), {}, '32 x 32'],
    ['an output that is not there', `${PLAIN}output: { index: 3 }\n`, {}, 'no output number 3'],
    [
      'a name that is not there',
      `${PLAIN}output: { name: alpha }\n`,
      {},
      'no output "alpha"; it has: "output"',
    ],
  ])('is refused where its description tells %s', async (_, text, options, expected) => {
    const { path } = await describeModel(text, { options, networkText: PLAIN });
    await expect(ensureModel(optionsFor(path, await temporaryFolder()))).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining(expected),
    });
  });

  it('takes no weights by hand: they are where its description says', async () => {
    const { path, network } = await describeModel(PLAIN);
    const options = { id: path, cacheDir: await temporaryFolder(), file: network };
    await expect(addModelFile(options)).rejects.toMatchObject({ code: 'MODEL_DESCRIPTION_INVALID' });
  });
});

interface DescribeOptions {
  readonly options?: SignatureOptions;
  readonly hasNetwork?: boolean;
  /** The description that the network is made for, if it is another. */
  readonly networkText?: string;
}

/** A folder with a description and the network of that signature beside it. */
async function describeModel(
  text: string,
  { options, hasNetwork = true, networkText = text }: DescribeOptions = {},
) {
  const folder = join(await temporaryFolder(), 'models');
  await mkdir(folder);
  const path = join(folder, 'My Net.yaml');
  const network = join(folder, 'My Net.onnx');
  if (hasNetwork) await writeFile(network, '');
  await writeFile(path, networkText);
  let bytes: Buffer = Buffer.from('no network');
  try {
    bytes = signatureNetwork(findModel(path), options);
  } catch {
    // The description is wrong on purpose.
  }
  if (hasNetwork) await writeFile(network, bytes);
  await writeFile(path, text);
  return { folder, path, network };
}

function optionsFor(id: string, cacheDir: string): EnsureOptions {
  return { id, cacheDir, sourceUrl: '', ...FLOAT32, maxSide: 2048, onProgress: () => {} };
}

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return String(error);
  }
  return 'nothing was thrown';
}

/** Moves the first weights of a network into a file beside it; returns what is in it. */
async function moveWeightsOut(network: string, location: string, file?: string): Promise<Buffer> {
  const proto = fromBinary(ModelProtoSchema, await readFile(network));
  const [weights] = proto.graph?.initializer ?? [];
  if (weights === undefined) throw new Error('no weights');
  const data = Buffer.from(weights.rawData);
  weights.rawData = new Uint8Array();
  weights.dataLocation = DataLocation.EXTERNAL;
  weights.externalData = Object.entries({ location, offset: '0', length: `${data.length}` }).map(
    ([key, value]) => create(StringStringEntryProtoSchema, { key, value }),
  );
  await writeFile(network, toBinary(ModelProtoSchema, proto));
  await writeFile(file ?? join(network, '..', location), data);
  return data;
}
