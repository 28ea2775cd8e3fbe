import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    include: ['**/*.test.ts'],
    reporters: ['default', '../scripts/closing-line.ts'],
    // Ranks spin while they wait for each other: one job at a time.
    fileParallelism: false,
    testTimeout: 120_000,
  },
});
