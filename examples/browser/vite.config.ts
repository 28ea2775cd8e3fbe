import { defineConfig } from 'vite';

// With these two headers a page is isolated, may share memory between threads, and trains on all cores.
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({ server: { headers }, preview: { headers } });
