import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'examples/**/*.test.ts'],
    // Property tests take their time on a machine that is busy with other things.
    testTimeout: 30_000,
    setupFiles: ['src/testing/setup.ts'],
    reporters: ['default', './scripts/closing-line.ts'],
  },
});
