import { problem } from '../../problem.js';

/** Examples of one operation, by its id. */
export interface OperationExamples {
  /** By the names of parameters. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Body of the request, where it is JSON. */
  readonly request?: unknown;
  /** Body of the answer to a request that succeeds, where it is JSON. */
  readonly response?: unknown;
}

const KEY = 'requests/m3qk7xv2c5yd6ahznt4bjw5lre.jpg';

const BATCH = 'q7m2dk4xv5c3yh6tanzbjw5lre';
const FILE = { key: `batches/${BATCH}/0001-chair.jpg`, name: 'Chair.jpg' };
const VERSION = 'Zs0rZJqtC2uXH8i6bV1kOg';

const DONE = {
  ...FILE,
  state: 'done',
  size: 18_244,
  uploadedAt: '2026-03-01T12:00:00.000Z',
  source: link(`uploads/${FILE.key}`),
  result: {
    ...link(`results/cutouts/${FILE.key}.cutout.png`),
    contentType: 'image/png',
    size: 90_112,
    width: 1200,
    height: 800,
    kind: 'cutout',
    box: { left: 310, top: 95, width: 540, height: 640 },
    verdict: {
      subject: true,
      confidence: 0.98,
      share: 0.31,
      box: { left: 310, top: 95, width: 540, height: 640 },
    },
  },
};

export const EXAMPLES: Readonly<Record<string, OperationExamples>> = {
  createUploads: {
    request: { files: [{ name: FILE.name, size: 18_244, type: 'image/jpeg', options: { crop: true } }] },
    response: {
      batch: BATCH,
      files: [
        {
          ...FILE,
          upload: {
            method: 'PUT',
            headers: { 'content-type': 'image/jpeg' },
            ...link(`uploads/${FILE.key}`),
          },
        },
      ],
    },
  },
  getBatch: {
    parameters: { id: BATCH, wait: 30, since: VERSION },
    response: {
      id: BATCH,
      createdAt: '2026-03-01T11:59:58.000Z',
      state: 'finished',
      counts: { total: 1, waiting: 0, pending: 0, processing: 0, done: 1, failed: 0 },
      version: VERSION,
      files: [DONE],
    },
  },
  streamBatch: { parameters: { id: BATCH } },
  zipBatch: { parameters: { id: BATCH } },
  streamObject: { parameters: { key: FILE.key } },
  createLink: {
    request: { key: FILE.key, kind: 'result', expiresIn: 3_600 },
    response: link(`results/cutouts/${FILE.key}.cutout.png`),
  },
  removeBackground: {
    parameters: { prefer: 'wait=10', format: 'webp', 'bg-color': '81d4fa' },
    response: { key: KEY, state: 'processing' },
  },
  getObject: {
    parameters: { key: KEY, wait: 30, since: VERSION },
    response: {
      version: VERSION,
      key: KEY,
      name: 'm3qk7xv2c5yd6ahznt4bjw5lre.jpg',
      state: 'failed',
      size: 18_244,
      uploadedAt: '2026-03-01T12:00:00.000Z',
      source: link(`uploads/${KEY}`),
      error: {
        code: 'IMAGE_CORRUPT',
        message: 'The picture ends early.',
        remedy: 'The file is damaged or incomplete: upload it again.',
      },
    },
  },
  listDeadLetters: {
    parameters: { limit: 100, cursor: 'c2hvcC9jaGFpci5qcGcuanNvbg' },
    response: {
      items: [
        {
          key: 'shop/chair.jpg',
          etag: '9b2cf535f27731c974343645a3985328',
          error: {
            code: 'IMAGE_CORRUPT',
            message: 'The picture ends early.',
            remedy: 'The file is damaged or incomplete: upload it again.',
          },
          attempts: 1,
          finishedAt: '2026-03-01T12:00:03.000Z',
        },
      ],
      next: 'c2hvcC9jaGFpci5qcGcuanNvbg',
    },
  },
  redriveDeadLetters: {
    request: { keys: ['shop/chair.jpg'] },
    response: { redriven: 1, gone: 0, notDead: [] },
  },
};

/** What a problem of this status may look like. */
export function problemExample(status: number): unknown {
  const [code, detail, remedy] = PROBLEMS[status] ?? [
    'INTERNAL',
    'The request could not be served.',
    'The log of the service says why.',
  ];
  return problem(status, code, detail, remedy);
}

const PROBLEMS: Readonly<Record<number, readonly [code: string, detail: string, remedy: string]>> = {
  400: ['OPTIONS_INVALID', 'The options are wrong: colour: there is no such option.', 'Correct the options.'],
  401: ['TOKEN_INVALID', 'The token is missing or wrong.', 'Send "Authorization: Bearer SECRET".'],
  403: ['SCOPE_MISSING', 'This needs a token with the scope upload.', 'Use a token that has the scope.'],
  404: ['OBJECT_NOT_FOUND', 'There is no such upload.', 'Check the bucket and the key.'],
  413: [
    'IMAGE_TOO_MANY_BYTES',
    'The object has more than the 67,108,864 bytes allowed.',
    'Upload a smaller file.',
  ],
  415: [
    'MEDIA_TYPE_UNSUPPORTED',
    'The body has a type that is not taken here.',
    'Send the content type that docs/api.md names.',
  ],
  422: ['IMAGE_CORRUPT', 'The picture ends early.', 'The file is damaged or incomplete: upload it again.'],
  429: ['RATE_LIMITED', 'Too many requests; the next one is taken in 12 seconds.', 'Send fewer requests.'],
  503: [
    'STORE_UNAVAILABLE',
    'The object store does not serve us now.',
    'Try again later; the log of the service says why.',
  ],
};

function link(path: string): { url: string; expiresAt: string } {
  return {
    url: `https://pictures.example/${path}?X-Clearcut-Expires=1772368200&X-Clearcut-Signature=5f2b`,
    expiresAt: '2026-03-01T12:30:00.000Z',
  };
}
