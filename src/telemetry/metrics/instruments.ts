import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/**
 * Every metric of Clearcut, once. Names and units by the conventions of Prometheus: seconds, bytes, ratios of 0..1,
 * `_total` behind counters. No label holds a key, a URL or anything else that uploads can make more of.
 */
export function createInstruments(registry: Registry) {
  const registers = [registry];
  const counter = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter<Label>({ name, help, labelNames, registers });
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge<Label>({ name, help, labelNames, registers });
  const histogram = <Label extends string = never>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: Label[] = [],
  ) => new Histogram<Label>({ name, help, buckets, labelNames, registers });

  return {
    info: gauge('clearcut_info', 'Always 1; the labels say what runs.', [
      'version',
      'device',
      'model',
      'variant',
    ]),
    // Images.
    outcomes: counter('clearcut_outcomes_total', 'Deliveries that ended, by what became of them.', ['kind']),
    deadLetters: counter('clearcut_dead_letters_total', 'Dead letters, by the code of the error.', ['code']),
    retries: counter(
      'clearcut_retries_total',
      'Attempts that failed and are repeated, by the code of the error.',
      ['code'],
    ),
    foundBySweep: counter(
      'clearcut_found_by_sweep_total',
      'Results and dead letters of objects that no event told of in time.',
    ),
    imageDuration: histogram(
      'clearcut_image_duration_seconds',
      'From the fetch of an image to its stored result.',
      DURATIONS,
    ),
    stageDuration: histogram('clearcut_stage_duration_seconds', 'Stages of the way of an image.', DURATIONS, [
      'stage',
    ]),
    inFlight: gauge('clearcut_images_in_flight', 'Deliveries that are worked on.'),
    inFlightLimit: gauge('clearcut_images_in_flight_limit', 'Deliveries that may be worked on at once.'),
    ready: gauge('clearcut_ready', '1 while work is taken, else 0.'),
    // Queues.
    sourceWaiting: gauge('clearcut_source_waiting_events', 'Events that wait in a source.', ['source']),
    sourceOldest: gauge(
      'clearcut_source_oldest_event_age_seconds',
      'How long the oldest event of a source has waited; absent where the source does not tell.',
      ['source'],
    ),
    // Memory.
    memoryUsed: gauge(
      'clearcut_pictures_memory_used_bytes',
      'Memory that images in flight were admitted for: their files, and their pixels.',
      ['share'],
    ),
    memoryLimit: gauge('clearcut_pictures_memory_limit_bytes', 'Memory that images in flight may take.', [
      'share',
    ]),
    // Inference.
    batchSize: histogram('clearcut_batch_size_pictures', 'Pictures in a batch.', [1, 2, 4, 8, 16, 32, 64]),
    batchDuration: histogram(
      'clearcut_batch_duration_seconds',
      'From the hand-over of a batch to its answer.',
      DURATIONS,
    ),
    inferenceWaiting: gauge('clearcut_inference_waiting_pictures', 'Pictures that wait for a batch.'),
    workerRestarts: counter(
      'clearcut_inference_worker_restarts_total',
      'Workers that stopped and were started again.',
    ),
    // Stores and links.
    storeBytes: counter(
      'clearcut_store_bytes_total',
      'Bytes of objects read from (in) and written to (out) the store.',
      ['store', 'direction'],
    ),
    storeRequests: counter('clearcut_store_requests_total', 'Calls of the store, by whether they worked.', [
      'store',
      'operation',
      'result',
    ]),
    linksIssued: counter('clearcut_links_issued_total', 'Links that were signed.', ['method']),
    // Events out.
    notifications: counter(
      'clearcut_notifications_total',
      'Events for targets: sent, attempts that failed, given up after the last one, dropped as the target wants no more.',
      ['target', 'result'],
    ),
    notificationsInFlight: gauge(
      'clearcut_notifications_in_flight',
      'Events that are being sent, or are about to be.',
    ),
    notificationsWaiting: gauge(
      'clearcut_notifications_waiting',
      'Events in the outbox that wait for another attempt, up to 1,000 for each target.',
      ['target'],
    ),
    // GPUs.
    gpuUtilization: gauge('clearcut_gpu_utilization_ratio', 'Share of the time that the GPU was busy.', [
      'gpu',
    ]),
    gpuMemoryUsed: gauge('clearcut_gpu_memory_used_bytes', 'Memory of the GPU in use.', ['gpu']),
    gpuMemoryTotal: gauge('clearcut_gpu_memory_total_bytes', 'Memory of the GPU.', ['gpu']),
  };
}

export type Instruments = ReturnType<typeof createInstruments>;

/** Seconds: from a stage on a small picture to a large one on a busy machine. */
const DURATIONS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
