// Before all tests: packs nanobard as it would be published and installs it into an empty project.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { npm } from './run.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The packed package. */
    tarball: string;
    /** A project that has installed it, and nothing else. */
    project: string;
  }
}

export default async function install(tests: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'nanobard-hosts-'));
  const root = fileURLToPath(new URL('../..', import.meta.url));
  // What lies in dist/ is packed: the caller has built it.
  const [packed] = JSON.parse(
    await npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder),
  );
  const tarball = join(folder, packed.filename);
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'empty', private: true, type: 'module' }),
  );
  await npm(folder, 'install', tarball);
  tests.provide('tarball', tarball);
  tests.provide('project', folder);
  return () => rm(folder, { recursive: true, force: true });
}
