import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { alias: { nanobard: fileURLToPath(new URL('../dist/index.js', import.meta.url)) } },
  test: {
    include: ['tests/**/*.test.ts'],
    reporters: ['default', '../scripts/closing-line.ts'],
    fileParallelism: false, // times are measured
    testTimeout: 200_000,
    hookTimeout: 60_000,
  },
});
