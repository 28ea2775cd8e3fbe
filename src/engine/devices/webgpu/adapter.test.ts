import { expect, it } from 'vitest';
import { requireFromProgram } from '../cpu/host.ts';
import { createDevice } from '../create.ts';

const installed = requireFromProgram().some((require) => {
  try {
    return require.resolve('webgpu') !== '';
  } catch {
    return false;
  }
});

it.skipIf(installed)('says how to install what is missing', async () => {
  await expect(createDevice({ device: 'webgpu' })).rejects.toMatchObject({
    code: 'device',
    message: 'the webgpu device needs the package webgpu, which is not installed',
    hint: 'Install it with: npm install webgpu',
    options: ['device'],
  });
});
