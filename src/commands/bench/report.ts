import type { ResultRecord } from '../../pipeline/result-record.js';
import type { SessionLoopDone } from './bare.js';
import type { Driven } from './drive.js';
import type { Machine } from './machine.js';
import type { Failure, Outcomes } from './outcomes.js';
import type { PictureFacts } from './pictures.js';
import { costPerThousand, type Distribution, distributionOf } from './statistics.js';

/** How the run was set up. */
export interface Setup {
  readonly images: number;
  readonly warmup: number;
  /** Arrivals a second; 0 for all at once. */
  readonly rate: number;
  readonly seed: string;
  readonly store: string;
  readonly concurrency: number;
  readonly model: ResultRecord['model'];
  readonly workers: number;
  readonly threadsPerWorker: number;
  readonly maxBatch: number;
  readonly format: string;
  readonly outputMaxSide: number;
  /** Bytes that the pictures in flight may take. */
  readonly memoryBudget: number;
}

/** What `clearcut bench --json` writes. Times are milliseconds and sizes bytes, unless the name says otherwise. */
export interface BenchReport {
  readonly version: string;
  readonly finishedAt: string;
  readonly machine: Machine;
  readonly setup: Setup;
  readonly pictures: PictureFacts;
  readonly images: {
    readonly done: number;
    readonly failed: number;
    readonly retries: number;
    /** Mean share of the pictures that their subjects fill, 0..1. */
    readonly meanCoverage: number | undefined;
    /** Mean size of the cut-outs. */
    readonly meanOutputBytes: number | undefined;
    readonly failures: readonly Failure[];
  };
  readonly wallSeconds: number;
  readonly imagesPerSecond: number;
  /** From arrival to stored outcome. */
  readonly latency: Distribution | undefined;
  /**
   * By stage, as the records tell it, and what lies between: `queue` is what the latency is longer than the work, which
   * is the wait for a turn, the looks at the buckets and the storing of the record; `admit` the wait for memory.
   */
  readonly stages: Readonly<Record<string, Distribution>>;
  readonly inference: {
    readonly batches: number;
    readonly meanBatch: number;
    /** Of a worker, for one picture. */
    readonly perPicture: number;
    /** 0..1: the share of the time in which the workers had a batch. */
    readonly busy: number;
    readonly restarts: number;
  };
  readonly cpu: {
    readonly userSeconds: number;
    readonly systemSeconds: number;
    /** Cores kept busy, on average. */
    readonly coresUsed: number;
    /** 0..1: of all cores. */
    readonly share: number;
    readonly secondsPerImage: number;
  };
  readonly memory: {
    readonly budget: number;
    /** Resident before the first image came: the runtime and the model. */
    readonly before: number;
    /** Most that was resident while it was measured. */
    readonly peak: number;
    readonly growth: number;
    /** Most that was resident in the life of the process, as the system tells it. */
    readonly processPeak: number;
  };
  readonly eventLoop: {
    readonly delay: { readonly p50: number; readonly p99: number; readonly max: number };
    readonly utilization: number;
  };
  /** The model alone, half of it before and half after; where it was asked for. */
  readonly bare?: {
    readonly pictures: number;
    readonly imagesPerSecond: number;
    readonly cpuSecondsPerImage: number;
    /** Throughput of the pipeline as a share of this. */
    readonly ratio: number;
  };
  readonly cost?: { readonly pricePerHour: number; readonly perThousand: number };
}

export interface ReportParts {
  readonly version: string;
  readonly machine: Machine;
  readonly setup: Setup;
  readonly pictures: PictureFacts;
  readonly driven: Driven;
  readonly outcomes: Outcomes;
  readonly bare: readonly SessionLoopDone[];
  readonly pricePerHour: number | undefined;
  /** Bytes. */
  readonly processPeak: number;
}

export function buildReport(parts: ReportParts): BenchReport {
  const { version, machine, setup, pictures, driven, outcomes, pricePerHour } = parts;
  const { usage, inference } = driven;
  const { records, failures } = outcomes;
  const seconds = usage.wall / 1000;
  const imagesPerSecond = records.length / seconds;
  const cpuSeconds = (usage.cpu.user + usage.cpu.system) / 1000;
  return {
    version,
    finishedAt: new Date().toISOString(),
    machine,
    setup,
    pictures,
    images: {
      done: records.length,
      failed: failures.length,
      retries: driven.retries,
      meanCoverage: mean(records.map(({ matte }) => matte.coverage)),
      meanOutputBytes: mean(records.map(({ output }) => output.size)),
      failures,
    },
    wallSeconds: seconds,
    imagesPerSecond,
    latency: distributionOf(driven.images.map(({ latency }) => latency)),
    stages: stagesOf(driven, records),
    inference: {
      batches: inference.batches,
      meanBatch: inference.pictures / Math.max(1, inference.batches),
      perPicture: inference.inferenceMs / Math.max(1, inference.pictures),
      busy: inference.inferenceMs / (usage.wall * setup.workers),
      restarts: inference.restarts,
    },
    cpu: {
      userSeconds: usage.cpu.user / 1000,
      systemSeconds: usage.cpu.system / 1000,
      coresUsed: cpuSeconds / seconds,
      share: cpuSeconds / seconds / machine.cores,
      secondsPerImage: cpuSeconds / driven.images.length,
    },
    memory: {
      budget: setup.memoryBudget,
      before: driven.memoryAtStart,
      peak: usage.memory.peak,
      growth: usage.memory.peak - driven.memoryAtStart,
      processPeak: parts.processPeak,
    },
    eventLoop: usage.eventLoop,
    ...(parts.bare.length > 0 && { bare: bareOf(parts.bare, imagesPerSecond) }),
    ...(pricePerHour !== undefined && {
      cost: { pricePerHour, perThousand: costPerThousand(pricePerHour, imagesPerSecond) },
    }),
  };
}

function stagesOf(driven: Driven, records: readonly ResultRecord[]): Record<string, Distribution> {
  const latencies = new Map(driven.images.map(({ key, latency }) => [key, latency]));
  const times = new Map<string, number[]>();
  for (const { source, timings } of records) {
    const { total = 0, ...stages } = timings;
    const queue = Math.max(0, (latencies.get(source.key) ?? 0) - total);
    const admit = Math.max(
      0,
      Object.values(stages).reduce((left, time) => left - time, total),
    );
    for (const [stage, time] of Object.entries({ queue, admit, ...stages })) {
      times.set(stage, [...(times.get(stage) ?? []), time]);
    }
  }
  return Object.fromEntries(
    [...times].flatMap(([stage, values]) => {
      const distribution = distributionOf(values);
      return distribution === undefined ? [] : [[stage, distribution]];
    }),
  );
}

function bareOf(runs: readonly SessionLoopDone[], imagesPerSecond: number): NonNullable<BenchReport['bare']> {
  const sum = (pick: (run: SessionLoopDone) => number) => runs.reduce((total, run) => total + pick(run), 0);
  const pictures = sum((run) => run.pictures);
  const bare = (1000 * pictures) / sum((run) => run.wall);
  return {
    pictures,
    imagesPerSecond: bare,
    cpuSecondsPerImage: sum((run) => run.cpu) / 1000 / pictures,
    ratio: imagesPerSecond / bare,
  };
}

function mean(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
