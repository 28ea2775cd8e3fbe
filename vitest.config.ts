import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'examples/**/*.test.ts'],
    setupFiles: ['src/testing/setup.ts'],
    reporters: ['default', './scripts/closing-line.ts'],
  },
});
