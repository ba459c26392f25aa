import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawSubject } from '../support/draw.js';
import { readZip } from '../support/read-zip.js';
import { clearcut, type Environment, startService } from '../support/service.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { giveFiles, openBrowser, openPage, recordProgress, type TestFile } from './browser/browser.js';
import { describeWith } from './servers/available.js';
import { type MinioServer, startMinio } from './servers/minio.js';

/** The web page in a real browser, on the real service with the real model at its smallest side. */
const describeBrowser = await describeWith('chromium');
const describeWithMinio = await describeWith('chromium', 'minio');

const TIMEOUT = 240_000;
const AWKWARD = 'Möbel & "Küche" <b>#1?%25 椅子.jpg';
const TOKEN = 'a-secret-of-the-test';

const colours = ['#00ff00', '#20e040', '#10d010', '#40ff60'];

async function photograph(name: string, at = 0, width = 480): Promise<TestFile> {
  const background = colours[at % colours.length] ?? '#00ff00';
  return {
    name,
    mimeType: 'image/jpeg',
    buffer: await drawSubject({ width, height: 320 + 4 * at, background }),
  };
}

const photographs = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, at) => photograph(`photo-${at + 1}.jpg`, at)));

async function broken(name = 'broken.jpg'): Promise<TestFile> {
  return { name, mimeType: 'image/jpeg', buffer: (await drawSubject()).subarray(0, 400) };
}

async function startPage(env: Environment = {}): Promise<string> {
  const service = await startService(await temporaryFolder(), { CLEARCUT_MODEL_MAX_SIDE: '256', ...env });
  const ready = service.log().find(({ msg }) => String(msg).startsWith('ready'));
  return String(ready?.['server']);
}

const card = (page: Page, name: string) =>
  page.locator('.card').filter({ has: page.getByTitle(name, { exact: true }) });

async function waitForCards(page: Page, count: number, ...stages: string[]): Promise<void> {
  const selector = stages.map((stage) => `.card[data-stage="${stage}"]`).join(', ');
  await expect.poll(() => page.locator(selector).count(), { timeout: TIMEOUT / 4 }).toBe(count);
}

async function download(
  page: Page,
  button: ReturnType<Page['locator']>,
): Promise<{ name: string; bytes: Buffer }> {
  const [started] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return { name: started.suggestedFilename(), bytes: await readFile(await started.path()) };
}

/** Faults that keep somebody from using the page. */
async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

describeBrowser('the web page in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  it(
    'takes twenty-two pictures that are dropped, shows how far they are, and gives them back as a zip',
    async () => {
      const page = await openPage(browser, await startPage());
      const session = await page.context().newCDPSession(page);
      await session.send('Network.enable');
      // So slow that progress can be seen.
      const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 64 * 1024 };
      await session.send('Network.emulateNetworkConditions', slow);
      const recorded = await recordProgress(page);
      await giveFiles(page, 'drop', [...(await photographs(20)), await photograph(AWKWARD), await broken()]);
      await waitForCards(page, 22, 'done', 'failed');

      const { stages, values } = await recorded();
      expect(stages).toEqual(expect.arrayContaining(['queued', 'sending', 'done', 'failed']));
      expect(Math.max(...values)).toBeGreaterThan(0);
      expect(await page.locator('.batch-status').textContent()).toBe('21 of 22 done, 1 failed');
      await expect.poll(() => page.locator('#announcer').textContent()).toBe('21 of 22 done, 1 failed');

      const failed = card(page, 'broken.jpg');
      expect(await failed.getAttribute('data-stage')).toBe('failed');
      expect(await failed.locator('.fault').textContent()).toMatch(/damaged|corrupt|cut off|end/i);
      expect(await failed.locator('.remedy').textContent()).toContain('upload it again');

      const awkward = card(page, AWKWARD);
      const one = await download(page, awkward.getByText('Download'));
      expect(one.name).toMatch(/^Möbel .*椅子\.png$/);
      expect(await sharp(one.bytes).metadata()).toMatchObject({ format: 'png', width: 480, height: 320 });

      const zip = await download(page, page.getByText('Download all (zip)'));
      const files = readZip(zip.bytes);
      expect(zip.name).toMatch(/\.zip$/);
      const pictures = [...files.keys()].filter((name) => name.endsWith('.png'));
      expect(pictures).toHaveLength(21);
      for (const name of pictures) expect((await sharp(files.get(name)).metadata()).hasAlpha).toBe(true);
      const list = [...files].find(([name]) => name.endsWith('.txt'))?.[1].toString();
      expect(list).toContain('broken.jpg');
    },
    TIMEOUT,
  );

  it(
    'compares before and after with the pointer and with the keyboard, and crops and colours what it shows',
    async () => {
      const page = await openPage(browser, await startPage());
      await giveFiles(page, 'paste', [await photograph('image.png')]);
      await waitForCards(page, 1, 'done');
      const slider = page.getByRole('slider', { name: 'Before and after: pasted-1.png' });
      const clip = () => page.evaluate("getComputedStyle(document.querySelector('.layer.before')).clipPath");
      expect(await slider.inputValue()).toBe('50');

      const box = await slider.boundingBox();
      if (box === null) throw new Error('the slider is not to be seen');
      const middle = box.y + box.height / 2;
      await page.mouse.move(box.x + box.width / 2, middle);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.9, middle, { steps: 5 });
      await page.mouse.up();
      expect(Number(await slider.inputValue())).toBeGreaterThan(80);
      const dragged = await clip();

      await slider.focus();
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowRight');
      expect(await slider.inputValue()).toBe('1');
      expect(await slider.getAttribute('aria-valuetext')).toBe('1 % before, 99 % after');
      expect(await clip()).not.toBe(dragged);

      const behind = () =>
        page.evaluate("getComputedStyle(document.querySelector('.layer.after')).backgroundColor");
      await page.getByRole('radio', { name: 'Black' }).check();
      expect(await behind()).toBe('rgb(0, 0, 0)');
      await page.getByRole('radio', { name: 'Colour', exact: true }).check();
      await page.getByLabel('Colour to preview on').fill('#123456');
      expect(await behind()).toBe('rgb(18, 52, 86)');

      const width = () =>
        page.evaluate("document.querySelector('.layer.after img').getBoundingClientRect().width");
      const whole = await width();
      await page.getByRole('checkbox', { name: 'Closely cropped' }).check();
      expect(await width()).toBeGreaterThan(Number(whole) * 1.05);

      await page.getByRole('button', { name: 'Look closer: pasted-1.png' }).press('Enter');
      const viewer = page.getByRole('dialog', { name: 'pasted-1.png' });
      expect(await viewer.isVisible()).toBe(true);
      await page.keyboard.press('Escape');
      expect(await viewer.isVisible()).toBe(false);
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Look closer');
    },
    TIMEOUT,
  );

  it(
    'sends the options of the panel, and goes on after a reload',
    async () => {
      const page = await openPage(browser, await startPage());
      await page.locator('#options-panel summary').press('Enter');
      await page.getByLabel('Format').selectOption('jpg');
      await page.getByRole('radio', { name: 'Transparent' }).check();
      expect(await page.locator('#options-fault').textContent()).toContain('JPEG has nothing transparent');
      await giveFiles(page, 'drop', [await photograph('refused.jpg')]);
      expect(await page.locator('.notice').textContent()).toContain('Nothing was uploaded');
      await page.getByRole('radio', { name: 'A colour' }).check();
      await page.getByRole('checkbox', { name: 'Crop to the subject' }).check();
      await page.getByLabel('What is made').selectOption('both');

      const [chooser] = await Promise.all([
        page.waitForEvent('filechooser'),
        page.getByRole('button', { name: 'Choose pictures' }).press('Enter'),
      ]);
      const notes = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') };
      await chooser.setFiles([await photograph('chosen.jpg'), await broken(), notes]);
      await page.getByText('notes.txt: not a picture').waitFor();
      await waitForCards(page, 2, 'done', 'failed');
      expect(page.url()).toMatch(/#batches=[\w-]+$/);

      await page.reload();
      await waitForCards(page, 1, 'done');
      await waitForCards(page, 1, 'failed');
      // The cropped result has another shape, so both stand beside each other.
      await page.locator('.compare.is-beside').waitFor();
      const chosen = card(page, 'chosen.jpg');
      const result = await download(page, chosen.getByRole('link', { name: 'Download: chosen.jpg' }));
      const { format, width } = await sharp(result.bytes).metadata();
      expect(format).toBe('jpeg');
      expect(width).toBeLessThan(480);
      const mask = await download(page, chosen.getByRole('link', { name: 'Mask: chosen.jpg' }));
      expect((await sharp(mask.bytes).metadata()).format).toBe('jpeg');
      expect([result.name, mask.name]).toEqual(['chosen.jpg', 'chosen mask.jpg']);

      await page.getByRole('button', { name: 'Take off the page' }).click();
      expect(await page.locator('.card').count()).toBe(0);
      expect(page.url()).not.toContain('#');
    },
    TIMEOUT,
  );

  it(
    'asks for the token where one is wanted, and keeps it for this tab alone',
    async () => {
      const url = await startPage({ CLEARCUT_API_TOKENS: `page:upload+read:${TOKEN}` });
      const page = await openPage(browser, url, { mayComplain: /401/ });
      await giveFiles(page, 'drop', [await photograph('secret.jpg')]);
      const dialog = page.getByRole('dialog', { name: 'This service wants a token' });
      await dialog.getByLabel('Token').fill('wrong');
      await page.keyboard.press('Enter');
      await dialog.getByText('That token is not accepted.').waitFor();
      expect(await faults(page)).toEqual([]);
      await dialog.getByLabel('Token').fill(TOKEN);
      await dialog.getByRole('button', { name: 'Continue' }).click();
      await waitForCards(page, 1, 'done');
      expect(await page.evaluate('JSON.stringify({ ...localStorage }) + document.cookie')).toBe('{}');
      expect(page.url()).not.toContain(TOKEN);
      const zip = await download(page, page.getByRole('button', { name: 'Download all (zip)' }));
      expect(readZip(zip.bytes).size).toBe(1);
      await page.reload();
      await waitForCards(page, 1, 'done');
    },
    TIMEOUT,
  );

  it(
    'follows a batch where no stream comes through, and tries uploads again that failed',
    async () => {
      const page = await openPage(browser, await startPage(), { mayComplain: /403|ERR_FAILED/ });
      await page.route('**/v1/batches/*/events', (route) => route.abort());
      let refusals = 1;
      await page.route('**/uploads/**', (route, request) =>
        request.method() === 'PUT' && refusals-- > 0 ? route.fulfill({ status: 403 }) : route.fallback(),
      );
      await giveFiles(page, 'drop', [await photograph('first.jpg'), await photograph('second.jpg')]);
      await waitForCards(page, 1, 'refused');
      const refused = page.locator('.card[data-stage="refused"]');
      expect(await refused.locator('.fault').textContent()).toContain('no longer valid');
      await waitForCards(page, 1, 'done');
      await refused.getByRole('button', { name: /^Try again/ }).click();
      await waitForCards(page, 2, 'done');
    },
    TIMEOUT,
  );

  it(
    'asks for new links where those that it has lead nowhere any more',
    async () => {
      const page = await openPage(browser, await startPage(), { mayComplain: /403/ });
      let refusals = 1;
      await page.route('**/results/**', (route) =>
        refusals-- > 0 ? route.fulfill({ status: 403 }) : route.fallback(),
      );
      await giveFiles(page, 'drop', [await photograph('first.jpg')]);
      await page.locator('.layer.before').waitFor();
      const isShown = "document.querySelector('.layer.after img')?.naturalWidth > 0";
      await expect.poll(() => page.evaluate(isShown), { timeout: TIMEOUT / 4 }).toBe(true);
      expect(refusals).toBeLessThan(0);
    },
    TIMEOUT,
  );

  it(
    'cancels uploads',
    async () => {
      const page = await openPage(browser, await startPage());
      const uploads: Array<(released: undefined) => void> = [];
      await page.route('**/uploads/**', (_route, request) => {
        // Held back until the page gives it up.
        if (request.method() !== 'PUT') return _route.fallback();
        return new Promise<undefined>((resolve) => uploads.push(resolve));
      });
      await giveFiles(page, 'drop', await photographs(5));
      await waitForCards(page, 3, 'sending');
      await page.getByRole('button', { name: 'Cancel: photo-1.jpg' }).click();
      await card(page, 'photo-1.jpg').getByText('Cancelled').waitFor();
      await page.getByRole('button', { name: 'Cancel uploads' }).click();
      await waitForCards(page, 5, 'cancelled');
      expect(await page.locator('.batch-status').textContent()).toBe('0 of 5 done, 5 not uploaded');
      for (const release of uploads) release(undefined);
    },
    TIMEOUT,
  );

  it(
    'leaves out what is too large, and tells where it found no subject',
    async () => {
      const page = await openPage(browser, await startPage({ CLEARCUT_MAX_BYTES: '60KB' }), {
        mayComplain: /400/,
      });
      const noise = randomBytes(300 * 300 * 3);
      const raw = sharp(noise, { raw: { width: 300, height: 300, channels: 3 } });
      const large = { name: 'large.png', mimeType: 'image/png', buffer: await raw.png().toBuffer() };
      const plain = sharp({ create: { width: 300, height: 300, channels: 3, background: '#808080' } });
      const empty = { name: 'empty.jpg', mimeType: 'image/jpeg', buffer: await plain.jpeg().toBuffer() };
      await giveFiles(page, 'drop', [large, await photograph('small.jpg'), empty]);
      await page.getByText(/^large\.png: /).waitFor();
      await waitForCards(page, 2, 'done');
      expect(await card(page, 'empty.jpg').locator('.fault').textContent()).toContain('No clear subject');
      expect(await card(page, 'small.jpg').locator('.fault').isVisible()).toBe(false);
      await page.getByRole('link', { name: 'Skip to the pictures' }).press('Enter');
      expect(await page.evaluate('document.activeElement.id')).toBe('batches');
      expect(page.url()).toMatch(/#batches=/);
    },
    TIMEOUT,
  );

  describe.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['narrow as a phone', { viewport: { width: 375, height: 740 } }],
  ] as const)('where it is %s', (_title, look) => {
    it(
      'can be used by everybody',
      async () => {
        const page = await openPage(browser, await startPage(), look);
        await page.locator('#options-panel summary').click();
        await page.getByLabel('Format').selectOption('jpg');
        await page.getByRole('radio', { name: 'Transparent' }).check();
        await page.getByRole('checkbox', { name: 'Crop to the subject' }).check();
        expect(await faults(page)).toEqual([]);
        await page.getByRole('button', { name: 'Reset' }).click();
        const notes = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') };
        await giveFiles(page, 'drop', [await photograph('one.jpg'), await broken(), notes]);
        await waitForCards(page, 2, 'done', 'failed');
        await page.locator('.compare .handle').waitFor();
        expect(await faults(page)).toEqual([]);
        const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
        expect(await page.evaluate(overflow)).toBe(0);
        await page.getByRole('button', { name: 'Look closer: one.jpg' }).click();
        expect(await faults(page)).toEqual([]);
      },
      TIMEOUT,
    );
  });
});

describeWithMinio('the web page before buckets of another origin', () => {
  let browser: Browser;
  let minio: MinioServer;
  beforeAll(async () => {
    browser = await openBrowser();
    minio = await startMinio();
  });
  afterAll(async () => {
    await browser?.close();
    await minio?.stop();
  });

  it(
    'uploads to them, shows what is in them, and saves it under its own name',
    async () => {
      const env = {
        CLEARCUT_STORE: 's3',
        CLEARCUT_S3_ENDPOINT: minio.endpoint,
        CLEARCUT_S3_ACCESS_KEY_ID: minio.accessKeyId,
        CLEARCUT_S3_SECRET_ACCESS_KEY: minio.secretAccessKey,
        CLEARCUT_EVENTS: 'minio-listen',
      };
      expect(await clearcut(['setup'], env)).toMatchObject({ code: 0 });
      const page = await openPage(browser, await startPage(env));
      const origins = new Map<string, string>();
      page.on('request', (request) => {
        const { origin, pathname } = new URL(request.url());
        if (origin !== 'null') origins.set(`${request.method()} ${pathname.split('/')[1]}`, origin);
      });
      await giveFiles(page, 'drop', [await photograph(AWKWARD), await broken()]);
      await waitForCards(page, 2, 'done', 'failed');
      await page.locator('.compare .handle').waitFor();
      expect(origins.get('PUT uploads')).toBe(minio.endpoint);
      expect(origins.get('GET results')).toBe(minio.endpoint);

      const saved = await download(page, page.getByRole('link', { name: /^Download: / }));
      expect(saved.name).toMatch(/^Möbel .*椅子\.png$/);
      expect(await sharp(saved.bytes).metadata()).toMatchObject({ format: 'png', width: 480 });
      expect(await page.locator('.card').count()).toBe(2);

      // Without the file at hand both sides come from the bucket.
      await page.reload();
      await page.locator('.compare .handle').waitFor();
    },
    TIMEOUT,
  );
});
