import { describe, expect, it } from 'vitest';
import { grad } from '../../ops/grad.ts';
import { add, attention, layerNorm, linear, mul, reshape, split, sum } from '../../ops/index.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import { compile } from '../../program/compile.ts';
import { Constant } from '../../tensor/constant.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { ReferenceDevice } from '../reference/reference-device.ts';
import { CpuDevice } from './cpu-device.ts';
import { fuse } from './fuse.ts';
import { traitsOf } from './lower.ts';

/** Numbers without a pattern, the same each time. */
const numbers = (shape: number[], seed: number): Constant =>
  new Constant(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + i * 1.7)),
    shape,
  );

/** The operations that are left; the CPU's values are the reference's. */
async function fused(outputs: Record<string, Tensor>): Promise<string[]> {
  const compiled = compile({ outputs });
  const [cpu, reference] = [await CpuDevice.create({ threads: 2, flopsPerThread: 1 }), new ReferenceDevice()];
  const [ours, theirs] = [await cpu.load(compiled), await reference.load(compiled)];
  await ours.run();
  await theirs.run();
  for (const name of Object.keys(outputs)) {
    const [values, expected] = [await ours.read(name), await theirs.read(name)];
    expect(values).toHaveLength(expected.length);
    for (const [i, value] of values.entries()) expect(value, `${name}[${i}]`).toBeCloseTo(expected[i]!, 4);
  }
  await cpu.dispose();
  return fuse(compiled.program, traitsOf).instructions.map(({ op }) => op);
}

describe('fuse', () => {
  const [B, T, H, D] = [2, 7, 3, 5];
  const C = H * D;
  const attend = (x: Tensor): Tensor => {
    const [q, k, v] = split(x, C, -1).map((part) => reshape(part, [B, T, H, D])) as [Tensor, Tensor, Tensor];
    return attention(q, k, v);
  };
  const loss = (y: Tensor): Tensor => sum(mul(y, numbers([...y.shape], 2)));

  it('has attention write its gradients where queries, keys and values came from', async () => {
    const x = numbers([B, T, 3 * C], 1);
    const ops = await fused({ dx: grad(loss(attend(x)), [x])[0]! });
    expect(ops).toContain('attention-gradient');
    expect(ops).not.toContain('concat');
  });

  it('joins what something else uses, too', async () => {
    const parts = [1, 2, 3].map((seed) => numbers([B, T, H, D], seed)) as [Constant, Constant, Constant];
    const [dq, dk] = grad(loss(attention(...parts)), parts) as [Tensor, Tensor, Tensor];
    const x = numbers([B, T, 3 * C], 1);
    const [dx] = grad(loss(attend(x)), [x]) as [Tensor];
    expect(await fused({ dx, half: mul(dq, dk), dq })).not.toContain('concat');
    const [first, second] = split(dx, C, -1) as [Tensor, Tensor];
    expect(await fused({ dx, both: add(first, second) })).not.toContain('concat');
  });

  it('adds to a linear layer, and around a layer norm, on the way', async () => {
    for (const rows of [3, 50]) {
      const [x, w, bias] = [numbers([rows, C], 1), numbers([C, C], 2), numbers([C], 3)];
      const y = add(x, linear(layerNorm(x, bias), w, bias));
      const ops = await fused({ y, dx: grad(loss(y), [x])[0]! });
      expect(ops).toContain('linear-add');
      expect(ops).toContain('layer-norm-gradient-add');
      expect(ops).not.toContain('add');
    }
  });

  it('adds apart where a part is used twice, comes too late, or is made otherwise', async () => {
    const [x, w] = [numbers([9, C], 1), numbers([C, C], 2)];
    const y = linear(x, w);
    expect(await fused({ y: add(x, y), both: mul(y, x) })).toContain('add');
    expect(await fused({ y: add(x, y), made: y })).toContain('add');
    const later = mul(layerNorm(y, numbers([C], 3)), x);
    expect(await fused({ y: add(linear(later, w), mul(later, later)) })).toContain('add');
    expect(await fused({ y: add(x, matmul(x, w)) })).toContain('add');
    const self = linear(x, w);
    expect(await fused({ y: add(self, self) })).toContain('add');
    // Both are linear: one of them is added to the other.
    expect(await fused({ y: add(linear(x, w), linear(later, w)) })).not.toContain('add');
  });
});
