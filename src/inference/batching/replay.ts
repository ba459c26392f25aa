/** Start once `target` pictures wait, or the oldest of them has waited `waitMs`. */
export interface WaitRule {
  readonly waitMs: number;
  readonly target: number;
}

/** What a replay knows of the device. */
export interface Device {
  /** Workers that serve at the same time. */
  readonly servers: number;
  /** Pictures of the next batch when so many wait. */
  readonly sizeOf: (waiting: number) => number;
  /** Milliseconds of a batch. */
  readonly costOf: (size: number) => number;
}

/**
 * What latency each of these arrivals (milliseconds, ascending) would have had under a rule, oldest first served.
 */
export function replay(arrivals: readonly number[], rule: WaitRule, device: Device): Float64Array {
  const count = arrivals.length;
  const latencies = new Float64Array(count);
  const freeAt = new Float64Array(device.servers).fill(Number.NEGATIVE_INFINITY);
  let seen = 0;
  for (let first = 0; first < count; ) {
    const server = freeAt.indexOf(Math.min(...freeAt));
    const expiry = (arrivals[first] ?? 0) + rule.waitMs;
    const complete = arrivals[first + rule.target - 1] ?? Number.POSITIVE_INFINITY;
    const start = Math.max(freeAt[server] ?? 0, Math.min(expiry, complete));
    while (seen < count && (arrivals[seen] ?? 0) <= start) seen += 1;
    const size = device.sizeOf(seen - first);
    const end = start + device.costOf(size);
    for (let index = first; index < first + size; index += 1) latencies[index] = end - (arrivals[index] ?? 0);
    freeAt[server] = end;
    first += size;
  }
  return latencies;
}

/** From the 90th to the 99th of a hundred. */
const TAIL = { from: 0.9, to: 0.99 };

/** The mean of the slow latencies around the 95th percentile: it jumps less from window to window than that alone. */
export function tailOf(latencies: Float64Array): number {
  const sorted = latencies.toSorted();
  const tail = sorted.subarray(Math.floor(TAIL.from * sorted.length), Math.ceil(TAIL.to * sorted.length));
  return tail.reduce((sum, latency) => sum + latency, 0) / Math.max(1, tail.length);
}
