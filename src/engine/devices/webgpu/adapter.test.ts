import { afterEach, expect, it, vi } from 'vitest';
import { requireFromProgram } from '../cpu/host.ts';
import { createDevice } from '../create.ts';

afterEach(() => vi.unstubAllGlobals());

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

it('says how Deno comes by it', async () => {
  vi.stubGlobal('navigator', {});
  vi.stubGlobal('Deno', {});
  await expect(createDevice({ device: 'webgpu' })).rejects.toMatchObject({
    code: 'device',
    message: 'this Deno has no WebGPU',
    hint: 'Update it, or start it with --unstable-webgpu.',
  });
});
