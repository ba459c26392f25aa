import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { ClearcutError } from '../../../src/errors.js';
import { createBackgrounds } from '../../../src/pipeline/backgrounds.js';
import { type Pipeline, processObject } from '../../../src/pipeline/process-object.js';
import { type ResultRecord, resultRecordSchema } from '../../../src/pipeline/result-record.js';
import type { ObjectStore } from '../../../src/storage/object-store.js';
import { drawSubject, POINTS, pixelAt } from '../../support/draw.js';
import { createTestPipeline, INPUT, OUTPUT, placeOf, withOptions } from '../../support/pipeline.js';

const KEY = 'a.png';
const TASK = { bucket: INPUT, key: KEY, attempt: 1 };

async function recordOf(pipeline: Pipeline): Promise<ResultRecord> {
  const outcome = await processObject(TASK, pipeline);
  return resultRecordSchema.parse(outcome.kind === 'result' ? outcome.record : outcome);
}

async function pictureOf(store: ObjectStore, key: string) {
  const { body } = await store.get(OUTPUT, key);
  const { data, info } = await sharp(Buffer.concat(await body.toArray()))
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { at: (point: { x: number; y: number }) => pixelAt({ data, ...info }, point), ...info };
}

const withTags = (pipeline: Pipeline): Pipeline => ({
  ...pipeline,
  options: { ...pipeline.options, readTags: true },
});

describe('options of one object', () => {
  test('come from its tags before its metadata, and from that before the configuration', async () => {
    const { store, pipeline } = await createTestPipeline();
    await store.put(INPUT, KEY, await drawSubject({ format: 'png' }), {
      metadata: { 'clearcut-format': 'webp', 'clearcut-max-side': '60' },
      tags: { 'clearcut:max-side': '90', project: 'spring' },
    });
    const configured = withOptions(pipeline, { format: 'png', quality: '50', 'bg-color': 'white' });
    expect(await recordOf(withTags(configured))).toMatchObject({
      output: { key: 'cutouts/a.png.cutout.webp', width: 90, height: 60 },
      options: { format: 'webp', quality: '50', 'bg-color': 'white', 'max-side': '90' },
    });
  });

  test('are not looked for in tags unless that is wished', async () => {
    const { store, pipeline } = await createTestPipeline();
    await store.put(INPUT, KEY, await drawSubject({ format: 'png' }), { tags: { 'clearcut:nonsense': '1' } });
    const blind: ObjectStore = { ...store, tags: () => Promise.reject(new Error('nobody asked for tags')) };
    expect(await recordOf({ ...pipeline, store: blind })).toMatchObject({ options: {} });
  });

  test('that are wrong in a tag are told by the name of the tag', async () => {
    const { store, pipeline } = await createTestPipeline();
    await store.put(INPUT, KEY, await drawSubject(), { tags: { 'clearcut:format': 'bmp' } });
    await expect(processObject(TASK, withTags(pipeline))).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
      message: expect.stringContaining('clearcut:format: expected one of'),
    });
  });

  test('are no matter for an object that is done already', async () => {
    const { store, pipeline, upload } = await createTestPipeline();
    await upload(KEY, await drawSubject({ format: 'png' }));
    await processObject(TASK, pipeline);
    await store.put(INPUT, KEY, await drawSubject({ format: 'png' }), { metadata: { 'clearcut-x': '1' } });
    expect(await processObject(TASK, pipeline)).toEqual({ kind: 'skipped', reason: 'already done' });
  });
});

describe('the pictures of a result', () => {
  test('are cut-out and mask where both are asked for, and the record names both', async () => {
    const { store, pipeline, upload, outputs } = await createTestPipeline();
    await upload(KEY, await drawSubject({ format: 'png' }), { output: 'both', format: 'webp' });
    const record = await recordOf(pipeline);
    const { pictureKey, recordKey } = placeOf(KEY);
    const [cutout, mask] = [pictureKey('cutout', 'webp'), pictureKey('mask', 'webp')];
    expect(await outputs()).toEqual([cutout, mask, recordKey]);
    expect(record).toMatchObject({
      output: { kind: 'cutout', key: cutout, contentType: 'image/webp' },
      link: { url: expect.stringContaining(cutout) },
      mask: {
        key: mask,
        contentType: 'image/webp',
        width: 240,
        link: { url: expect.stringContaining(mask) },
      },
      subject: { left: expect.any(Number), width: expect.any(Number) },
    });
    const { at } = await pictureOf(store, mask);
    expect(at(POINTS.ellipse)[0]).toBeGreaterThan(250);
    expect(at(POINTS.background)[0]).toBeLessThan(5);
  });

  test('are the mask alone where only that is asked for', async () => {
    const { pipeline, upload, outputs } = await createTestPipeline();
    await upload(KEY, await drawSubject({ format: 'png' }), { channels: 'alpha' });
    const record = await recordOf(pipeline);
    expect(record).toMatchObject({ output: { kind: 'mask', key: 'masks/a.png.mask.png' } });
    expect(record.mask).toBeUndefined();
    expect(await outputs()).toEqual(['masks/a.png.mask.png', 'records/a.png.json']);
  });

  test('have the extension of the format that the picture itself decided', async () => {
    const { pipeline, upload, outputs } = await createTestPipeline();
    await upload(KEY, await drawSubject({ format: 'png' }), { format: 'auto', 'bg-color': 'white' });
    await processObject(TASK, pipeline);
    await upload(KEY, await drawSubject({ format: 'png', width: 90 }), { format: 'auto' });
    expect(await recordOf(pipeline)).toMatchObject({ output: { key: 'cutouts/a.png.cutout.png' } });
    expect(await outputs()).toEqual(['cutouts/a.png.cutout.png', 'records/a.png.json']);
    await upload(KEY, await drawSubject({ format: 'png' }), { format: 'auto', 'bg-color': 'red' });
    await processObject(TASK, pipeline);
    expect(await outputs()).toEqual(['cutouts/a.png.cutout.jpg', 'records/a.png.json']);
  });
});

describe('a background image', () => {
  const SCENE = 'backgrounds/scene.png';
  const scene = (colour: string) =>
    sharp({ create: { width: 40, height: 40, channels: 3, background: colour } })
      .png()
      .toBuffer();

  test('is read through the store, and again once it was replaced', async () => {
    const { store, pipeline, upload } = await createTestPipeline();
    await upload(SCENE, await scene('#ff8000'));
    let reads = 0;
    const counting: ObjectStore = {
      ...store,
      get: (bucket, key, options) => {
        if (key === SCENE) reads += 1;
        return store.get(bucket, key, options);
      },
    };
    const area = { bucket: INPUT, prefix: 'backgrounds/' };
    const counted = {
      ...pipeline,
      store: counting,
      backgrounds: createBackgrounds(counting, area, pipeline.limits),
    };
    for (const [width, expected] of [
      [240, 1],
      [120, 1],
      [60, 2],
    ] as const) {
      if (expected === 2) await upload(SCENE, await scene('#0080ff'));
      await upload(KEY, await drawSubject({ format: 'png', width }), { 'bg-image': SCENE });
      expect(await recordOf(counted)).toMatchObject({ options: { 'bg-image': SCENE } });
      const { at } = await pictureOf(store, 'cutouts/a.png.cutout.png');
      expect(at(POINTS.background)).toEqual(expected === 1 ? [255, 128, 0, 255] : [0, 128, 255, 255]);
      expect(reads).toBe(expected);
    }
  });

  test.each([
    ['is not there', 'backgrounds/none.png', /there is no "backgrounds\/none\.png"/],
    ['lies elsewhere in the bucket', 'private/scene.png', /begins with backgrounds\//],
    ['climbs out of its folder', 'backgrounds/../private/scene.png', /bg-image/],
    ['is a URL', 'https://example.com/scene.png', /no URL is ever fetched/],
    ['is no picture', 'backgrounds/notes.txt', /background cannot be used/],
    ['is too large', 'backgrounds/large.png', /"backgrounds\/large\.png": .*10,?000,?000/],
  ])('that %s is a mistake in the options', async (_, key, message) => {
    const { pipeline, upload } = await createTestPipeline();
    await upload('private/scene.png', await scene('red'));
    await upload('backgrounds/notes.txt', Buffer.from('no picture'));
    await upload('backgrounds/large.png', Buffer.alloc(pipeline.limits.maxBytes + 1));
    await upload(KEY, await drawSubject({ format: 'png' }), { 'bg-image': key });
    await expect(processObject(TASK, pipeline)).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
      message: expect.stringMatching(message),
    });
  });

  test('that the store cannot give now is no fault of the object', async () => {
    const { store, pipeline, upload } = await createTestPipeline();
    await upload(KEY, await drawSubject({ format: 'png' }), { 'bg-image': SCENE });
    const away: ObjectStore = {
      ...store,
      head: () => Promise.reject(new ClearcutError('STORE_UNAVAILABLE', 'away')),
    };
    const backgrounds = createBackgrounds(away, { bucket: INPUT, prefix: 'backgrounds/' }, pipeline.limits);
    await expect(processObject(TASK, { ...pipeline, backgrounds })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
  });
});
