import { fileURLToPath } from 'node:url';
import type { TestUserConfig } from 'vitest/config';
import { defineConfig } from 'vitest/config';

/** A suite of its own in the folder of the module `url`, one file at a time: times are measured, or all cores are taken. */
export const suite = (url: string, test: TestUserConfig = {}) =>
  defineConfig({
    root: fileURLToPath(new URL('.', url)),
    test: {
      include: ['**/*.test.ts'],
      reporters: ['default', '../scripts/closing-line.ts'],
      fileParallelism: false,
      testTimeout: 120_000,
      hookTimeout: 60_000,
      ...test,
    },
  });
