import type { Counter } from 'prom-client';
import type { Backlog, EventSource } from '../../events/event-source.js';
import type { EngineStats } from '../../inference/engine.js';
import type { NotifierCounts } from '../../notify/notifier.js';
import type { Admission } from '../../pipeline/admission.js';
import { type GpuUsage, readGpus } from './gpu.js';
import type { Instruments } from './instruments.js';

/** What is looked at whenever somebody asks for the metrics; what is not there yet is left out. */
export interface Watched {
  readonly service?: (() => { readonly inFlight: number; readonly isReady: boolean }) | undefined;
  /** Deliveries that may be worked on at once. */
  readonly concurrency?: number | undefined;
  readonly engine?: (() => EngineStats) | undefined;
  readonly admission?: Admission | undefined;
  readonly sources?: readonly EventSource[] | undefined;
  readonly notifier?: (() => NotifierCounts) | undefined;
  /** Default: nvidia-smi is asked. */
  readonly gpus?: typeof readGpus;
}

/** Milliseconds that an answer stands for, however often somebody asks: of nvidia-smi, and of a source (a server). */
const FRESH = { gpus: 15_000, source: 2_000 };
/** Milliseconds that a source may take to tell what waits in it. */
const PATIENCE = 3_000;

/** Returns what brings the instruments up to date with what is watched. Never rejects. */
export function createWatcher(instruments: Instruments, watched: () => Watched): () => Promise<void> {
  const backlogs = new Map<EventSource, () => Promise<Backlog | undefined>>();
  const gpus = seldom(
    FRESH.gpus,
    readingGpus(() => watched().gpus ?? readGpus),
  );

  async function watchSources(sources: readonly EventSource[]): Promise<void> {
    instruments.sourceWaiting.reset();
    instruments.sourceOldest.reset();
    await Promise.all(
      sources.map(async (source) => {
        const look = backlogs.get(source) ?? seldom(FRESH.source, () => patient(source.backlog?.()));
        backlogs.set(source, look);
        const backlog = await look();
        if (backlog === undefined) return;
        instruments.sourceWaiting.set({ source: source.name }, backlog.waiting);
        if (backlog.oldestMs !== undefined)
          instruments.sourceOldest.set({ source: source.name }, backlog.oldestMs / 1000);
      }),
    );
  }

  async function watchGpus(): Promise<void> {
    const found = await gpus();
    for (const gauge of [instruments.gpuUtilization, instruments.gpuMemoryUsed, instruments.gpuMemoryTotal])
      gauge.reset();
    for (const { gpu, utilization, memoryUsed, memoryTotal } of found ?? []) {
      if (utilization !== undefined) instruments.gpuUtilization.set({ gpu }, utilization);
      if (memoryUsed !== undefined) instruments.gpuMemoryUsed.set({ gpu }, memoryUsed);
      if (memoryTotal !== undefined) instruments.gpuMemoryTotal.set({ gpu }, memoryTotal);
    }
  }

  return async () => {
    const { service, concurrency, engine, admission, sources = [], notifier } = watched();
    const state = service?.();
    instruments.ready.set(state?.isReady === true ? 1 : 0);
    instruments.inFlight.set(state?.inFlight ?? 0);
    if (concurrency !== undefined) instruments.inFlightLimit.set(concurrency);
    if (admission !== undefined) watchMemory(instruments, admission);
    if (engine !== undefined) {
      const { waiting, restarts } = engine();
      instruments.inferenceWaiting.set(waiting);
      setCounter(instruments.workerRestarts, {}, restarts);
    }
    if (notifier !== undefined) watchNotifier(instruments, notifier());
    await Promise.all([watchSources(sources), watchGpus()]);
  };
}

function watchMemory({ memoryUsed, memoryLimit }: Instruments, admission: Admission): void {
  for (const [share, { used, total }] of Object.entries(admission.usage())) {
    memoryUsed.set({ share }, used);
    memoryLimit.set({ share }, total);
  }
}

function watchNotifier(instruments: Instruments, { inFlight, waiting, targets }: NotifierCounts): void {
  instruments.notificationsInFlight.set(inFlight);
  for (const [target, count] of waiting) instruments.notificationsWaiting.set({ target }, count);
  instruments.notifications.reset();
  for (const [target, { sent, failed, givenUp, dropped }] of targets) {
    const counts = { sent, failed, given_up: givenUp, dropped };
    for (const [result, count] of Object.entries(counts))
      instruments.notifications.inc({ target, result }, count);
  }
}

/** Others do the counting. */
function setCounter<Label extends string>(
  counter: Counter<Label>,
  labels: Partial<Record<Label, string>>,
  value: number,
): void {
  counter.reset();
  counter.inc(labels, value);
}

/** Asks no more where there is no such program. */
function readingGpus(reader: () => typeof readGpus): () => Promise<readonly GpuUsage[] | undefined> {
  let isAbsent = false;
  return async () => {
    if (isAbsent) return undefined;
    const found = await reader()();
    isAbsent = found === 'no such program';
    return found === 'no such program' ? undefined : found;
  };
}

/** The same, asked once within these milliseconds. */
function seldom<Result>(
  freshMs: number,
  ask: () => Promise<Result | undefined>,
): () => Promise<Result | undefined> {
  let asked = Number.NEGATIVE_INFINITY;
  let answer: Promise<Result | undefined> = Promise.resolve(undefined);
  return () => {
    if (performance.now() - asked >= freshMs) {
      asked = performance.now();
      answer = ask().catch(() => undefined);
    }
    return answer;
  };
}

/** What the promise gives; undefined where it does not within PATIENCE. */
async function patient<Result>(promise: Promise<Result> | undefined): Promise<Result | undefined> {
  if (promise === undefined) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
