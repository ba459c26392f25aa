import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLinkSigner } from '../../../src/server/links.js';

const NOW = Date.UTC(2030, 0, 1);
const options = { secret: Buffer.alloc(32, 7), publicUrl: 'https://example.com/base', now: () => NOW };
const signer = createLinkSigner(options);

function targetOf(link: { url: string }): string {
  return link.url.slice('https://example.com/base'.length);
}

function verify(url: string, method = 'GET', now = NOW) {
  return createLinkSigner({ ...options, now: () => now }).verify({ method, url });
}

const INVALID = expect.objectContaining({ code: 'LINK_INVALID' });

describe('links', () => {
  it('have the form that is documented', () => {
    const { url, expiresAt } = signer.presignGet('results', 'a b/ä+1.png', { expiresIn: 60 });
    expect(url).toMatch(
      /^https:\/\/example\.com\/base\/results\/a%20b\/%C3%A4%2B1\.png\?X-Clearcut-Expires=1893456060&X-Clearcut-Signature=[0-9a-f]{64}$/,
    );
    expect(expiresAt).toEqual(new Date(NOW + 60_000));
  });

  it('give back the object and what was allowed', () => {
    const get = signer.presignGet('results', 'a.png', { expiresIn: 60, downloadName: 'ü.png' });
    expect(verify(targetOf(get))).toEqual({
      bucket: 'results',
      key: 'a.png',
      contentDisposition: `attachment; filename="_.png"; filename*=UTF-8''%C3%BC.png`,
    });
    const put = signer.presignPut('uploads', 'a.png', {
      expiresIn: 60,
      contentType: 'image/png',
      maxBytes: 5,
    });
    expect(verify(targetOf(put), 'PUT')).toEqual({
      bucket: 'uploads',
      key: 'a.png',
      contentType: 'image/png',
      maxBytes: 5,
    });
  });

  it('bring back every key exactly', () => {
    const segment = fc
      .oneof(
        fc.string({ unit: 'binary', maxLength: 6 }),
        fc
          .array(
            fc.constantFrom('%', '%2F', '+', '?', '#', '&', '=', '"', "'", '\\', ' ', '..', '//', '🦊', '\0'),
          )
          .map((all) => all.join('')),
      )
      .filter((text) => text.split('/').every((part) => part !== '.' && part !== '..'));
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const key = segments.join('/');
        // Through a URL parser, as every client sends it.
        const url = new URL(signer.presignGet('results', key, { expiresIn: 60 }).url);
        const target = `${url.pathname}${url.search}`.slice('/base'.length);
        expect(verify(target)).toEqual({ bucket: 'results', key });
      }),
      { numRuns: 1000, seed: 1 },
    );
  });

  it('work to the last second and not longer', () => {
    const url = targetOf(signer.presignGet('results', 'a', { expiresIn: 60 }));
    expect(verify(url, 'GET', NOW + 59_999).key).toBe('a');
    expect(() => verify(url, 'GET', NOW + 60_000)).toThrow(expect.objectContaining({ code: 'LINK_EXPIRED' }));
  });

  it('let HEAD through where GET is allowed, and nothing else', () => {
    const get = targetOf(signer.presignGet('results', 'a', { expiresIn: 60 }));
    const put = targetOf(signer.presignPut('results', 'a', { expiresIn: 60 }));
    expect(verify(get, 'HEAD').key).toBe('a');
    expect(() => verify(get, 'PUT')).toThrow(INVALID);
    expect(() => verify(put, 'GET')).toThrow(INVALID);
    expect(() => verify(put, 'HEAD')).toThrow(INVALID);
  });

  const get = targetOf(
    signer.presignGet('results', 'folder/a.png', { expiresIn: 60, downloadName: 'name.png' }),
  );
  it.each([
    ['a later expiry', get.replace('1893456060', '1893459999')],
    ['another spelling of the expiry', get.replace('1893456060', '01893456060')],
    ['another key', get.replace('a.png?', 'b.png?')],
    ['another bucket', get.replace('/results/', '/uploads/')],
    ['the border of bucket and key moved', get.replace('/results/folder/', '/results%2Ffolder/')],
    ['a doubled slash', get.replace('folder/', 'folder//')],
    ['another download name', get.replaceAll('name.png', 'virus.exe')],
    ['no download name', get.replace(/response-content-disposition=[^&]*&/, '')],
    ['no expiry', get.replace(/X-Clearcut-Expires=[^&]*&/, '')],
    ['no signature', get.replace(/&X-Clearcut-Signature=.*/, '')],
    ['a short signature', get.slice(0, -1)],
    ['a long signature', `${get}0`],
    ['no query', get.replace(/\?.*/, '')],
    ['a parameter more', `${get}&x=1`],
    ['a parameter of the other method', `${get}&X-Clearcut-Max-Bytes=1`],
    ['a parameter twice', `${get}&X-Clearcut-Expires=1893459999`],
    ['broken percent-encoding', get.replace('a.png?', '%E0%A4%A.png?')],
    ['nothing', ''],
    ['a whole URL', `http://localhost${get}`],
  ])('with %s are refused', (_what, url) => {
    expect(verify(get).key).toBe('folder/a.png');
    expect(() => verify(url)).toThrow(INVALID);
  });

  it('of another secret are refused', () => {
    const other = createLinkSigner({ ...options, secret: Buffer.alloc(32, 8) });
    expect(() => verify(targetOf(other.presignGet('results', 'a', { expiresIn: 60 })))).toThrow(INVALID);
  });

  it('cannot carry a header of their own in a download name', () => {
    const name = 'a"\r\nSet-Cookie: x=1\r\n\ud800;%0d%0a.png';
    const { contentDisposition } = verify(
      targetOf(signer.presignGet('b-1', 'a', { expiresIn: 1, downloadName: name })),
    );
    expect(contentDisposition).toMatch(
      /^attachment; filename="[^"\\%\r\n]*"; filename\*=UTF-8''[A-Za-z0-9%._~-]+$/,
    );
  });

  it.each(['.', '..', 'a/../b', './a', 'a/\ud800'])('are not made for the key %j', (key) => {
    expect(() => signer.presignGet('results', key, { expiresIn: 60 })).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID' }),
    );
  });
});
