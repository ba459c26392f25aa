import { afterEach, expect, test, vi } from 'vitest';
import { allocatorAdvice } from '../../../src/commands/doctor.js';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

test.each([
  { platform: 'linux', preloaded: '', arenas: undefined, status: 'advice' },
  { platform: 'linux', preloaded: '', arenas: '2', status: 'ok' },
  { platform: 'linux', preloaded: '/usr/lib/libjemalloc.so.2', arenas: undefined, status: 'ok' },
  { platform: 'darwin', preloaded: '', arenas: undefined, status: 'ok' },
])('$platform, LD_PRELOAD=$preloaded, MALLOC_ARENA_MAX=$arenas: $status', ({ status, platform, ...set }) => {
  vi.stubEnv('LD_PRELOAD', set.preloaded);
  vi.stubEnv('MALLOC_ARENA_MAX', set.arenas);
  vi.stubGlobal(
    'process',
    Object.create(process, { platform: { value: platform }, env: { value: process.env } }),
  );

  expect(allocatorAdvice()).toMatchObject({ name: 'allocator', status });
});
