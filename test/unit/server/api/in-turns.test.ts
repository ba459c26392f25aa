import { expect, it } from 'vitest';
import { inTurns } from '../../../../src/server/api/in-turns.js';

it('keeps the order, and lets others have their turn in between', async () => {
  const items = Array.from({ length: 101 }, (_, at) => at);
  let turns = 0;
  const count = () => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  const results = await inTurns(items, async (item, at) => [item, at]);
  clearImmediate(next);
  expect(results).toEqual(items.map((item) => [item, item]));
  expect(turns).toBeGreaterThanOrEqual(5);
  expect(await inTurns([], async () => 1)).toEqual([]);
});

it('fails as its work does', async () => {
  const failing = inTurns([1, 2, 3], async (item) => {
    if (item === 2) throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
});
