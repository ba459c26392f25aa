import { type Pair, type Readings, readingsOf } from './readings.js';

/** One process that is watched. */
export interface Watched {
  readonly url: string;
  /** Undefined where it does not answer. */
  readonly pair: Pair | undefined;
}

const MiB = 1024 * 1024;
const NAME_WIDTH = 11;

/** The lines of one picture of the service, for a terminal of this many columns. Pure. */
export function frameOf(processes: readonly Watched[], columns: number): string[] {
  const answering = processes.flatMap(({ pair }) => (pair === undefined ? [] : [pair]));
  const readings = readingsOf(answering);
  const lines = [
    `clearcut top: ${answering.length} of ${processes.length} ${processes.length === 1 ? 'process' : 'processes'} answering`,
    '',
    ...(answering.length === 0
      ? []
      : totals(
          readings,
          answering.some(({ before }) => before === undefined),
        )),
    ...(processes.length > 1 || answering.length === 0 ? ['', ...processes.map(processLine)] : []),
  ];
  return lines.map((line) => (line.length > columns ? `${line.slice(0, Math.max(0, columns - 1))}…` : line));
}

function totals(read: Readings, isSinceStart: boolean): string[] {
  return [
    line('images', [
      `${number(read.rate('clearcut_outcomes_total', { kind: 'result' }), 2)}/s${isSinceStart ? ' since the start' : ''}`,
      `${read.sum('clearcut_images_in_flight')} of ${read.sum('clearcut_images_in_flight_limit')} in flight`,
      ...read.by('clearcut_outcomes_total', 'kind').map(([kind, count]) => `${count} ${kind}`),
      `${read.sum('clearcut_retries_total')} retries`,
      `${read.sum('clearcut_found_by_sweep_total')} missed events`,
    ]),
    line('latency', latencies(read)),
    line('stages', stages(read)),
    line('queue', [
      ...read.largestBy('clearcut_source_waiting_events', 'source').map(([source, waiting]) => {
        const age = read.max('clearcut_source_oldest_event_age_seconds', { source });
        return `${source} ${waiting}${age > 0 ? ` (oldest ${seconds(age)})` : ''}`;
      }),
    ]),
    line('inference', [
      ...read.by('clearcut_info', 'device').map(([device]) => device),
      ...read.by('clearcut_info', 'model').map(([model]) => model),
      ...read.by('clearcut_info', 'variant').map(([variant]) => variant),
      `batches of ${number(read.mean('clearcut_batch_size_pictures') ?? 0, 1)}`,
      `${read.sum('clearcut_inference_waiting_pictures')} waiting`,
      `${read.sum('clearcut_inference_worker_restarts_total')} restarts`,
    ]),
    ...gpuLine(read),
    line('memory', [
      `process ${mebibytes(read.sum('process_resident_memory_bytes'))} MiB`,
      ...['files', 'pixels'].map((share) => {
        const used = mebibytes(read.sum('clearcut_pictures_memory_used_bytes', { share }));
        return `${share} ${used} of ${mebibytes(read.sum('clearcut_pictures_memory_limit_bytes', { share }))} MiB`;
      }),
      `cpu ${number(read.rate('process_cpu_seconds_total') * 100, 0)}%`,
      `event loop ${seconds(read.max('nodejs_eventloop_lag_p99_seconds'))} p99`,
    ]),
    line('network', [
      `in ${number(read.rate('clearcut_store_bytes_total', { direction: 'in' }) / MiB, 2)} MiB/s`,
      `out ${number(read.rate('clearcut_store_bytes_total', { direction: 'out' }) / MiB, 2)} MiB/s`,
      `${number(read.rate('clearcut_store_requests_total'), 1)} calls/s`,
      `${read.sum('clearcut_store_requests_total', { result: 'error' })} failed`,
      `${read.sum('clearcut_links_issued_total')} links`,
    ]),
    line('events out', [
      ...read
        .by('clearcut_notifications_total', 'result')
        .map(([result, count]) => `${count} ${result.replace('_', ' ')}`),
      `${read.sum('clearcut_notifications_in_flight')} in flight`,
      ...read
        .largestBy('clearcut_notifications_waiting', 'target')
        .filter(([, count]) => count > 0)
        .map(([target, count]) => `${count} waiting for ${target}`),
    ]),
    line(
      'dead',
      read.by('clearcut_dead_letters_total', 'code').map(([code, count]) => `${count} ${code}`),
    ),
  ];
}

function latencies(read: Readings): string[] {
  const found = read.quantiles('clearcut_image_duration_seconds', [0.5, 0.9, 0.99]);
  return (found ?? []).map((value, at) => `${['p50', 'p90', 'p99'][at]} ${seconds(value)}`);
}

function stages(read: Readings): string[] {
  return read.by('clearcut_stage_duration_seconds_count', 'stage').map(([stage]) => {
    return `${stage} ${seconds(read.mean('clearcut_stage_duration_seconds', { stage }) ?? 0)}`;
  });
}

function gpuLine(read: Readings): string[] {
  const gpus = read
    .by('clearcut_gpu_memory_total_bytes', 'gpu')
    .map(([gpu]) => gpu)
    .sort();
  if (gpus.length === 0) return [];
  const parts = gpus.map((gpu) => {
    const busy = number(read.max('clearcut_gpu_utilization_ratio', { gpu }) * 100, 0);
    const used = mebibytes(read.max('clearcut_gpu_memory_used_bytes', { gpu }));
    return `${gpu}: ${busy}%, ${used} of ${mebibytes(read.max('clearcut_gpu_memory_total_bytes', { gpu }))} MiB`;
  });
  return [line('gpu', parts)];
}

function processLine({ url, pair }: Watched): string {
  if (pair === undefined) return `${url}  does not answer`;
  const read = readingsOf([pair]);
  const rate = number(read.rate('clearcut_outcomes_total', { kind: 'result' }), 2);
  const memory = mebibytes(read.sum('process_resident_memory_bytes'));
  const state = read.sum('clearcut_ready') > 0 ? '' : ', takes no work';
  return `${url}  ${rate}/s, ${read.sum('clearcut_images_in_flight')} in flight, ${memory} MiB${state}`;
}

function line(name: string, parts: readonly string[]): string {
  return `${name.padEnd(NAME_WIDTH)}${parts.length === 0 ? '-' : parts.join('   ')}`;
}

function seconds(value: number): string {
  if (value < 1) return `${Math.round(value * 1000)} ms`;
  return value < 120 ? `${number(value, 1)} s` : `${Math.round(value / 60)} min`;
}

function mebibytes(bytes: number): string {
  return String(Math.round(bytes / MiB));
}

function number(value: number, digits: number): string {
  return value.toFixed(digits);
}
