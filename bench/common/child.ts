// Measured programs run in processes of their own, as plain JavaScript or Python, and report in JSON.
import { execFileSync, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** A file or folder of `bench/`. */
export const inBench = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** Makes `dist/NAME.js` of each source, so that no measured process carries a TypeScript loader. */
export async function bundle(sources: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(inBench('dist'), { recursive: true });
  await build({
    entryPoints: Object.entries(sources).map(([out, source]) => ({ in: inBench(source), out })),
    outdir: inBench('dist'), // as deep as peers/ and race/, so that relative imports hold
    bundle: true,
    packages: 'external',
    external: ['../../dist/*'],
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
  });
}

/** A Node's command, its version, and the flags that the command line sets itself from version 24 on. */
export function aboutNode(command: string): { command: string; version: string; flags: string[] } {
  const version = execFileSync(command, ['--version'], { encoding: 'utf8' }).trim();
  const flags = Number.parseInt(version.slice(1), 10) >= 24 ? ['--experimental-wasm-revectorize'] : [];
  return { command, version, flags };
}

/** The report on the last line of the program's output, or why there is none. */
export function runChild<Report>(
  command: string,
  args: readonly (string | number)[],
): Promise<Report | string> {
  const child = spawn(command, args.map(String), { stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => {
      const line = output.trim().split('\n').at(-1)!;
      if (code === 0 && line.startsWith('{')) return resolve(JSON.parse(line) as Report);
      const reasons = errors.split('\n').filter((text) => /^\S*Error\b/.test(text));
      resolve(reasons.at(-1) ?? `it ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}
