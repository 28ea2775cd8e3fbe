import { defineConfig } from 'tsdown';

const common = { outDir: 'dist', target: 'es2022', sourcemap: false } as const;

export default defineConfig([
  // One graph for the library's two entries and the command line, so that they share their chunks.
  {
    ...common,
    entry: { index: 'src/index.ts', node: 'src/node.ts', cli: 'src/node/cli/cli.ts' },
    platform: 'node',
    fixedExtension: false,
    dts: { resolve: ['valibot'] },
    // Its few functions that are used come along, so that a page needs one file of a CDN and no other package.
    noExternal: ['valibot'],
  },
]);
