import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Statistical tests draw with fixed seeds; the slowest take seconds, not milliseconds.
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
