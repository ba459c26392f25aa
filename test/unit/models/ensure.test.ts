import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fromBinary } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ModelProtoSchema } from '../../../src/models/onnx/onnx_pb.js';
import { type EnsuredModel, type EnsureOptions, ensureModel } from '../../../src/models/prepare.js';
import { addModelFile } from '../../../src/models/pull.js';
import { compileScript } from '../../support/compiled-sources.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { catalogueOf, FLOAT32, filesBelow, hexOf, MODEL_ID, urlSource } from './catalogues.js';
import { damage } from './damage.js';
import { sendFile, serve } from './file-server.js';
import { noise, runModel } from './graphs.js';
import { NETWORK_SIDE, networkBytes } from './network.js';

const SOURCE = networkBytes(1);
const FOLDER = `models/${MODEL_ID}`;

describe('ensureModel', () => {
  it('fetches and prepares a model that runs', async () => {
    const { options } = await setUp();
    const model = await ensureModel(options);
    expect(model).toEqual({
      id: MODEL_ID,
      variant: 'fp32',
      precision: 'fp32',
      file: join(options.cacheDir, FOLDER, 'fp32.onnx'),
      sha256: hexOf('sha256', await readFile(model.file)),
      input: {
        name: 'input',
        type: 'float32',
        side: NETWORK_SIDE,
        mean: [0.5, 0.5, 0.5],
        std: [1, 1, 1],
        order: 'rgb',
        framing: { resize: 'stretch', padding: 0, kernel: 'lanczos3' },
      },
      output: { name: 'output', activation: 'none', range: [0, 1], normalise: 'min-max' },
      batch: 'any',
      wasPrepared: true,
    });
    expect((await matteOf(model.file, NETWORK_SIDE)).dims).toEqual([2, 1, NETWORK_SIDE, NETWORK_SIDE]);
  });

  it('does nothing the second time, without a request', async () => {
    const { options, server } = await setUp();
    const first = await ensureModel(options);
    expect(await ensureModel(options)).toEqual({ ...first, wasPrepared: false });
    expect(server.requests).toHaveLength(1);
  });

  it('leaves in the cache what it keeps and nothing else', async () => {
    const { options } = await setUp();
    await ensureModel(options);
    expect(await filesBelow(options.cacheDir)).toEqual(
      ['fp32.json', 'fp32.onnx', 'source.json', 'source.onnx'].map((name) => `${FOLDER}/${name}`),
    );
  });

  it('prepares each side once, from weights fetched once', async () => {
    const { options, server } = await setUp();
    const full = await ensureModel(options);
    const half = await ensureModel({ ...options, maxSide: 8 });
    expect(half).toMatchObject({ variant: 'fp32-8', wasPrepared: true, input: { side: 8 } });
    expect((await matteOf(half.file, 8)).dims).toEqual([2, 1, 8, 8]);
    expect(await ensureModel(options)).toEqual({ ...full, wasPrepared: false });
    expect(server.requests).toHaveLength(1);
  });

  it('tells of the download, then of the preparation', async () => {
    const { options } = await setUp();
    const phases: string[] = [];
    await ensureModel({ ...options, onProgress: ({ phase }) => void phases.push(phase) });
    expect([...new Set(phases)]).toEqual(['download', 'prepare']);
    expect(phases.lastIndexOf('download')).toBeLessThan(phases.indexOf('prepare'));
  });

  it('refuses weights that are no ONNX model', async () => {
    const { options } = await setUp(Buffer.from('anything but a model'));
    await expect(ensureModel(options)).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' });
    expect(await filesBelow(options.cacheDir)).toEqual([`${FOLDER}/source.json`, `${FOLDER}/source.onnx`]);
  });
});

describe('ensureModel on a cache that is not as it should be', () => {
  it('makes a damaged file again, from the weights at hand', async () => {
    const { options, server } = await setUp();
    const { file, sha256 } = await ensureModel(options);
    await damage(file);
    expect(await ensureModel(options)).toMatchObject({ wasPrepared: true, sha256 });
    expect(hexOf('sha256', await readFile(file))).toBe(sha256);
    expect(server.requests).toHaveLength(1);
  });

  it.each(['fp32.json', 'fp32.onnx'])('makes it again where %s is missing', async (name) => {
    const { options } = await setUp();
    const { sha256 } = await ensureModel(options);
    await rm(join(options.cacheDir, FOLDER, name));
    expect(await ensureModel(options)).toMatchObject({ wasPrepared: true, sha256 });
  });

  it('makes again what earlier passes made', async () => {
    const { options } = await setUp();
    await ensureModel(options);
    const manifestFile = join(options.cacheDir, FOLDER, 'fp32.json');
    const manifest = JSON.parse(await readFile(manifestFile, 'utf8'));
    await writeFile(manifestFile, JSON.stringify({ ...manifest, passes: manifest.passes - 1 }));
    expect((await ensureModel(options)).wasPrepared).toBe(true);
    expect(JSON.parse(await readFile(manifestFile, 'utf8'))).toEqual(manifest);
  });

  it('makes it again when other weights of the model were added', async () => {
    const { options, folder, source } = await setUp();
    const others = networkBytes(2);
    const catalogue = catalogueOf(source, urlSource('http://localhost/others', others));
    const before = await ensureModel({ ...options, catalogue });
    const file = join(folder, 'others.onnx');
    await writeFile(file, others);
    await addModelFile({ ...options, catalogue, file });
    const after = await ensureModel({ ...options, catalogue });
    expect(after.wasPrepared).toBe(true);
    expect(after.sha256).not.toBe(before.sha256);
  });

  it('needs the weights no more once they are prepared', async () => {
    const { options, server } = await setUp();
    const model = await ensureModel(options);
    await rm(join(options.cacheDir, FOLDER, 'source.onnx'));
    await rm(join(options.cacheDir, FOLDER, 'source.json'));
    expect(await ensureModel(options)).toEqual({ ...model, wasPrepared: false });
    expect(server.requests).toHaveLength(1);
  });

  it('does not wait for a process that was killed long ago', async () => {
    const { options } = await setUp();
    const lock = join(options.cacheDir, `${FOLDER}.lock`);
    await mkdir(lock, { recursive: true });
    await utimes(lock, new Date(0), new Date(0));
    expect((await ensureModel(options)).wasPrepared).toBe(true);
  });
});

describe('ensureModel in two processes at once', () => {
  let script: Awaited<ReturnType<typeof compileScript>>;

  beforeAll(async () => {
    script = await compileScript('test/unit/models/processes/ensure.ts');
    return script.remove;
  });

  it('fetches and prepares once, and both have the model', async () => {
    let release = () => {};
    const bothStarted = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { options, server } = await setUp(SOURCE, bothStarted);
    const processes = [1, 2].map(() => startProcess(script.path, options));
    await Promise.all(processes.map(({ started }) => started));
    release();
    const [first, second] = await Promise.all(processes.map(({ result }) => result));
    expect([first?.wasPrepared, second?.wasPrepared].sort()).toEqual([false, true]);
    expect({ ...first, wasPrepared: true }).toEqual({ ...second, wasPrepared: true });
    expect(server.requests).toHaveLength(1);
    expect((await matteOf(first?.file ?? '', NETWORK_SIDE)).dims[0]).toBe(2);
  });
});

/** Starts ensureModel in a process of its own; `started` resolves just before the call. */
function startProcess(script: string, { catalogue, cacheDir }: Awaited<ReturnType<typeof setUp>>['options']) {
  const child = spawn(process.execPath, [script, cacheDir, JSON.stringify(catalogue)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => String((await lines.next()).value);
  const started = nextLine();
  return { started, result: started.then(nextLine).then((line): EnsuredModel => JSON.parse(line)) };
}

/** A server that has these weights (once `ready` resolves), and an empty cache. */
async function setUp(bytes: Buffer = SOURCE, ready: Promise<void> = Promise.resolve()) {
  const folder = await temporaryFolder();
  const server = await serve(async (request, response) => {
    await ready;
    sendFile(request, response, { bytes });
  });
  const source = urlSource(`${server.origin}/`, bytes);
  const options = {
    id: MODEL_ID,
    cacheDir: join(folder, 'cache'),
    sourceUrl: '',
    ...FLOAT32,
    maxSide: 2048,
    catalogue: catalogueOf(source),
    onProgress: () => {},
  } satisfies EnsureOptions;
  return { folder, server, source, options };
}

/** What a prepared file gives for a batch of two pictures. */
async function matteOf(file: string, side: number) {
  const model = fromBinary(ModelProtoSchema, await readFile(file));
  const { output } = await runModel(model, {
    input: { dims: [2, 3, side, side], data: noise(6 * side ** 2, 1) },
  });
  if (output === undefined) throw new Error('no output');
  return output;
}
