import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Image and model work is already parallel inside native code: more test processes than cores only adds noise.
    maxWorkers: 2,
  },
});
