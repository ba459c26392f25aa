import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts', 'test/e2e/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Image and model work is already parallel inside native code: more test processes than cores only adds noise.
    maxWorkers: 2,
    // Shared machines stall for seconds at times. What fails twice is broken; every repetition is reported.
    retry: process.env['CI'] === undefined ? 0 : 1,
  },
});
