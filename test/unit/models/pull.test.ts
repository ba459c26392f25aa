import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ensureModel } from '../../../src/models/prepare.js';
import { addModelFile, type PullOptions, pullModel } from '../../../src/models/pull.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';
import { catalogueOf, FLOAT32, filesBelow, hexOf, MODEL_ID, urlSource } from './catalogues.js';
import { damage } from './damage.js';
import { type Answer, sendCut, sendFile, serve } from './file-server.js';
import { networkBytes } from './network.js';

const RIGHT = networkBytes(1);
const WRONG = networkBytes(2);
const FOLDER = `models/${MODEL_ID}`;

describe('pullModel', () => {
  it('fetches the weights once and has them in the cache from then on', async () => {
    const server = await serve(files({ '/a.onnx': RIGHT }));
    const options = await pullOptions({
      catalogue: catalogueOf(urlSource(`${server.origin}/a.onnx`, RIGHT)),
    });
    const fetched = await pullModel(options);
    expect(fetched.wasFetched).toBe(true);
    expect(fetched.manifest).toEqual({
      sha256: hexOf('sha256', RIGHT),
      size: RIGHT.length,
      from: `${server.origin}/a.onnx`,
    });
    expect(hexOf('sha256', await readFile(fetched.file))).toBe(hexOf('sha256', RIGHT));
    expect(await pullModel(options)).toEqual({ ...fetched, wasFetched: false });
    expect(server.requests).toHaveLength(1);
    expect(await filesBelow(options.cacheDir)).toEqual([`${FOLDER}/source.json`, `${FOLDER}/source.onnx`]);
  });

  it('refuses wrong bytes, keeps none of them, and asks anew the next time', async () => {
    const server = await serve((request, response, attempt) =>
      sendFile(request, response, { bytes: attempt === 1 ? WRONG : RIGHT, etag: '"same"' }),
    );
    const options = await pullOptions({ catalogue: catalogueOf(urlSource(server.origin, RIGHT)) });
    await expect(pullModel(options)).rejects.toMatchObject({
      code: 'MODEL_CHECKSUM_MISMATCH',
      message: expect.stringContaining(hexOf('sha256', WRONG)),
    });
    expect(await filesBelow(options.cacheDir)).toEqual([]);
    expect((await pullModel(options)).wasFetched).toBe(true);
    expect(server.requests[1]?.headers.range).toBeUndefined();
  });

  it('refuses a file that ends too early though the server calls it whole', async () => {
    const server = await serve(files({ '/': RIGHT.subarray(0, RIGHT.length - 1) }));
    const options = await pullOptions({ catalogue: catalogueOf(urlSource(`${server.origin}/`, RIGHT)) });
    await expect(pullModel(options)).rejects.toMatchObject({ code: 'MODEL_CHECKSUM_MISMATCH' });
    expect(await filesBelow(options.cacheDir)).toEqual([]);
  });

  it('takes the next source where one has no such file or the wrong one', async () => {
    const server = await serve(files({ '/wrong': WRONG, '/right': RIGHT }));
    const { origin } = server;
    const sources = ['/missing', '/wrong', '/right', '/never'].map((path) => urlSource(origin + path, RIGHT));
    const { manifest } = await pullModel(await pullOptions({ catalogue: catalogueOf(...sources) }));
    expect(manifest.from).toBe(`${origin}/right`);
    expect(server.requests.map(({ path }) => path)).toEqual(['/missing', '/wrong', '/right']);
  });

  it('says of every source why it failed', async () => {
    const { origin } = await serve(files({}));
    const sources = ['/a', '/b'].map((path) => urlSource(origin + path, RIGHT));
    await expect(pullModel(await pullOptions({ catalogue: catalogueOf(...sources) }))).rejects.toMatchObject({
      code: 'MODEL_FETCH_FAILED',
      message: expect.stringMatching(/\/a answered with status 404\n.*\/b answered with status 404/),
    });
  });

  it('takes a file by its MD5 where nothing better was published', async () => {
    const { origin } = await serve(files({ '/': RIGHT }));
    const source = { kind: 'url' as const, url: `${origin}/`, md5: hexOf('md5', RIGHT) };
    const pulled = await pullModel(await pullOptions({ catalogue: catalogueOf(source) }));
    expect(pulled.manifest.sha256).toBe(hexOf('sha256', RIGHT));
  });

  it('never takes a file of which no hash is known', async () => {
    const { origin } = await serve(files({ '/': RIGHT }));
    const source = { kind: 'url' as const, url: `${origin}/`, size: RIGHT.length };
    await expect(pullModel(await pullOptions({ catalogue: catalogueOf(source) }))).rejects.toMatchObject({
      code: 'MODEL_CHECKSUM_MISMATCH',
    });
  });

  it('fetches anew what was damaged in the cache', async () => {
    const server = await serve(files({ '/': RIGHT }));
    const options = await pullOptions({ catalogue: catalogueOf(urlSource(`${server.origin}/`, RIGHT)) });
    const { file } = await pullModel(options);
    await damage(file);
    expect((await pullModel(options)).wasFetched).toBe(true);
    expect((await readFile(file)).equals(RIGHT)).toBe(true);
  });

  it('knows no model that the catalogue has not', async () => {
    await expect(
      pullModel(await pullOptions({ id: 'other', catalogue: catalogueOf() })),
    ).rejects.toMatchObject({ code: 'MODEL_UNKNOWN', message: expect.stringContaining(MODEL_ID) });
  });
});

describe('pullModel without a hash to go by', () => {
  it('takes what comes first, notes its hash, and takes nothing else from then on', async () => {
    const server = await serve((request, response, attempt) =>
      sendFile(request, response, { bytes: attempt === 2 ? WRONG : RIGHT }),
    );
    const source = { kind: 'url' as const, url: `${server.origin}/`, trust: 'first-use' as const };
    const options = await pullOptions({ catalogue: catalogueOf(source) });
    const { manifest, file } = await pullModel(options);
    expect(manifest).toMatchObject({ sha256: hexOf('sha256', RIGHT), trust: 'first-use' });
    expect((await pullModel(options)).manifest).toEqual(manifest);
    await damage(file);
    await expect(pullModel(options)).rejects.toMatchObject({
      code: 'MODEL_CHECKSUM_MISMATCH',
      message: expect.stringMatching(`${hexOf('sha256', WRONG)}.*${hexOf('sha256', RIGHT)}`),
      remedy: expect.stringContaining('first-use.json'),
    });
    expect((await pullModel(options)).manifest.sha256).toBe(hexOf('sha256', RIGHT));
    expect(server.requests).toHaveLength(3);
  });

  it('takes nothing of another size than is known', async () => {
    const { origin } = await serve(files({ '/': RIGHT }));
    const size = RIGHT.length + 1;
    const source = { kind: 'url' as const, url: `${origin}/`, size, trust: 'first-use' as const };
    await expect(pullModel(await pullOptions({ catalogue: catalogueOf(source) }))).rejects.toMatchObject({
      code: 'MODEL_CHECKSUM_MISMATCH',
    });
  });
});

describe('a model that may not be used commercially', () => {
  it('is fetched and added only for those who say that they keep its terms', async () => {
    const server = await serve(files({ '/': RIGHT }));
    const [model] = catalogueOf(urlSource(`${server.origin}/`, RIGHT));
    if (model === undefined) throw new Error('no model');
    const catalogue = [{ ...model, licence: 'CC-BY-NC-4.0', nonCommercial: true }];
    const options = await pullOptions({ catalogue, acceptNonCommercial: ['another'] });
    const refusal = {
      code: 'MODEL_LICENCE_NOT_ACCEPTED',
      message: expect.stringMatching(/CC-BY-NC-4.0.*https:\/\/example.com/),
      remedy: expect.stringContaining(`CLEARCUT_ACCEPT_NON_COMMERCIAL=${MODEL_ID}`),
    };
    await expect(pullModel(options)).rejects.toMatchObject(refusal);
    await expect(addModelFile({ ...options, file: 'any' })).rejects.toMatchObject(refusal);
    expect(server.requests).toEqual([]);
    const accepted = { ...options, acceptNonCommercial: [MODEL_ID] };
    expect((await pullModel(accepted)).wasFetched).toBe(true);
    // Also where the weights are there already.
    await expect(ensureModel({ ...options, ...FLOAT32, maxSide: 2048 })).rejects.toMatchObject(refusal);
  });
});

describe('pullModel from a given address', () => {
  it('asks it first, for any file that the catalogue knows', async () => {
    const server = await serve(files({ '/mirror': RIGHT }));
    const { origin } = server;
    const catalogue = catalogueOf(urlSource(`${origin}/a`, WRONG), urlSource(`${origin}/b`, RIGHT));
    const { manifest } = await pullModel(await pullOptions({ sourceUrl: `${origin}/mirror`, catalogue }));
    expect(manifest.from).toBe(`${origin}/mirror`);
    expect(server.requests.map(({ path }) => path)).toEqual(['/mirror']);
  });

  it('goes on with the sources of the catalogue where it has something else', async () => {
    const { origin } = await serve(files({ '/mirror': WRONG, '/a': RIGHT }));
    const catalogue = catalogueOf(urlSource(`${origin}/a`, RIGHT));
    const { manifest } = await pullModel(await pullOptions({ sourceUrl: `${origin}/mirror`, catalogue }));
    expect(manifest.from).toBe(`${origin}/a`);
  });

  it('does not continue the part of a file from another address', async () => {
    const path = `/${'long-enough/'.repeat(10)}file`;
    const options = await pullOptions({});
    const first = await serve(refuseAfterHalf(join(options.cacheDir, FOLDER, 'download')));
    const second = await serve(files({ [path]: RIGHT }));
    const catalogue = catalogueOf(...[first, second].map(({ origin }) => urlSource(origin + path, RIGHT)));
    const { manifest } = await pullModel({ ...options, catalogue });
    expect(manifest.from).toBe(second.origin + path);
    expect(first.requests.map(({ headers }) => headers['if-range'])).toEqual([undefined, '"half"']);
    expect(second.requests.map(({ headers }) => headers['if-range'])).toEqual([undefined]);
  });
});

/** Sends half of the file, breaks the connection once some is saved, and knows nothing of it from then on. */
function refuseAfterHalf(downloads: string): Answer {
  return (request, response, attempt) => {
    if (attempt > 1) return void response.writeHead(404).end();
    const isSaved = async () => {
      const names = (await readdir(downloads)).filter((name) => name.endsWith('.part'));
      const sizes = await Promise.all(names.map(async (name) => (await stat(join(downloads, name))).size));
      return sizes.some((size) => size > 0);
    };
    const half = Math.floor(RIGHT.length / 2);
    return sendCut(request, response, { bytes: RIGHT, etag: '"half"' }, half, () => until(isSaved));
  };
}

function files(served: Readonly<Record<string, Buffer>>): Answer {
  return (request, response) => {
    const bytes = served[request.url ?? ''];
    if (bytes === undefined) response.writeHead(404).end();
    else sendFile(request, response, { bytes });
  };
}

async function pullOptions(options: Partial<PullOptions>): Promise<PullOptions> {
  return {
    id: MODEL_ID,
    cacheDir: join(await temporaryFolder(), 'cache'),
    sourceUrl: '',
    onProgress: () => {},
    ...options,
  };
}
