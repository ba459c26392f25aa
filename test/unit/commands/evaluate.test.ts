import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import sharp from 'sharp';
import { afterEach, expect, test, vi } from 'vitest';
import { registerEvaluate } from '../../../src/commands/evaluate.js';
import { drawSubject, openRaw, subjectMatte } from '../../support/draw.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

async function put(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, bytes);
}

async function evaluate(...args: string[]): Promise<string> {
  const written: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const program = new Command().exitOverride();
  registerEvaluate(program);
  await program.parseAsync(['node', 'clearcut', 'evaluate', ...args]);
  return written.join('');
}

/** Pictures in subfolders, their truths all in one folder, and what another program made of them. */
async function drawSet(): Promise<string> {
  const root = await temporaryFolder();
  const mask = await openRaw(subjectMatte()).png().toBuffer();
  const shifted = await sharp(mask)
    .affine([1, 0, 0, 1], { odx: 9, background: 'black' })
    .resize(240, 160)
    .png()
    .toBuffer();
  const picture = await drawSubject();
  await put(join(root, 'images/one/right.jpg'), picture);
  await put(join(root, 'images/two/shifted.jpg'), picture);
  await put(join(root, 'images/no-truth.jpg'), picture);
  await put(join(root, 'images/small.jpg'), picture);
  for (const name of ['right', 'shifted']) await put(join(root, `truth/${name}.png`), mask);
  await put(
    join(root, 'truth/small.png'),
    await openRaw(subjectMatte({ width: 24, height: 16 }))
      .png()
      .toBuffer(),
  );
  await put(join(root, 'mattes/one/right.jpg.cutout.png'), mask);
  await put(join(root, 'mattes/two/shifted.png'), shifted);
  await put(join(root, 'mattes/small.png'), mask);
  await put(join(root, 'mattes/no-truth.png'), mask);
  return root;
}

test("another program's mattes are measured; what does not fit is told and left out", async () => {
  const root = await drawSet();
  const text = await evaluate(
    join(root, 'images'),
    ...['--truth', join(root, 'truth')],
    ...['--mattes', join(root, 'mattes')],
    '--json',
  );
  const { images, means, pairs, problems } = JSON.parse(text);
  expect(images).toBe(2);
  expect(pairs.map(({ image }: { image: string }) => image)).toEqual(['one/right.jpg', 'two/shifted.jpg']);
  expect(pairs[0].measures.mae).toBe(0);
  expect(pairs[1].measures.mae).toBeGreaterThan(0.01);
  expect(means.mae).toBeCloseTo(pairs[1].measures.mae / 2, 12);
  expect(problems).toEqual([
    { image: 'no-truth.jpg', problem: expect.stringContaining('no ground truth') },
    { image: 'small.jpg', problem: expect.stringContaining('24 x 16 pixels, the picture 240 x 160') },
  ]);
  expect(process.exitCode).toBe(1);
});

test('the worst are named and drawn, and each image has a line of CSV', async () => {
  const root = await drawSet();
  const text = await evaluate(
    join(root, 'images'),
    ...['--truth', join(root, 'truth')],
    ...['--mattes', join(root, 'mattes')],
    ...['--csv', join(root, 'scores.csv')],
    ...['--sheet', join(root, 'worst.webp')],
    ...['--worst', '1'],
  );
  expect(text).toMatch(/^2 images evaluated$/m);
  expect(text).toMatch(/largest MAE:\n {2}0\.\d{4} {2}two\/shifted\.jpg\n$/);
  expect((await readFile(join(root, 'scores.csv'), 'utf8')).trim().split('\r\n')).toHaveLength(3);
  const { format, width = 0, height = 0 } = await sharp(join(root, 'worst.webp')).metadata();
  expect(format).toBe('webp');
  // One row of four cells.
  expect(width / height).toBeGreaterThan(3.5);
});

test('the limit takes the first images', async () => {
  const root = await drawSet();
  const folders = ['--truth', join(root, 'truth'), '--mattes', join(root, 'mattes')];
  const { images, problems } = JSON.parse(
    await evaluate(join(root, 'images'), ...folders, '--limit', '2', '--json'),
  );
  expect(images).toBe(1);
  expect(problems).toHaveLength(1);
});
