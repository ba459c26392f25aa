import { describe, expect, it } from 'vitest';
import { expectCode, LABELLED_KEYS, type StoreTest } from './store-test.js';

export function describeLinks(test: StoreTest): void {
  describe('links', () => {
    it.each(LABELLED_KEYS)('to read %s need nothing but the URL', async (_label, key) => {
      await test.put(key, `content of ${key}`, { contentType: 'image/webp' });
      const { url, method } = await test.store().presignGet(test.bucket(), test.key(key), { expiresIn: 60 });
      expect(method).toBe('GET');
      const response = await fetch(url);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('image/webp');
      expect(await response.text()).toBe(`content of ${key}`);
    });

    it.each(LABELLED_KEYS)('to write %s need nothing but the URL', async (_label, key) => {
      const link = await test.store().presignPut(test.bucket(), test.key(key), { expiresIn: 60 });
      expect(link.method).toBe('PUT');
      const response = await fetch(link.url, { method: 'PUT', body: 'uploaded', headers: link.headers });
      expect(response.ok).toBe(true);
      expect(await test.read(key)).toBe('uploaded');
    });

    it('tell when they expire', async () => {
      const earliest = Math.floor(Date.now() / 1000) * 1000 + 60_000;
      const { expiresAt } = await test.store().presignGet(test.bucket(), test.key('a'), { expiresIn: 60 });
      expect(expiresAt.getTime()).toBeGreaterThanOrEqual(earliest);
      expect(expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 60_000);
    });

    it('answer 404 where there is no object', async () => {
      const { url } = await test.store().presignGet(test.bucket(), test.key('nothing'), { expiresIn: 60 });
      expect((await fetch(url)).status).toBe(404);
    });

    it('answer 403 when the signature is changed', async (context) => {
      test.needs(context, 'checked links');
      await test.put('a');
      const { url } = await test.store().presignGet(test.bucket(), test.key('a'), { expiresIn: 60 });
      const changed = url.replace(
        /(Signature=)(.)/,
        (_, name, digit) => `${name}${digit === '0' ? '1' : '0'}`,
      );
      expect(changed).not.toBe(url);
      expect((await fetch(changed)).status).toBe(403);
    });

    it('answer 403 when key or method is another', async (context) => {
      test.needs(context, 'checked links');
      await test.put('key-one');
      await test.put('key-two');
      const { url } = await test.store().presignGet(test.bucket(), test.key('key-one'), { expiresIn: 60 });
      expect((await fetch(url.replace('key-one', 'key-two'))).status).toBe(403);
      expect((await fetch(url, { method: 'PUT', body: 'overwritten' })).status).toBe(403);
      expect(await test.read('key-one')).toBe('key-one');
    });

    it('answer 403 once they have expired', async (context) => {
      test.needs(context, 'checked links');
      await test.put('a');
      const { url } = await test.store().presignGet(test.bucket(), test.key('a'), { expiresIn: 1 });
      await expect.poll(async () => (await fetch(url)).status, { timeout: 10_000, interval: 200 }).toBe(403);
    });

    it('work for a second at least and for seven days at most', async () => {
      for (const expiresIn of [0, -1, 1.5, 604_801, Number.NaN]) {
        await expectCode(test.store().presignGet(test.bucket(), 'a', { expiresIn }), 'CONFIG_INVALID');
        await expectCode(test.store().presignPut(test.bucket(), 'a', { expiresIn }), 'CONFIG_INVALID');
      }
      await test.store().presignGet(test.bucket(), 'a', { expiresIn: 604_800 });
    });

    it('can make the reply a download with any name', async () => {
      await test.put('a');
      const name = 'Füße "1"; 100%.png';
      const { url } = await test
        .store()
        .presignGet(test.bucket(), test.key('a'), { expiresIn: 60, downloadName: name });
      const disposition = (await fetch(url)).headers.get('content-disposition') ?? '';
      expect(disposition).toMatch(/^attachment;/);
      const encoded = /filename\*=UTF-8''([^;]+)$/i.exec(disposition)?.[1] ?? '';
      expect(decodeURIComponent(encoded)).toBe(name);
    });

    it('keep uploads to the content type', async (context) => {
      test.needs(context, 'contentType of upload links');
      const key = test.key('a');
      const link = await test
        .store()
        .presignPut(test.bucket(), key, { expiresIn: 60, contentType: 'image/png' });
      const upload = (headers: Record<string, string>) =>
        fetch(link.url, { method: 'PUT', body: Buffer.from('png'), headers });
      expect((await upload({ 'content-type': 'text/html' })).status).toBe(403);
      expect(await test.head('a')).toBeUndefined();
      expect((await upload(link.headers)).ok).toBe(true);
      expect(await test.head('a')).toMatchObject({ contentType: 'image/png' });
    });

    it('keep uploads to the size', async (context) => {
      test.needs(context, 'maxBytes of upload links');
      const { url, headers } = await test
        .store()
        .presignPut(test.bucket(), test.key('a'), { expiresIn: 60, maxBytes: 10 });
      const upload = (body: string) => fetch(url, { method: 'PUT', body, headers });
      expect((await upload('12345678901')).ok).toBe(false);
      expect(await test.head('a')).toBeUndefined();
      expect((await upload('1234567890')).ok).toBe(true);
      expect(await test.head('a')).toMatchObject({ size: 10 });
    });
  });
}
