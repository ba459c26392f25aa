// Makes docs/images/web.png: npm run docs:web. Serves drawings with this very build, drops them on the web page in a browser
// (Chromium: node infra/servers/install.mjs chromium finds it), and takes a picture when all are done.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { ball, vase } from './drawings.mjs';

const SIZE = { width: 1200, height: 840 };

const folder = mkdtempSync(join(tmpdir(), 'clearcut-web-picture-'));
const service = spawn(process.execPath, [resolve('dist/cli.js'), 'run'], {
  env: { ...process.env, CLEARCUT_ROOT: folder, CLEARCUT_HTTP_PORT: '0', CLEARCUT_LOG_FORMAT: 'json' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const browser = await chromium.launch({
    executablePath: execFileSync(process.execPath, ['infra/servers/install.mjs', 'chromium'], {
      encoding: 'utf8',
    }).trim(),
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  });
  const page = await browser.newPage({ viewport: SIZE });
  await page.goto(await addressOf(service));
  await page.setInputFiles('#picker', await drawings());
  const ended = page.locator('.card[data-stage="done"], .card[data-stage="failed"]');
  await ended.nth(3).waitFor({ timeout: 120_000 });
  await page.locator('.handle').nth(2).waitFor();
  const picture = await page.screenshot({ animations: 'disabled' });
  await browser.close();
  await sharp(picture).png({ palette: true, effort: 10 }).toFile('docs/images/web.png');
} finally {
  service.kill();
  await once(service, 'exit');
  rmSync(folder, { recursive: true });
}

/** Where the service is served, as soon as it is ready. */
async function addressOf({ stdout }) {
  for await (const line of createInterface(stdout)) {
    const { msg, server } = JSON.parse(line);
    if (msg.startsWith('ready')) return server;
  }
  throw new Error('the service ended before it was ready');
}

async function drawings() {
  const file = async (name, drawing) => ({
    name,
    mimeType: 'image/jpeg',
    buffer: await sharp(drawing).jpeg({ quality: 95 }).toBuffer(),
  });
  const cutOff = await file('cut-off.jpg', vase());
  return [
    await file('vase.jpg', vase()),
    await file('ball.jpg', ball(0.2)),
    await file('ball in the air.jpg', ball(0.9)),
    { ...cutOff, buffer: cutOff.buffer.subarray(0, 2_000) },
  ];
}
