import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { ClearcutError } from '../../../src/errors.js';
import { buryObject, processObject, type Task } from '../../../src/pipeline/process-object.js';
import { resultRecordSchema } from '../../../src/pipeline/result-record.js';
import { drawSubject, POINTS, pixelAt } from '../../support/draw.js';
import { createTestPipeline, INPUT, OUTPUT } from '../../support/pipeline.js';

const task = (key: string, attempt = 1): Task => ({ bucket: INPUT, key, attempt });

describe('an image', () => {
  test('becomes a cut-out, a record that describes it, and a link', async () => {
    const { store, pipeline, upload, outputs } = await createTestPipeline();
    await upload('shop/shoe.jpg', await drawSubject());
    const outcome = await processObject(task('shop/shoe.jpg'), pipeline);

    expect(await outputs()).toEqual(['cutouts/shop/shoe.jpg.cutout.png', 'records/shop/shoe.jpg.json']);
    const { body, head } = await store.get(OUTPUT, 'cutouts/shop/shoe.jpg.cutout.png');
    expect(head.contentType).toBe('image/png');
    const bytes = Buffer.concat(await body.toArray());
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    const alphaAt = (point: { x: number; y: number }) => pixelAt({ data, ...info }, point)[3];
    expect(info).toMatchObject({ width: 240, height: 160, channels: 4 });
    expect(alphaAt(POINTS.ellipse)).toBeGreaterThan(250);
    expect(alphaAt(POINTS.rectangle)).toBeGreaterThan(250);
    expect(alphaAt(POINTS.background)).toBeLessThan(5);

    const record = resultRecordSchema.parse(outcome.kind === 'result' ? outcome.record : undefined);
    expect(record.source).toMatchObject({ bucket: INPUT, key: 'shop/shoe.jpg', format: 'jpeg', width: 240 });
    expect(record.output).toMatchObject({ etag: head.etag, size: bytes.length, contentType: 'image/png' });
    expect(record.link.url).toContain('/results/cutouts/shop/shoe.jpg.cutout.png?');
    expect(record.matte.coverage).toBeCloseTo(0.315, 1);
  });

  test('says in record and metadata that it shows a subject, which is no option where it is uploaded again', async () => {
    const { store, pipeline, upload } = await createTestPipeline();
    await upload('a.png', await drawSubject({ format: 'png' }));
    const outcome = await processObject(task('a.png'), pipeline);
    expect(outcome).toMatchObject({
      kind: 'result',
      record: { verdict: { subject: true, box: { top: expect.any(Number) } } },
    });
    const { body, head } = await store.get(OUTPUT, 'cutouts/a.png.cutout.png');
    expect(head.metadata).toMatchObject({
      'clearcut-verdict': 'subject',
      'clearcut-confidence': expect.stringMatching(/^(0\.\d{3}|1\.000)$/),
    });
    await store.put(INPUT, 'again.png', Buffer.concat(await body.toArray()), { metadata: head.metadata });
    expect(await processObject(task('again.png'), pipeline)).toMatchObject({ kind: 'result' });
  });

  test('without a subject is kept, emptied or refused, as its options say', async () => {
    const { store, pipeline, upload } = await createTestPipeline();
    const blank = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#00ff00' } })
      .png()
      .toBuffer();
    await upload('kept.png', blank);
    expect(await processObject(task('kept.png'), pipeline)).toMatchObject({
      kind: 'result',
      record: { verdict: { subject: false, confidence: 0, share: 0 } },
    });
    const head = await store.head(OUTPUT, 'cutouts/kept.png.cutout.png');
    expect(head?.metadata).toMatchObject({ 'clearcut-verdict': 'none', 'clearcut-confidence': '0.000' });
    await upload('emptied.png', blank, { 'no-subject': 'empty' });
    expect(await processObject(task('emptied.png'), pipeline)).toMatchObject({
      kind: 'result',
      record: { verdict: { subject: false }, matte: { coverage: 0 } },
    });
    await upload('refused.png', blank, { 'no-subject': 'fail' });
    await expect(processObject(task('refused.png'), pipeline)).rejects.toMatchObject({
      code: 'NO_SUBJECT',
      remedy: expect.stringContaining('no-subject'),
      key: 'refused.png',
    });
  });

  test('is inferred once, however often it is told of', async () => {
    const { pipeline, engine, upload } = await createTestPipeline();
    await upload('a.png', await drawSubject({ format: 'png' }));
    await processObject(task('a.png'), pipeline);
    for (let repeat = 0; repeat < 20; repeat++) {
      expect(await processObject(task('a.png'), pipeline)).toEqual({
        kind: 'skipped',
        reason: 'already done',
      });
    }
    expect(engine.stats().pictures).toBe(1);
  });

  test('that was overwritten gets the result of its newest version', async () => {
    const { store, pipeline, upload } = await createTestPipeline();
    await upload('a.png', await drawSubject({ width: 100, height: 50, format: 'png' }));
    await processObject(task('a.png'), pipeline);
    await upload('a.png', await drawSubject({ width: 60, height: 80, format: 'png' }));
    const outcome = await processObject(task('a.png'), pipeline);
    const newest = await store.head(INPUT, 'a.png');
    expect(outcome).toMatchObject({
      kind: 'result',
      record: { source: { etag: newest?.etag }, output: { width: 60, height: 80 } },
    });
  });

  test('that is gone, filtered out or in another bucket is left alone', async () => {
    const { pipeline, upload, outputs } = await createTestPipeline();
    await upload('.hidden.png', await drawSubject());
    expect(await processObject(task('never-was.png'), pipeline)).toEqual({ kind: 'skipped', reason: 'gone' });
    expect(await processObject(task('.hidden.png'), pipeline)).toEqual({
      kind: 'skipped',
      reason: 'filtered',
    });
    const own = { bucket: OUTPUT, key: 'cutouts/a.png.cutout.png', attempt: 1 };
    expect(await processObject(own, pipeline)).toEqual({ kind: 'skipped', reason: 'filtered' });
    expect(await outputs()).toEqual([]);
  });
});

describe('a bad image', () => {
  test.each([
    ['text', Buffer.from('hello, I am no picture'), 'FORMAT_UNSUPPORTED'],
    [
      'an SVG',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
      'FORMAT_UNSUPPORTED',
    ],
    ['empty', Buffer.alloc(0), 'IMAGE_EMPTY'],
    ['too many bytes', Buffer.alloc(10_000_001), 'IMAGE_TOO_MANY_BYTES'],
  ])('that is %s is refused with its reason', async (_, bytes, code) => {
    const { pipeline, upload } = await createTestPipeline();
    await upload('bad.jpg', bytes);
    await expect(processObject(task('bad.jpg'), pipeline)).rejects.toMatchObject({ code });
  });

  test('is buried as a dead letter that says why and what to do', async () => {
    const { pipeline, upload, outputs } = await createTestPipeline();
    await upload('bad.jpg', Buffer.from('no picture'));
    const error = new ClearcutError('FORMAT_UNSUPPORTED', 'It looks like text.');
    const outcome = await buryObject(task('bad.jpg', 3), error, pipeline);
    expect(outcome).toMatchObject({
      kind: 'dead-letter',
      deadLetter: {
        source: { bucket: INPUT, key: 'bad.jpg', size: 10 },
        error: { code: 'FORMAT_UNSUPPORTED', message: 'It looks like text.', remedy: error.remedy },
        attempts: 3,
      },
    });
    expect(await outputs()).toEqual(['dead-letters/bad.jpg.json']);
  });

  test('that the model fails on fails alone among its batch-mates', async () => {
    const { pipeline, upload, outputs } = await createTestPipeline({ nanWhenRed: true });
    const red = await drawSubject({ background: '#ff0000', format: 'png' });
    const keys = Array.from({ length: 8 }, (_, at) => `${at}.png`);
    for (const key of keys) await upload(key, key === '3.png' ? red : await drawSubject({ format: 'png' }));
    const outcomes = await Promise.allSettled(keys.map((key) => processObject(task(key), pipeline)));
    expect(outcomes.map(({ status }) => status)).toEqual(
      keys.map((key) => (key === '3.png' ? 'rejected' : 'fulfilled')),
    );
    expect(outcomes[3]).toMatchObject({ reason: { code: 'INFERENCE_FAILED' } });
    expect((await outputs()).filter((key) => key.startsWith('cutouts/'))).toHaveLength(7);
  });
});

describe('options in the metadata of an upload', () => {
  test('decide how its cut-out is written; other uploads keep the configuration', async () => {
    const { store, pipeline, upload, outputs } = await createTestPipeline();
    const metadata = { 'clearcut-format': 'webp', 'clearcut-max-side': '60', 'camera-model': 'X100' };
    await store.put(INPUT, 'a.png', await drawSubject({ format: 'png' }), { metadata });
    await upload('b.png', await drawSubject({ format: 'png' }));
    const outcome = await processObject(task('a.png'), pipeline);
    await processObject(task('b.png'), pipeline);
    expect(outcome).toMatchObject({
      record: { output: { contentType: 'image/webp', width: 60, height: 40 } },
    });
    expect(await outputs()).toEqual([
      'cutouts/a.png.cutout.webp',
      'cutouts/b.png.cutout.png',
      'records/a.png.json',
      'records/b.png.json',
    ]);
    expect(await processObject(task('a.png'), pipeline)).toEqual({ kind: 'skipped', reason: 'already done' });
  });

  test('that are wrong are refused, all at once', async () => {
    const { store, pipeline } = await createTestPipeline();
    const metadata = { 'clearcut-format': 'bmp', 'clearcut-quality': '0', 'clearcut-fromat': 'png' };
    await store.put(INPUT, 'a.png', await drawSubject(), { metadata });
    await expect(processObject(task('a.png'), pipeline)).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
      message: expect.stringMatching(
        /clearcut-fromat: there is no such option; clearcut-format: expected one of png, webp.*clearcut-quality/s,
      ),
    });
  });

  test('of a result that is uploaded again are none', async () => {
    const { store, pipeline } = await createTestPipeline();
    const metadata = { 'clearcut-source-etag': 'abc' };
    await store.put(INPUT, 'a.png', await drawSubject(), { metadata });
    expect(await processObject(task('a.png'), pipeline)).toMatchObject({ kind: 'result' });
  });
});

test('a newer version that arrives while an older one fails is not buried for it', async () => {
  const { pipeline, upload, outputs } = await createTestPipeline();
  await upload('a.png', Buffer.from('the first half of an upload'));
  const error = await processObject(task('a.png'), pipeline).catch((thrown: unknown) => thrown);
  await upload('a.png', await drawSubject({ format: 'png' }));
  expect(error).toBeInstanceOf(ClearcutError);
  expect(await buryObject(task('a.png'), error as ClearcutError, pipeline)).toEqual({
    kind: 'skipped',
    reason: 'superseded',
  });
  expect(await outputs()).toEqual([]);
  expect(await processObject(task('a.png'), pipeline)).toMatchObject({ kind: 'result' });
});
