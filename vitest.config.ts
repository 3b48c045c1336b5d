import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (file: string): string => fileURLToPath(new URL(`src/${file}`, import.meta.url));

export default defineConfig({
  // Programs of examples/ import the package by its name.
  resolve: { alias: [{ find: /^credence$/, replacement: source('index.ts') }, { find: /^credence\/distributions$/, replacement: source('distributions-api.ts') }, { find: /^credence\/testing$/, replacement: source('testing-api.ts') }, { find: /^credence\/plot$/, replacement: source('plot-api.ts') }] },
  test: {
    include: ['test/**/*.test.ts'],
    // Statistical tests draw with fixed seeds; the slowest take seconds, not milliseconds.
    testTimeout: 60_000,
    // Set-ups that build take tens of seconds where the machine is busy.
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
