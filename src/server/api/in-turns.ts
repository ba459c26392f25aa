import { setImmediate as nextTurn } from 'node:timers/promises';

/** Items worked on before others have their turn: with links of S3, some 25 ms. */
const AT_ONCE = 20;

/**
 * What `work` makes of each item, in their order. The event loop goes round between some and the next: signing a
 * thousand links takes a second or two of nothing but computing, for which no other caller should have to wait.
 */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item, at: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE) {
    if (from > 0) await nextTurn();
    const part = items.slice(from, from + AT_ONCE);
    results.push(...(await Promise.all(part.map((item, at) => work(item, from + at)))));
  }
  return results;
}
