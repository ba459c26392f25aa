import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBatcher } from '../../../src/inference/batcher.js';

describe('batcher', () => {
  it('hands out a single waiting picture at once instead of waiting for a full batch', () => {
    const batcher = createBatcher<string>(8);
    batcher.add('only');
    expect(batcher.take()).toEqual(['only']);
    expect(batcher.waiting).toBe(0);
  });

  it('hands out the largest batch available, oldest first, and keeps the rest', () => {
    const batcher = createBatcher<number>(3);
    for (const item of [1, 2, 3, 4, 5]) batcher.add(item);
    expect(batcher.take()).toEqual([1, 2, 3]);
    expect(batcher.waiting).toBe(2);
    expect(batcher.take()).toEqual([4, 5]);
  });

  it('gives nothing when nothing waits', () => {
    expect(createBatcher(4).take()).toEqual([]);
  });

  it('goes on after it was drained', () => {
    const batcher = createBatcher<number>(2);
    batcher.add(1);
    expect(batcher.drain()).toEqual([1]);
    expect(batcher.waiting).toBe(0);
    batcher.add(2);
    expect(batcher.take()).toEqual([2]);
  });

  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant('add' as const) },
    { weight: 2, arbitrary: fc.constant('take' as const) },
    { weight: 1, arbitrary: fc.constant('drain' as const) },
  );

  it('loses nothing, gives nothing twice, keeps the order and fills batches, whatever the sequence', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 200 }), (maxBatch, steps) => {
        const batcher = createBatcher<number>(maxBatch);
        const out: number[] = [];
        let added = 0;
        for (const action of steps) {
          const before = batcher.waiting;
          if (action === 'add') batcher.add(added++);
          else if (action === 'drain') out.push(...batcher.drain());
          else {
            const batch = batcher.take();
            expect(batch).toHaveLength(Math.min(before, maxBatch));
            out.push(...batch);
          }
          expect(batcher.waiting).toBe(added - out.length);
        }
        out.push(...batcher.drain());
        expect(out).toEqual(Array.from({ length: added }, (_, item) => item));
      }),
    );
  });
});
