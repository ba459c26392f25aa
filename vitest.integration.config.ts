import { defineConfig } from 'vitest/config';

/** Against real servers, which the tests install (MinIO is built from source: minutes, once) and start. */
export default defineConfig({
  test: {
    include: ['test/integration/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 900_000,
    maxWorkers: 2,
    // Shared machines stall for seconds at times. What fails twice is broken; every repetition is reported.
    retry: process.env['CI'] === undefined ? 0 : 1,
    // The SDK says on every start that versions of 2027 will need a newer Node than 20; the command line hides it too.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  },
});
