import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'examples/**/*.test.ts'],
    // The longest test takes seconds; that of a machine which does other things, too, is no failure.
    testTimeout: 30_000,
    maxWorkers: '100%', // by default one processor is left idle
    setupFiles: ['src/testing/setup.ts'],
    reporters: ['default', './scripts/closing-line.ts'],
  },
});
