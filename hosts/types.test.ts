// The packed package's declarations, in a project that has no types but its own, and checks those of packages, too.
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { run } from './support/run.ts';

const program = `import { createDevice, createTraining, type Device, loadModel, planTraining } from 'nanobard';
import { exportModel } from 'nanobard/formats';
import { WebGpuDevice } from 'nanobard/webgpu';

export async function main(text: string): Promise<string> {
  const device: Device = await createDevice({ device: 'webgpu' });
  const { trainer, model } = await createTraining({ recipe: 'bigram', text, device, maxIters: 2 });
  for await (const event of trainer.run()) if (event.type === 'step') console.log(event.loss.toFixed(2));
  if (device instanceof WebGpuDevice) return device.adapter.name;
  return [typeof exportModel, typeof loadModel, typeof planTraining, model.step].join();
}
`;

test.each(['bundler', 'nodenext'])(
  'a project without types of WebGPU type-checks, resolving as %s',
  async (moduleResolution) => {
    const project = inject('project');
    const name = `types-${moduleResolution}`;
    await writeFile(join(project, `${name}.ts`), program);
    const compilerOptions = {
      ...{ target: 'es2022', lib: ['es2023', 'dom', 'dom.iterable'], types: [], strict: true, noEmit: true },
      ...{
        module: moduleResolution === 'bundler' ? 'esnext' : 'nodenext',
        moduleResolution,
        skipLibCheck: false,
      },
    };
    await writeFile(
      join(project, `${name}.json`),
      JSON.stringify({ compilerOptions, files: [`${name}.ts`] }),
    );
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    const complaints = run(process.execPath, [tsc, '-p', `${name}.json`], project).catch(
      ({ stdout }) => stdout,
    );
    expect(await complaints).toBe('');
  },
);
