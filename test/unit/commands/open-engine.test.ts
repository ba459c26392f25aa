import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../../src/commands/open-engine.js';
import { configSchema } from '../../../src/config/schema.js';
import { createLogger } from '../../../src/telemetry/logger.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe('opening the engine', () => {
  it('learns that the device is missing before it fetches a model', async () => {
    const folder = await temporaryFolder();
    const device = process.platform === 'darwin' ? 'directml' : 'coreml';
    const config = configSchema.parse({ inference: { device }, models: { cache: join(folder, 'cache') } });
    const progress: unknown[] = [];
    const logger = createLogger({ level: 'silent', format: 'json' });
    const opened = openEngine(config, logger, (step) => void progress.push(step));
    await expect(opened).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE' });
    expect(progress).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });
});
