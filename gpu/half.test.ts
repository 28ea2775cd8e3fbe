// Activations stored as f16, on an adapter that has it. It may be slow: small shapes, and few of them.
import { describe, expect, it } from 'vitest';
import { WebGpuDevice } from '../src/engine/devices/webgpu/webgpu-device.ts';
import * as ops from '../src/engine/ops/index.ts';
import type { Tensor } from '../src/engine/tensor/index.ts';
import { type Build, checkDevices, integers, type Operand, values } from '../src/testing/check.ts';
import { gpu } from './support/adapter.ts';
import { able } from './support/f16.ts';
import { losses, models, training } from './support/models.ts';

const TOLERANCE = 2e-2;

it('is refused by an adapter that has no f16', async () => {
  const without = {
    async requestAdapter() {
      const { limits, info } = (await gpu.requestAdapter())!;
      return { limits, info, features: new Set() };
    },
  };
  const refused = WebGpuDevice.create({ gpu: without, dtype: 'f16' });
  await expect(refused).rejects.toMatchObject({
    code: 'device',
    hint: expect.stringContaining('shader-f16'),
  });
});

describe.skipIf(!able)('f16', async () => {
  if (!able) return;
  const device = await WebGpuDevice.create({ gpu, dtype: 'f16' });

  /** Operands pass through temporaries, as do results: so they are stored as f16. */
  const check = (build: Build, operands: readonly Operand[]): Promise<void> => {
    const stored = (x: Tensor): Tensor => (x.dtype === 'f32' && x.shape.length > 1 ? ops.neg(ops.neg(x)) : x);
    const built: Build = (...xs) => {
      const results = build(...xs.map(stored));
      return Array.isArray(results) ? results.map(stored) : stored(results as Tensor);
    };
    return checkDevices(built, operands, { tolerance: TOLERANCE, device });
  };

  it('says so', () => {
    expect(device.notes).toContain('Activations and their gradients are stored as f16.');
  });

  it('elementwise', async () => {
    const { add, sub, mul, div, exp, tanh, sigmoid, square, relu, reluSquared, gelu, geluTanh } = ops;
    await check(
      (a, b) => [
        add(a!, b!),
        sub(a!, b!),
        mul(a!, b!),
        div(a!, exp(b!)),
        ...[exp, tanh, sigmoid, square].map((f) => f(a!)),
      ],
      [values([4, 20], 1), values([20], 2)],
    );
    await check((x) => [relu, reluSquared, gelu, geluTanh].map((f) => f(x!)), [values([4, 20], 1, 2)]);
  });

  it('products', async () => {
    await check((a, b) => ops.matmul(a!, b!), [values([2, 33, 20], 1), values([2, 20, 17], 2)]);
    await check(
      (x, w, b) => ops.linear(x!, w!, b!),
      [values([2, 9, 20], 1), values([17, 20], 2), values([17], 3)],
    );
  });

  it('norms and softmax', async () => {
    await check(
      (x, w, b) => ops.layerNorm(x!, w!, b!),
      [values([2, 5, 24], 1), values([24], 2), values([24], 3)],
    );
    await check((x) => [ops.rmsNorm(x!), ops.softmax(x!)], [values([3, 5, 16])]);
  });

  it('attention of a joint projection', async () => {
    const heads = (x: Tensor): Tensor => ops.reshape(x, [2, 21, 3, 8]);
    await check(
      (x) => {
        const [q, k, v] = ops.split(x!, 24, -1).map(heads);
        return ops.reshape(ops.attention(q!, k!, v!), [2, 21, 24]);
      },
      [values([2, 21, 72], 1, 2)],
    );
  });

  it('rotary, dropout, embedding, masks and padding', async () => {
    const at = ops.constant(Int32Array.of(3), []);
    const key = ops.constant(Int32Array.of(7, -3, 5));
    await check(
      (x) => [ops.rotary(x!, at), ops.dropout(x!, 0.3, key), ops.pad(x!, 1, 2, -1, 0.5)],
      [values([2, 5, 3, 8])],
    );
    await check((x) => ops.tril(x!), [values([2, 5, 5])]);
    await check((w, i) => ops.embedding(w!, i!), [values([9, 20]), integers([6, 17], 9)]);
  });

  it('values are rounded to f16, and infinite beyond it', async () => {
    const x = ops.constant(Float32Array.of(65504, -7e4, 1, 1 + 2 ** -13), [2, 2]);
    const { data } = await device.evaluate(ops.neg(ops.neg(x)));
    expect([...data]).toEqual([65504, Number.NEGATIVE_INFINITY, 1, 1]);
  });

  it('a GPT learns as in f32', async () => {
    const all = await losses(await training(device, models.gpt!));
    const exact = await losses(await training(await WebGpuDevice.create({ gpu }), models.gpt!));
    expect(all).not.toEqual(exact);
    all.forEach((loss, i) => void expect(Math.abs(loss - exact[i]!)).toBeLessThan(2e-2));
  });
});
