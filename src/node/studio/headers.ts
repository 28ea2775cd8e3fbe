import { basename } from 'node:path';

/** The first three are for cross-origin isolation: without it a page has no shared memory, and so one thread. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/** A file of the worker that runs what users write: the only place where code may be made of text. */
const KERNEL = /kernel.*\.js$/;

const policy = (scripts: string): string =>
  `default-src 'none'; script-src ${scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; ` +
  "font-src 'self'; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'";
const PAGE = policy("'self' 'wasm-unsafe-eval'");
const KERNEL_WORKER = policy("'self' 'wasm-unsafe-eval' 'unsafe-eval' blob:");

/** The headers of every answer to a request for `path`, errors included. */
export function headersFor(path: string): Map<string, string> {
  const rules = KERNEL.test(basename(path)) ? KERNEL_WORKER : PAGE;
  return new Map(Object.entries({ ...headers, 'Content-Security-Policy': rules }));
}
