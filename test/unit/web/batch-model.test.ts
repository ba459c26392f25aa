import { describe, expect, it } from 'vitest';
import {
  countsOf,
  isSettled,
  knownBatch,
  learn,
  newBatch,
  shareDone,
  stageOf,
} from '../../../web/ui/batch-model.js';
import type { ApiFile, FileState } from '../../../web/ui/contract.js';
import { Failure } from '../../../web/ui/failure.js';

const link = { method: 'PUT', url: 'http://bucket/a', headers: {}, expiresAt: '2030-01-01T00:00:00Z' };
const remote = (key: string, state: FileState): ApiFile => ({ key, name: key, state });
const sending = { phase: 'sending', fraction: 0.5 } as const;
const refused = { phase: 'refused', failure: new Failure('m', 'r') } as const;

describe('a batch that was just made', () => {
  it('pairs files and links by their order', () => {
    const files = [new File(['1'], 'same.jpg'), new File(['2'], 'same.jpg')];
    const issued = {
      batch: 'b',
      files: ['k1', 'k2'].map((key) => ({ name: 'same.jpg', key, upload: link })),
    };
    const batch = newBatch(issued, files, { crop: 'true' });
    expect([...batch.items.values()].map(({ key, file }) => [key, file])).toEqual([
      ['k1', files[0]],
      ['k2', files[1]],
    ]);
    expect(batch.options).toEqual({ crop: 'true' });
    expect(isSettled(batch)).toBe(false);
  });
});

describe('the stage of a picture', () => {
  const item = { key: 'k', name: 'k' };

  it.each([
    [
      'what the upload says until the service knows of it',
      { upload: sending, remote: remote('k', 'waiting') },
      'sending',
    ],
    [
      'in the queue once it is sent',
      { upload: { phase: 'sent' }, remote: remote('k', 'waiting') },
      'pending',
    ],
    [
      'what the service says after that',
      { upload: { phase: 'sent' }, remote: remote('k', 'processing') },
      'processing',
    ],
    [
      'what the service says where the answer to the upload was lost',
      { upload: refused, remote: remote('k', 'done') },
      'done',
    ],
    ['absent where nobody here uploads it', { remote: remote('k', 'waiting') }, 'absent'],
  ] as const)('is %s', (_title, known, stage) => {
    expect(stageOf({ ...item, ...known })).toBe(stage);
  });
});

describe('a batch of an earlier visit', () => {
  const told = {
    id: 'b',
    createdAt: '2026-01-01T00:00:00Z',
    state: 'working' as const,
    files: [
      remote('k1', 'waiting'),
      remote('k2', 'processing'),
      remote('k3', 'done'),
      remote('k4', 'failed'),
    ],
  };

  it('is counted', () => {
    const counts = { total: 4, done: 1, failed: 1, uploading: 0, lost: 1, working: 1 };
    expect(countsOf(knownBatch(told))).toEqual(counts);
  });

  it('is settled when nothing moves any more', () => {
    const batch = knownBatch(told);
    expect(isSettled(batch)).toBe(false);
    learn(batch, remote('k2', 'done'));
    expect(isSettled(batch)).toBe(false);
    const first = learn(batch, remote('k1', 'waiting'));
    first.upload = { phase: 'cancelled' };
    expect(isSettled(batch)).toBe(true);
  });

  it('moves forward as its pictures do', () => {
    const batch = knownBatch(told);
    expect(shareDone(batch)).toBe((0 + 0.5 + 1 + 1) / 4);
    learn(batch, remote('k1', 'waiting')).upload = sending;
    expect(shareDone(batch)).toBe((0.25 + 0.5 + 1 + 1) / 4);
    expect(shareDone({ ...batch, items: new Map() })).toBe(1);
  });

  it('takes in files that it did not know of', () => {
    const batch = knownBatch(told);
    learn(batch, remote('k5', 'pending'));
    expect([...batch.items.keys()]).toEqual(['k1', 'k2', 'k3', 'k4', 'k5']);
  });
});
