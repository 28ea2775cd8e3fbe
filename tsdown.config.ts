import { fileURLToPath } from 'node:url';
import { defineConfig, type UserConfig } from 'tsdown';

const common: UserConfig = {
  outDir: 'dist',
  target: 'es2022',
  sourcemap: false,
  // Their few functions that are used come along, so that a page needs no other package.
  noExternal: ['valibot', 'fastest-levenshtein'],
};

/**
 * What pages do without, or import by a name of its own: no bundler has to do with files that are imported later, which
 * Vite cannot have in a worker.
 */
const onDemandInPages = `import { NanobardError } from '../errors.ts';
  const refuse = (message, hint) => async () => { throw new NanobardError('device', message, { hint }); };
  export const onDemand = {
    webgpu: refuse(
      'on pages the webgpu device is loaded apart',
      "Add: import 'nanobard/webgpu';",
    ),
    reference: refuse('the reference device is not made for pages'),
  };`;

/** No page can turn on what the third build of the kernels is for. */
const pageBinaries = fileURLToPath(
  new URL('src/engine/devices/cpu/page-binaries.generated.ts', import.meta.url),
);

export default defineConfig([
  // One graph for the library's entries and the command line, so that they share their chunks.
  {
    ...common,
    entry: {
      index: 'src/index.ts',
      webgpu: 'src/webgpu.ts',
      formats: 'src/formats.ts',
      node: 'src/node.ts',
      cli: 'src/node/cli/cli.ts',
    },
    platform: 'node',
    clean: ['dist/*', '!dist/studio'], // which a build of its own puts there
    fixedExtension: false,
    dts: { resolve: ['valibot'] },
    // Declarations name Symbol.dispose, which the libraries of TypeScript's targets do not have yet.
    banner: { dts: '/// <reference lib="esnext.disposable" />' },
  },
  // The library for pages, its device for GPUs, and its exports.
  {
    ...common,
    entry: {
      browser: 'src/index.ts',
      'browser-webgpu': 'src/webgpu.ts',
      'browser-formats': 'src/formats.ts',
    },
    platform: 'browser',
    dts: false,
    clean: false,
    plugins: [
      {
        name: 'for-pages',
        load: (id: string) => (id.endsWith('devices/on-demand.ts') ? onDemandInPages : undefined),
        resolveId: (id: string) => (id.endsWith('/binaries.generated.ts') ? pageBinaries : undefined),
      },
    ],
  },
]);
