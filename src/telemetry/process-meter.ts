import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';

/** What this process used of the machine over a span of time. */
export interface ProcessUsage {
  /** Milliseconds. */
  readonly wall: number;
  /** Milliseconds of processor time of all threads. */
  readonly cpu: { readonly user: number; readonly system: number };
  /** Bytes of resident memory: the largest of many samples. */
  readonly memory: { readonly peak: number };
  readonly eventLoop: {
    /** Milliseconds by which the event loop came too late to a timer: how long whatever else is due has to wait. */
    readonly delay: { readonly p50: number; readonly p99: number; readonly max: number };
    /** 0..1: the share of the time in which the event loop ran something. */
    readonly utilization: number;
  };
}

export interface ProcessMeter {
  stop(): ProcessUsage;
}

/** Milliseconds between two samples of the memory. */
const MEMORY_INTERVAL = 20;
/** Milliseconds between two looks at the event loop; what the histogram counts includes them. */
const LOOP_RESOLUTION = 2;
const NANOSECONDS = 1e6;

export function startProcessMeter(): ProcessMeter {
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  const loopBefore: EventLoopUtilization = performance.eventLoopUtilization();
  const delays = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION });
  delays.enable();
  let peak = process.memoryUsage.rss();
  const sample = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const sampling = setInterval(sample, MEMORY_INTERVAL);
  sampling.unref();

  return {
    stop() {
      sample();
      clearInterval(sampling);
      delays.disable();
      const { user, system } = process.cpuUsage(cpuBefore);
      const delay = (time: number) => Math.max(0, time / NANOSECONDS - LOOP_RESOLUTION);
      return {
        wall: performance.now() - startedAt,
        cpu: { user: user / 1000, system: system / 1000 },
        memory: { peak },
        eventLoop: {
          delay: {
            p50: delay(delays.percentile(50)),
            p99: delay(delays.percentile(99)),
            max: delay(delays.max),
          },
          utilization: performance.eventLoopUtilization(loopBefore).utilization,
        },
      };
    },
  };
}
