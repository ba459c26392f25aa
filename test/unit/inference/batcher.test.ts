import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AGEING, createBatcher, type Decision } from '../../../src/inference/batcher.js';
import type { CostLine } from '../../../src/inference/batching/cost-line.js';
import { PRIORITIES } from '../../../src/inference/batching/priority-line.js';

const CPU: CostLine = { perPictureMs: 170, fixedMs: 2 };
const GPU: CostLine = { perPictureMs: 4, fixedMs: 30 };

function itemsOf<Item>(decision: Decision<Item>): Item[] {
  return decision.kind === 'run' ? decision.items : [];
}

function create(options: Partial<Parameters<typeof createBatcher>[0]> = {}) {
  return createBatcher<number>({ maxBatch: 8, capacity: 1_000, ...options });
}

/** Shows a batcher three batches of each size. */
function teach(batcher: ReturnType<typeof create>, line: CostLine, sizes = [1, 2, 4, 8]): void {
  for (const size of sizes) {
    for (const _ of [1, 2, 3]) batcher.observe(size, line.perPictureMs * size + line.fixedMs);
  }
}

/** Groups of four that come within 3 ms, twice a second, each served as soon as the batcher lets it. */
function serveGroups(batcher: ReturnType<typeof create>, groups: number): number {
  let at = 0;
  for (let group = 0; group < groups; group += 1) {
    at += 500;
    for (const item of [0, 1, 2, 3]) batcher.add(item, at + item);
    while (batcher.waiting > 0) batcher.next(at + 200);
  }
  return at + 500;
}

describe('batcher before it knows what batches cost', () => {
  it('hands out a single picture at once', () => {
    const batcher = create();
    batcher.add(1, 0);
    expect(batcher.next(0)).toEqual({ kind: 'run', items: [1] });
    expect(batcher.next(0)).toEqual({ kind: 'idle' });
  });

  it('lets one picture in twenty wait for a second where one often follows soon, and only there', () => {
    for (const [gap, waits] of [
      [3, 2],
      [30, 0],
    ] as const) {
      const batcher = create();
      let seen = 0;
      for (let at = 0; at < 20_000; at += 500) {
        batcher.add(1, at);
        let decision = batcher.next(at);
        if (decision.kind === 'wait') {
          seen += 1;
          // Half of what a single picture takes.
          expect(decision.until).toBeCloseTo(at + 17, 6);
          decision = batcher.next(decision.until);
        }
        expect(decision.kind).toBe('run');
        batcher.observe(1, 34);
        batcher.add(1, at + gap, { priority: 'interactive' });
        batcher.next(at + gap, { isLast: true });
      }
      expect(seen).toBeGreaterThanOrEqual(waits);
      expect(seen).toBeLessThanOrEqual(5 * waits);
    }
  });

  it('hands out the largest batch available, oldest first, and keeps the rest', () => {
    const batcher = create({ maxBatch: 3 });
    for (const item of [1, 2, 3, 4, 5]) batcher.add(item, 0);
    expect(itemsOf(batcher.next(0))).toEqual([1, 2, 3]);
    expect(batcher.waiting).toBe(2);
    expect(itemsOf(batcher.next(0))).toEqual([4, 5]);
  });

  it('runs half batches once it has seen enough full ones: one size alone does not determine a line', () => {
    const batcher = create();
    teach(batcher, GPU, [8]);
    expect(batcher.line).toBeUndefined();
    for (let item = 0; item < 8; item += 1) batcher.add(item, 0);
    expect(itemsOf(batcher.next(0))).toHaveLength(4);
    teach(batcher, GPU, [4]);
    expect(batcher.line?.perPictureMs).toBeCloseTo(4, 5);
    expect(batcher.line?.fixedMs).toBeCloseTo(30, 5);
  });
});

describe('batcher where batches save nothing', () => {
  it.each([1, 2, 5, 8])('takes one picture where %i wait', (waiting) => {
    const batcher = create();
    teach(batcher, CPU);
    for (let item = 0; item < waiting; item += 1) batcher.add(item, 0);
    expect(itemsOf(batcher.next(0))).toEqual([0]);
  });

  it('uses the little that batches save once the line is long', () => {
    const batcher = create();
    teach(batcher, CPU);
    for (let item = 0; item < 200; item += 1) batcher.add(item, 0);
    expect(itemsOf(batcher.next(0)).length).toBeGreaterThan(4);
  });

  it('never waits, even for pictures that come in groups', () => {
    const batcher = create();
    teach(batcher, CPU);
    const now = serveGroups(batcher, 200);
    batcher.add(1, now);
    expect(batcher.next(now)).toEqual({ kind: 'run', items: [1] });
  });

  it('looks now and then whether that is still so', () => {
    const batcher = create();
    teach(batcher, CPU);
    const sizes: number[] = [];
    for (let batch = 0; batch < 100; batch += 1) {
      batcher.add(0, batch);
      while (batcher.waiting < 2) batcher.add(0, batch);
      sizes.push(itemsOf(batcher.next(batch)).length);
    }
    expect(sizes.filter((size) => size === 2)).toHaveLength(1);
    expect(sizes.filter((size) => size === 1)).toHaveLength(99);
  });
});

describe('batcher where batches save much', () => {
  it('takes all that wait', () => {
    const batcher = create();
    teach(batcher, GPU);
    for (let item = 0; item < 8; item += 1) batcher.add(item, 0);
    expect(itemsOf(batcher.next(0))).toHaveLength(8);
  });

  it('learns to wait for the rest of a group, until the last may have come', () => {
    const batcher = create();
    teach(batcher, GPU);
    const now = serveGroups(batcher, 50);
    batcher.add(1, now);
    const decision = batcher.next(now);
    if (decision.kind !== 'wait') throw new Error(`it does not wait: ${decision.kind}`);
    expect(decision.until - now).toBeGreaterThanOrEqual(2);
    expect(decision.until - now).toBeLessThanOrEqual(60);
    batcher.add(2, now + 1);
    expect(batcher.next(decision.until)).toEqual({ kind: 'run', items: [1, 2] });
  });

  it('does not wait for pictures that come one by one, far apart', () => {
    const batcher = create();
    teach(batcher, GPU);
    for (let item = 0; item < 200; item += 1) {
      batcher.add(item, item * 1_000);
      expect(batcher.next(item * 1_000).kind).toBe('run');
    }
  });

  it.each([
    ['the cap on waits is 0', { maxWaitMs: 0 }, {}, {}],
    ['the latency target leaves no time', { latencyTargetMs: 40 }, {}, {}],
    ['its deadline leaves no time', {}, { deadline: 25_500 + 40 }, {}],
    ['nothing more is going to come', {}, {}, { isLast: true }],
    ['the size of the batch is limited', {}, {}, { limit: 1 }],
  ])('does not wait where %s', (_, options, add, next) => {
    const batcher = create(options);
    teach(batcher, GPU);
    const now = serveGroups(batcher, 50);
    expect(now).toBe(25_500);
    batcher.add(1, now, add);
    expect(batcher.next(now, next)).toEqual({ kind: 'run', items: [1] });
  });

  it('waits as ever where the limit leaves room for more', () => {
    const batcher = create();
    teach(batcher, GPU);
    const now = serveGroups(batcher, 50);
    batcher.add(1, now);
    expect(batcher.next(now, { limit: 4 }).kind).toBe('wait');
  });

  it('holds a batch back no longer than the most urgent deadline in it allows', () => {
    const batcher = create();
    teach(batcher, GPU);
    const now = serveGroups(batcher, 50);
    batcher.add(1, now);
    // The four of a group take 46 ms.
    batcher.add(2, now, { deadline: now + 47 });
    const decision = batcher.next(now);
    expect(decision.kind).toBe('wait');
    expect(decision).toMatchObject({ until: expect.closeTo(now + 1, 6) });
  });

  it('counts the pictures that the device computes where it pads batches', () => {
    const bucketOf = (n: number) => 2 ** Math.ceil(Math.log2(n));
    const batcher = create({ bucketOf });
    for (const n of [1, 2, 3, 5]) for (const _ of [1, 2, 3]) batcher.observe(n, 10 * bucketOf(n) + 5);
    expect(batcher.line?.perPictureMs).toBeCloseTo(10, 5);
    expect(batcher.line?.fixedMs).toBeCloseTo(5, 5);
    // Five would be padded to eight: 85 ms for all, where four take 45 ms and the fifth 15 ms more.
    for (let item = 0; item < 5; item += 1) batcher.add(item, 0);
    expect(itemsOf(batcher.next(0))).toHaveLength(4);
  });
});

describe('priorities', () => {
  it('puts interactive pictures before bulk ones, first come first served among their own', () => {
    const batcher = create({ maxBatch: 1 });
    batcher.add(1, 0);
    batcher.add(2, 1);
    batcher.add(3, 2, { priority: 'interactive' });
    batcher.add(4, 3, { priority: 'interactive' });
    expect([1, 2, 3, 4].map(() => itemsOf(batcher.next(3))[0])).toEqual([3, 4, 1, 2]);
  });

  it('lets a bulk picture go first once it has waited long: it never starves', () => {
    const batcher = create({ maxBatch: 1 });
    batcher.add(0, 0);
    const served: (number | undefined)[] = [];
    for (let at = 1; at <= AGEING + 2; at += 1) {
      batcher.add(at, at, { priority: 'interactive' });
      served.push(itemsOf(batcher.next(at))[0]);
    }
    expect(served.indexOf(0)).toBe(AGEING);
  });
});

describe('batcher, whatever the sequence', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('add' as const),
        priority: fc.constantFrom(...PRIORITIES),
        allowance: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 200 })),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('next' as const),
        limit: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.integer({ min: 1, max: 3 })),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 60 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('drain' as const) }) },
  );
  const setting = fc.record({
    maxBatch: fc.constantFrom(1, 2, 5, 8, 9),
    capacity: fc.constantFrom(1, 3, 10, 40, 40),
    maxWaitMs: fc.constantFrom(0, 1, 3, 10, 40),
    latencyTargetMs: fc.constantFrom(10, 45, 60, 300),
    line: fc.constantFrom(CPU, GPU, GPU, undefined),
    steps: fc.array(step, { minLength: 20, maxLength: 300 }),
  });

  it('loses nothing, doubles nothing, keeps the order, and holds to its bounds', () => {
    let waits = 0;
    fc.assert(
      fc.property(setting, ({ line, steps, ...options }) => {
        const batcher = create(options);
        if (line !== undefined) teach(batcher, line);
        const { maxBatch, capacity, maxWaitMs, latencyTargetMs } = options;
        const taken = new Map<number, { priority: string; since: number; deadline: number }>();
        const out: number[] = [];
        let now = serveGroups(batcher, 12);
        let id = 0;
        for (const action of steps) {
          if (action.kind === 'pass') now += action.ms;
          if (action.kind === 'add') {
            const { priority } = action;
            const deadline = now + action.allowance;
            const isFull = batcher.waiting === capacity;
            expect(batcher.isFull).toBe(isFull);
            expect(batcher.add(id, now, { priority, deadline })).toBe(!isFull);
            if (!isFull) taken.set(id, { priority, since: now, deadline });
            id += 1;
          }
          if (action.kind === 'drain') out.push(...batcher.drain());
          if (action.kind === 'next') {
            const { limit } = action;
            const decision = batcher.next(now, limit === undefined ? {} : { limit });
            const inside = [...taken].filter(([item]) => !out.includes(item)).map(([, entry]) => entry);
            if (decision.kind === 'idle') expect(inside).toHaveLength(0);
            if (decision.kind === 'run') {
              expect(decision.items.length).toBeGreaterThan(0);
              expect(decision.items.length).toBeLessThanOrEqual(Math.min(limit ?? maxBatch, maxBatch));
              out.push(...decision.items);
            }
            if (decision.kind === 'wait') {
              waits += 1;
              expect(batcher.waiting).toBeLessThan(limit ?? maxBatch);
              expect(decision.until).toBeGreaterThan(now);
              for (const { since, deadline } of inside) {
                expect(decision.until).toBeLessThanOrEqual(since + maxWaitMs);
                expect(decision.until).toBeLessThan(since + latencyTargetMs);
                expect(decision.until).toBeLessThan(deadline);
              }
            }
          }
          expect(batcher.waiting).toBe(taken.size - out.length);
        }
        out.push(...batcher.drain());
        expect(out.toSorted((a, b) => a - b)).toEqual([...taken.keys()]);
        for (const priority of PRIORITIES) {
          const own = out.filter((item) => taken.get(item)?.priority === priority);
          expect(own).toEqual(own.toSorted((a, b) => a - b));
        }
      }),
      { numRuns: 400 },
    );
    // A check that the bounds on waits were put to the test at all.
    expect(waits).toBeGreaterThan(0);
  });
});
