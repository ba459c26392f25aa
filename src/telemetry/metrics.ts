import { collectDefaultMetrics, Registry } from 'prom-client';
import type { BatchReport } from '../inference/engine.js';
import type { Outcome } from '../pipeline/process-object.js';
import type { ServiceObserver } from '../pipeline/service.js';
import type { ObjectStore } from '../storage/object-store.js';
import { createInstruments } from './metrics/instruments.js';
import { meterStore } from './metrics/metered-store.js';
import { createWatcher, type Watched } from './metrics/watch.js';

export interface MetricsInfo {
  readonly version: string;
  readonly device: string;
  readonly model: string;
  readonly variant: string;
}

const OUTCOMES: ReadonlyArray<Outcome['kind']> = ['result', 'dead-letter', 'removed', 'skipped'];

/** The metrics of this process, in the format of Prometheus. */
export interface Metrics {
  readonly observer: ServiceObserver;
  readonly onBatch: (batch: BatchReport) => void;
  meterStore<Store extends ObjectStore>(store: Store, name: string): Store;
  /** What is looked at from now on; parts that were given before stay. */
  watch(parts: Watched): void;
  describe(info: MetricsInfo): void;
  readonly contentType: string;
  /** The text for `/metrics`. */
  render(): Promise<string>;
}

/** Each has a registry of its own, so that a process may have several. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const instruments = createInstruments(registry);
  // What the process itself takes: CPU, memory, garbage, delay of the event loop.
  collectDefaultMetrics({ register: registry });
  // A counter that appears with its first count hides that count from rates.
  for (const kind of OUTCOMES) instruments.outcomes.inc({ kind }, 0);
  let watched: Watched = {};
  const look = createWatcher(instruments, () => watched);

  function ended(outcome: Outcome, source: string): void {
    instruments.outcomes.inc({ kind: outcome.kind });
    const isNew = outcome.kind === 'result' || outcome.kind === 'dead-letter';
    if (isNew && source === 'sweep') instruments.foundBySweep.inc();
    if (outcome.kind === 'dead-letter') instruments.deadLetters.inc({ code: outcome.deadLetter.error.code });
    if (outcome.kind !== 'result') return;
    for (const [stage, ms] of Object.entries(outcome.record.timings)) {
      if (stage === 'total') instruments.imageDuration.observe(ms / 1000);
      else instruments.stageDuration.observe({ stage }, ms / 1000);
    }
  }

  return {
    observer: { ended, retried: (code) => instruments.retries.inc({ code }) },
    onBatch({ size, durationMs }) {
      instruments.batchSize.observe(size);
      instruments.batchDuration.observe(durationMs / 1000);
    },
    meterStore: (store, name) => meterStore(store, name, instruments),
    watch(parts) {
      watched = { ...watched, ...parts };
    },
    describe: ({ version, device, model, variant }) =>
      instruments.info.set({ version, device, model, variant }, 1),
    contentType: registry.contentType,
    async render() {
      await look();
      return registry.metrics();
    },
  };
}
