import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openWebPage } from '../../../src/commands/open-web-page.js';
import { configSchema } from '../../../src/config/schema.js';
import { problemOf, send, serve } from './serve.js';

const WEB = fileURLToPath(new URL('../../../web/', import.meta.url));
const webPage = { linkOrigins: async () => ['https://uploads.example', 'https://results.example'] };

describe('the web page', () => {
  it('is served with all that it asks for', async () => {
    const { url } = await serve({ webPage });
    const page = await fetch(url);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const html = await page.text();
    expect(html).toBe(await readFile(`${WEB}index.html`, 'utf8'));
    const parts = [...html.matchAll(/(?:src|href)="(ui\/[^"]+)"/g)].map(([, part]) => part);
    const names = await readdir(`${WEB}ui`);
    const modules = names.filter((name) => name.endsWith('.js')).map((name) => `ui/${name}`);
    for (const part of new Set([...parts, ...modules])) {
      const answer = await fetch(`${url}/${part}`);
      expect([part, answer.status]).toEqual([part, 200]);
      expect(await answer.text()).toBe(await readFile(WEB + part, 'utf8'));
    }
  });

  it('may use nothing from elsewhere but the places that links lead to', async () => {
    const { url } = await serve({ webPage });
    const { headers } = await fetch(url);
    const policy = new Map(
      (headers.get('content-security-policy') ?? '').split('; ').map((rule) => {
        const [name = '', ...values] = rule.split(' ');
        return [name, values.join(' ')];
      }),
    );
    expect(policy.get('default-src')).toBe("'none'");
    expect(policy.get('script-src')).toBe("'self'");
    expect(policy.get('style-src')).toBe("'self'");
    expect(policy.get('connect-src')).toBe("'self' https://uploads.example https://results.example");
    expect(policy.get('img-src')).toBe("'self' https://uploads.example https://results.example blob:");
    expect(policy.get('frame-ancestors')).toBe("'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('holds no script or style in itself', async () => {
    const html = await readFile(`${WEB}index.html`, 'utf8');
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });

  it('is kept by browsers until it changes', async () => {
    const { url } = await serve({ webPage });
    const { headers } = await fetch(`${url}/ui/main.js`);
    const etag = headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    expect(headers.get('cache-control')).toBe('no-cache');
    const statusFor = async (known: string) =>
      (await fetch(`${url}/ui/main.js`, { headers: { 'if-none-match': known } })).status;
    expect(await statusFor(etag)).toBe(304);
    expect(await statusFor(`"other", W/${etag}`)).toBe(304);
    expect(await statusFor('"other"')).toBe(200);
  });

  it('answers HEAD with the size', async () => {
    const { url } = await serve({ webPage });
    const { status, headers } = await fetch(url, { method: 'HEAD' });
    expect(status).toBe(200);
    expect(headers.get('content-length')).toBe(String((await readFile(`${WEB}index.html`)).length));
  });

  it('leads to no other file', async () => {
    const { url } = await serve({ webPage });
    const paths = [
      '/ui/',
      '/ui/contract.d.ts',
      '/ui/../index.html',
      '/ui/..%2f..%2fpackage.json',
      '/ui/%2e%2e/tsconfig.json',
      '/index.html',
    ];
    for (const path of paths) expect([path, (await send(url, path)).status]).toEqual([path, 403]);
  });

  it('is not there unless it is wanted', async () => {
    const { url } = await serve({ signer: undefined });
    expect((await problemOf(await fetch(url))).code).toBe('NOT_FOUND');
  });
});

describe('CLEARCUT_WEB_PAGE', () => {
  it('turns the page off', async () => {
    const { store } = await serve();
    expect(openWebPage(configSchema.parse({ server: { webPage: false } }), store)).toBeUndefined();
    expect(openWebPage(configSchema.parse({}), store)).toBeDefined();
  });

  it('asks the links of both buckets where they lead to', async () => {
    const { store, url } = await serve();
    const page = openWebPage(configSchema.parse({}), store);
    expect(await page?.linkOrigins()).toEqual([url, url]);
  });
});
