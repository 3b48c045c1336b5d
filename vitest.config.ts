import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (file: string): string => fileURLToPath(new URL(`src/${file}`, import.meta.url));

export default defineConfig({
  // Programs of examples/ import the package by its name.
  resolve: {
    alias: [
      { find: /^credence$/, replacement: source('index.ts') },
      { find: /^credence\/distributions$/, replacement: source('distributions-api.ts') },
      { find: /^credence\/testing$/, replacement: source('testing-api.ts') },
      { find: /^credence\/plot$/, replacement: source('plot-api.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // For what hangs, not for what is slow: the slowest take seconds, and a busy machine makes twenty times as much of them.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    // No module keeps state (test/architecture.test.ts), so files of one worker share them: a fifth of the time is loading them.
    isolate: false,
  },
});
