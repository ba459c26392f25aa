/** Who goes first: a person who waits for a page before a bucket that is worked through. */
export const PRIORITIES = ['interactive', 'bulk'] as const;
export type Priority = (typeof PRIORITIES)[number];

export interface Waiting<Item> {
  readonly item: Item;
  readonly priority: Priority;
  /** When it came, in milliseconds on the caller's monotonic clock. */
  readonly since: number;
  /** When it should be finished, on the same clock. */
  readonly deadline: number;
}

/**
 * A waiting line with two priorities, each first come, first served. Interactive items go before bulk ones until a
 * bulk item has waited `ageingMs` longer: an endless stream of the first never starves the second.
 */
export class PriorityLine<Item> {
  readonly #lines: Record<Priority, Waiting<Item>[]> = { interactive: [], bulk: [] };
  readonly #ageingMs: number;

  constructor(ageingMs: number) {
    this.#ageingMs = ageingMs;
  }

  get length(): number {
    return this.#lines.interactive.length + this.#lines.bulk.length;
  }

  push(entry: Waiting<Item>): void {
    this.#lines[entry.priority].push(entry);
  }

  /** The next one, taken out; undefined when nobody waits. */
  shift(): Waiting<Item> | undefined {
    const [interactive] = this.#lines.interactive;
    const [bulk] = this.#lines.bulk;
    if (interactive === undefined) return this.#lines.bulk.shift();
    if (bulk === undefined || interactive.since <= bulk.since + this.#ageingMs) {
      return this.#lines.interactive.shift();
    }
    return this.#lines.bulk.shift();
  }

  /** Everybody, taken out in order. */
  drain(): Waiting<Item>[] {
    const all: Waiting<Item>[] = [];
    for (let entry = this.shift(); entry !== undefined; entry = this.shift()) all.push(entry);
    return all;
  }

  /** Everybody, in no particular order. */
  *[Symbol.iterator](): Generator<Waiting<Item>> {
    yield* this.#lines.interactive;
    yield* this.#lines.bulk;
  }
}
