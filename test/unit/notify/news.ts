import type { News } from '../../../src/pipeline/outcome-listener.js';

/** News of a result of this version of `a.png`. */
export function resultNews(etag = 'e1', key = 'a.png'): News {
  return {
    kind: 'result',
    record: {
      status: 'done',
      source: { bucket: 'uploads', key, etag, size: 3, format: 'png', width: 2, height: 2 },
      output: {
        kind: 'cutout',
        bucket: 'results',
        key: `cutouts/${key}.cutout.png`,
        etag: 'o1',
        contentType: 'image/png',
        size: 4,
        width: 2,
        height: 2,
      },
      link: { url: 'http://localhost/x', expiresAt: '2026-01-02T00:00:00.000Z' },
      options: {},
      verdict: { subject: true, confidence: 0.9, share: 0.5, box: { left: 0, top: 0, width: 2, height: 1 } },
      matte: { coverage: 0.5 },
      model: { id: 'tiny', variant: 'fp32', side: 64, device: 'cpu' },
      attempts: 1,
      timings: { total: 5 },
      finishedAt: '2026-01-01T00:00:00.000Z',
    },
  };
}

export function deadLetterNews(etag = 'e1', key = 'a.png'): News {
  return {
    kind: 'dead-letter',
    deadLetter: {
      status: 'dead',
      source: { bucket: 'uploads', key, etag, size: 3 },
      error: { code: 'IMAGE_CORRUPT', message: 'damaged', remedy: 'upload again' },
      attempts: 1,
      finishedAt: '2026-01-01T00:00:00.000Z',
    },
  };
}
