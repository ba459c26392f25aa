import { describe, expect, it } from 'vitest';
import { faultOf, stateText } from '../../../web/ui/card-text.js';
import type { ApiFile, FileState } from '../../../web/ui/contract.js';
import { Failure } from '../../../web/ui/failure.js';

const item = { key: 'k', name: 'k.jpg' };
const remote = (state: FileState, more: Partial<ApiFile> = {}): ApiFile => ({
  key: 'k',
  name: 'k.jpg',
  state,
  ...more,
});
const result = {
  url: 'http://bucket/k',
  expiresAt: '2030-01-01T00:00:00Z',
  size: 2_500_000,
  width: 640,
  height: 480,
};

describe('the state on a card', () => {
  it('has the size of what is uploaded, then of what came of it', () => {
    const file = new File(['x'.repeat(1200)], 'k.jpg');
    expect(stateText({ ...item, file, upload: { phase: 'queued' } })).toBe('Waiting to upload · 1.2 kB');
    expect(stateText({ ...item, remote: remote('processing', { size: 5000 }) })).toBe(
      'Being cut out · 5.0 kB',
    );
    expect(stateText({ ...item, file, remote: remote('done', { result }) })).toBe(
      'Done · 640 × 480 · 2.5 MB',
    );
    expect(stateText({ ...item, remote: remote('done', { mask: result }) })).toBe(
      'Done · 640 × 480 · 2.5 MB',
    );
    expect(stateText({ ...item, remote: remote('waiting') })).toBe('Not uploaded yet');
  });
});

describe('the fault on a card', () => {
  it('is what the service says of a picture that failed', () => {
    const error = { code: 'IMAGE_CORRUPT', message: 'It is damaged.', remedy: 'Upload it again.' };
    expect(faultOf({ ...item, remote: remote('failed', { error }) })).toBe(error);
  });

  it('is what the bucket said of an upload, unless it arrived all the same', () => {
    const upload = { phase: 'refused', failure: new Failure('It broke off.', 'Try again.') } as const;
    expect(faultOf({ ...item, upload })).toMatchObject({ message: 'It broke off.', remedy: 'Try again.' });
    expect(faultOf({ ...item, upload, remote: remote('done', { result }) })).toBeUndefined();
  });

  it('tells of uploads that never came, and of pictures without a subject', () => {
    expect(faultOf({ ...item, remote: remote('waiting') })?.remedy).toContain('choose the file again');
    const empty = remote('done', { result: { ...result, verdict: { subject: false } } });
    expect(faultOf({ ...item, remote: empty })?.message).toContain('No clear subject');
    expect(faultOf({ ...item, remote: remote('pending') })).toBeUndefined();
  });
});
