import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { chapters } from './build/chapters.ts';

const from = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  root: from('.'),
  base: './', // wherever the folder is put
  plugins: [chapters()],
  resolve: {
    // Its sources: a device that is asked for only now and then stays a file of its own.
    alias: { 'nanobard/formats': from('../src/formats.ts'), nanobard: from('../src/index.ts') },
  },
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    outDir: from('../dist/studio'),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
  },
  worker: {
    format: 'es',
    plugins: () => [chapters()],
    rollupOptions: {
      output: {
        // By their names the server knows the workers that may make code of text: src/node/studio/headers.ts.
        entryFileNames: ({ facadeModuleId }) =>
          `assets/${facadeModuleId?.includes('/kernel/') ? 'kernel' : 'workbench-worker'}-[hash].js`,
        chunkFileNames: ({ moduleIds }) =>
          `assets/${moduleIds.some((id) => id.includes('/tutorial/')) ? 'kernel' : 'part'}-[name]-[hash].js`,
      },
    },
  },
  server: { headers },
  preview: { headers },
});
