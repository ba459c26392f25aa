import { type Browser, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { pathOf } from '../servers/available.js';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await pathOf('chromium'), args: FLAGS });
}

export interface PageOptions {
  readonly colorScheme?: 'light' | 'dark';
  readonly viewport?: { readonly width: number; readonly height: number };
  /** What the browser may complain of in this test. Default: nothing. */
  readonly mayComplain?: RegExp;
}

/** A page of a visitor who was never there before. The test fails where the browser complains of anything on it. */
export async function openPage(browser: Browser, url: string, options: PageOptions = {}): Promise<Page> {
  const { mayComplain, ...look } = options;
  const context = await browser.newContext({ acceptDownloads: true, ...look });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  onTestFinished(async () => {
    await context.close();
    expect(complaints.filter((complaint) => mayComplain?.test(complaint) !== true)).toEqual([]);
  });
  await page.goto(url);
  return page;
}

export interface TestFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** Drops files on the page, or pastes them, as somebody would by hand. */
export async function giveFiles(
  page: Page,
  how: 'drop' | 'paste',
  files: readonly TestFile[],
): Promise<void> {
  const given = files.map(({ name, mimeType, buffer }) => ({
    name,
    mimeType,
    base64: buffer.toString('base64'),
  }));
  // As text: this runs in the browser, whose types the tests do not know.
  await page.evaluate(`(() => {
    const transfer = new DataTransfer();
    for (const { name, mimeType, base64 } of ${JSON.stringify(given)}) {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      transfer.items.add(new File([bytes], name, { type: mimeType }));
    }
    const options = { bubbles: true, cancelable: true };
    if (${JSON.stringify(how)} === 'paste')
      return document.body.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: transfer }));
    for (const type of ['dragenter', 'dragover', 'drop'])
      document.body.dispatchEvent(new DragEvent(type, { ...options, dataTransfer: transfer }));
  })()`);
}

/** Writes down every stage of every card, and every value of its progress, from now on. */
export async function recordProgress(
  page: Page,
): Promise<() => Promise<{ stages: string[]; values: number[] }>> {
  await page.evaluate(`(() => {
    const stages = new Set();
    const values = new Set();
    window.recorded = () => ({ stages: [...stages], values: [...values] });
    new MutationObserver(() => {
      for (const card of document.querySelectorAll('.card')) {
        stages.add(card.dataset.stage);
        const bar = card.querySelector('progress');
        if (!bar.hidden) values.add(bar.value);
      }
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  })()`);
  return () => page.evaluate('window.recorded()');
}
