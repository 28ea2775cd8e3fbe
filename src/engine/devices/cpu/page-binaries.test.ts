// The device with the kernels that pages load.
import { expect, it, vi } from 'vitest';
import { ones, sum } from '../../ops/index.ts';
import { bestSimd } from './best-simd.ts';
import { CpuDevice } from './cpu-device.ts';
import * as host from './host.ts';

vi.mock('./binaries.generated.ts', () => import('./page-binaries.generated.ts'));
vi.mock('./host.ts', { spy: true });

it.each(['simd128', 'relaxed'] as const)('computes with %s', async (simd) => {
  const device = await CpuDevice.create({ simd, threads: 1 });
  expect((await device.evaluate(sum(ones([5, 7])))).data).toEqual(Float32Array.of(35));
  await device.dispose();
});

it('has no wide build, and does not look for one', async () => {
  await expect(CpuDevice.create({ simd: 'wide' })).rejects.toMatchObject({
    code: 'device',
    message: 'this JavaScript engine does not run WebAssembly with wide SIMD',
  });
  vi.mocked(host.joinsVectors).mockReturnValue(true);
  expect(await bestSimd((simd) => CpuDevice.create({ simd }))).toBe('relaxed');
});
