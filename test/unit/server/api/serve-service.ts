import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { createAreas } from '../../../../src/batches/areas.js';
import { createManifests } from '../../../../src/batches/manifest.js';
import { createLocalSource } from '../../../../src/events/local-source.js';
import { startService } from '../../../../src/pipeline/service.js';
import { createTestPipeline, INPUT, OUTPUT, type TestPipeline } from '../../../support/pipeline.js';
import { type ServeApiOptions, type ServedApi, serveApi } from './serve-api.js';

/** The API before the real pipeline with a tiny model, which hears of uploads only from it. */
export async function serveService(
  options: ServeApiOptions = {},
): Promise<ServedApi & { readonly pipeline: TestPipeline }> {
  const pipeline = await createTestPipeline();
  const { optionsOf } = createManifests(pipeline.store, OUTPUT, createAreas('', 'api/'));
  const told = createLocalSource('api', 1_000);
  let api: ServedApi | undefined;
  const service = startService({
    pipeline: { ...pipeline.pipeline, options: { ...pipeline.pipeline.options, announced: optionsOf } },
    sources: [told],
    concurrency: 2,
    retry: { maxAttempts: 3, retryMin: 5, retryMax: 20 },
    begin:
      ({ key }) =>
      () =>
        api?.api.touch(key),
    logger: pino({ level: 'silent' }),
  });
  onTestFinished(async () => void (await service.drain(5_000)));
  api = await serveApi({
    ...options,
    root: pipeline.root,
    context: { nudge: (key, etag) => told.tell(INPUT, key, etag), ...options.context },
  });
  return { ...api, pipeline };
}
