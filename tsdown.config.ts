import { defineConfig, type UserConfig } from 'tsdown';

const common: UserConfig = {
  outDir: 'dist',
  target: 'es2022',
  sourcemap: false,
  // Their few functions that are used come along, so that a page needs no other package.
  noExternal: ['valibot', 'fastest-levenshtein'],
};

/**
 * What a page does without: the reference device. Elsewhere it is a file to be imported when asked for; Vite cannot
 * have such in a worker.
 */
const leftOut: Readonly<Record<string, string>> = {
  'reference-device.ts': `import { NanobardError } from '../../errors.ts';
    export class ReferenceDevice {
      constructor() { throw new NanobardError('device', 'the reference device is not made for pages'); }
    }`,
};

export default defineConfig([
  // One graph for the library's two entries and the command line, so that they share their chunks.
  {
    ...common,
    entry: { index: 'src/index.ts', node: 'src/node.ts', cli: 'src/node/cli/cli.ts' },
    platform: 'node',
    clean: ['dist/*', '!dist/studio'], // which a build of its own puts there
    fixedExtension: false,
    dts: { resolve: ['valibot'] },
  },
  // The library for pages, in one file.
  {
    ...common,
    entry: { browser: 'src/index.ts' },
    platform: 'browser',
    dts: false,
    clean: false,
    plugins: [
      { name: 'left-out-of-pages', load: (id: string) => leftOut[id.slice(id.lastIndexOf('/') + 1)] },
    ],
    outputOptions: { inlineDynamicImports: true },
  },
]);
