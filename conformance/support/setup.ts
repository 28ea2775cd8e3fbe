// Before all tests: trains the models, and leaves them as files for the tests to open.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { createDevice } from '../../src/index.ts';
import { kindNames, train } from './models.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the models, each `KIND.safetensors`, and room for what is exported of them. */
    folder: string;
  }
}

export default async function setup(tests: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'nanobard-conformance-'));
  const device = await createDevice({ device: 'cpu' });
  for (const name of kindNames) {
    const model = await train(name, device);
    await writeFile(join(folder, `${name}.safetensors`), await model.save());
    await model.dispose();
  }
  await device.dispose();
  tests.provide('folder', folder);
  return () => rm(folder, { recursive: true, force: true });
}
