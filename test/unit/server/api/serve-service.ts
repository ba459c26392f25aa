import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { createLocalSource } from '../../../../src/events/local-source.js';
import { createOutcomeNotices } from '../../../../src/pipeline/outcome-notices.js';
import { startService } from '../../../../src/pipeline/service.js';
import { createTestPipeline, INPUT, type TestPipeline } from '../../../support/pipeline.js';
import { type ServeApiOptions, type ServedApi, serveApi } from './serve-api.js';

/** The API before the real pipeline with a tiny model, which hears of uploads only from it. */
export async function serveService(
  options: ServeApiOptions = {},
): Promise<ServedApi & { readonly pipeline: TestPipeline }> {
  const pipeline = await createTestPipeline();
  const told = createLocalSource('api', 1_000);
  const notices = createOutcomeNotices();
  const service = startService({
    pipeline: pipeline.pipeline,
    sources: [told],
    concurrency: 2,
    retry: { maxAttempts: 3, retryMin: 5, retryMax: 20 },
    observer: { ended: (outcome) => notices.publish(outcome), retried: () => {} },
    logger: pino({ level: 'silent' }),
  });
  onTestFinished(async () => void (await service.drain(5_000)));
  const api = await serveApi({
    ...options,
    root: pipeline.root,
    context: { nudge: (key, etag) => told.tell(INPUT, key, etag), notices, ...options.context },
  });
  return { ...api, pipeline };
}
