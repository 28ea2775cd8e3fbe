import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CpuDevice } from '../../engine/devices/cpu/cpu-device.ts';
import { randomModelFile } from '../../testing/model-file.ts';
import { placeModel } from '../load-model.ts';
import { createTraining } from '../recipes/training.ts';
import { decodeModel, encodeModel } from './model-file.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

describe('weights in 8 bits', () => {
  it('are off by half a step of their row at most; vectors are not', () => {
    const shape = fc.record({
      nLayer: fc.integer({ min: 1, max: 2 }),
      nEmbd: fc.integer({ min: 1, max: 9 }),
      blockSize: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(shape, fc.constantFrom(1e-30, 0.02, 1, 1e6), (size, scale) => {
        const model = randomModelFile({ model: 'gpt', ...size, nHead: 1, dropout: 0, bias: true }, { scale });
        const { spec, tensors } = decodeModel(encodeModel(model, 'q8'));
        expect(spec).toEqual(model.spec);
        expect([...tensors.keys()].sort()).toEqual([...model.tensors.keys()].sort());
        for (const [name, { shape, data }] of tensors) {
          const before = model.tensors.get(name)!;
          expect(shape).toEqual(before.shape);
          const [rows, columns] = [shape[0]!, shape[1]];
          if (columns === undefined) expect(data).toEqual(before.data);
          for (let row = 0; columns !== undefined && row < rows; row++) {
            const of = (values: ArrayLike<number>): number[] =>
              Array.from(values).slice(row * columns, (row + 1) * columns);
            const largest = Math.max(...of(before.data).map(Math.abs));
            of(data).forEach((x, i) => {
              expect(Math.abs(x - of(before.data)[i]!)).toBeLessThanOrEqual((largest / 127) * 0.5001);
            });
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('of zeros are zeros', () => {
    const model = randomModelFile({ model: 'bigram', blockSize: 4 }, { scale: 0 });
    const { tensors } = decodeModel(encodeModel(model, 'q8'));
    for (const { data } of tensors.values()) expect(data.every((x) => x === 0)).toBe(true);
  });

  it('take a quarter of the bytes, and change the loss by less than 0.002, tables of n-grams too', async () => {
    const shape = {
      nLayer: 2,
      nHead: 2,
      nEmbd: 64,
      blockSize: 16,
      ngramOrder: 4,
      ngramRows: 1000,
      dropout: 0,
    };
    const model = randomModelFile({ model: 'modern', ...shape });
    const bytes = encodeModel(model, 'q8');
    expect(bytes.length).toBeLessThan(0.28 * encodeModel(model).length);
    const losses: number[] = [];
    for (const file of [model, decodeModel(bytes)]) {
      const placed = await placeModel(file, { device: 'cpu', threads: 1 });
      losses.push(await placed.loss('to be,\nbe to not'.replaceAll(/n|h/g, 'o').repeat(10)));
      await placed.dispose();
    }
    expect(Math.abs(losses[0]! - losses[1]!)).toBeLessThan(0.002);
    expect(losses[0]).not.toBe(losses[1]);
  });

  it('stay in 8 bits where linear layers read them, and are saved as they were', async () => {
    const model = randomModelFile({
      model: 'gpt',
      nLayer: 2,
      nHead: 2,
      nEmbd: 64,
      blockSize: 16,
      dropout: 0,
      bias: true,
    });
    const bytes = encodeModel(model, 'q8');
    const [plain, small] = await Promise.all(
      [model, decodeModel(bytes)].map((file) => placeModel(file, { device: 'cpu', threads: 1 })),
    );
    expect(small!.device.bytes).toBeLessThan(0.3 * plain!.device.bytes);
    const [before, after] = [bytes, await small!.save({ dtype: 'q8' })].map(
      (file) => decodeModel(file).tensors,
    );
    for (const [name, { data }] of after!)
      data.forEach((x, i) => {
        const y = before!.get(name)!.data[i]!; // the number that they are multiples of may round anew
        if (Math.abs(x - y) > 2e-7 * Math.abs(y)) expect.fail(`${name}: ${x} was ${y}`);
      });
    await Promise.all([plain!.dispose(), small!.dispose()]);
  });

  it('write the same text by any number of threads and instructions, alone or beside others', async () => {
    const shape = { nLayer: 2, nHead: 2, nEmbd: 36, blockSize: 16, dropout: 0 }; // 36: no multiple of 16
    for (const spec of [
      { model: 'gpt', ...shape, bias: true },
      { model: 'modern', ...shape, ngramOrder: 3, ngramRows: 64 },
    ] as const) {
      const file = decodeModel(encodeModel(randomModelFile(spec), 'q8'));
      const texts = new Set<string>();
      for (const [simd, threads] of [
        ['relaxed', 1],
        ['relaxed', 3],
        ['simd128', 2],
        ['wide', 1],
      ] as const) {
        const device = await CpuDevice.create({ simd, threads, flopsPerThread: 1 });
        const model = await placeModel(file, { device });
        const alone = [
          await model.write('', { tokens: 40 }),
          await model.write('to be', { tokens: 40, seed: 1338 }),
        ];
        const together = ['', ''];
        for await (const { index, text } of model.generateAll(['', 'to be'], { tokens: 40 }))
          together[index] += text;
        expect(together).toEqual(alone);
        texts.add(JSON.stringify(alone));
        await device.dispose();
      }
      // Norms and attention round otherwise where instructions are not fused, too little for another token here.
      expect(texts.size).toBe(1);
    }
  });

  it('are what a training can begin with, in f32', async () => {
    const text = 'to be,\nbe to not'.replaceAll(/n|h/g, 'o').repeat(20);
    const shape = { nLayer: 1, nHead: 1, nEmbd: 12, blockSize: 8, dropout: 0, bias: true };
    const initFrom = decodeModel(encodeModel(randomModelFile({ model: 'gpt', ...shape }), 'q8'));
    const device = await CpuDevice.create({ threads: 1 });
    const options = { recipe: 'shakespeare-char-cpu', maxIters: 4, evalIters: 1, batchSize: 2 } as const;
    const { trainer, model } = await createTraining({ ...options, initFrom, text, device });
    expect(model.network.parameters().map(({ dtype }) => dtype)).toContain('f32');
    expect(model.network.parameters().map(({ dtype }) => dtype)).not.toContain('q8');
    const losses: number[] = [];
    for await (const event of trainer.run()) if (event.type === 'step') losses.push(event.loss);
    expect(losses).toHaveLength(4);
    expect(losses.every(Number.isFinite)).toBe(true);
    await device.dispose();
  });

  it.each([
    ['no scales', undefined],
    ['too few of them', [1]],
  ])('are refused with %s', (_, shape) => {
    const { tensors, metadata } = decodeSafetensors(
      encodeModel(randomModelFile({ model: 'bigram', blockSize: 4 }), 'q8'),
    );
    const name = [...tensors.keys()].find((key) => key.endsWith('.scale'))!;
    if (shape) tensors.set(name, { dtype: 'F32', shape, data: new Float32Array(1) });
    else tensors.delete(name);
    expect(() => decodeModel(encodeSafetensors(tensors, metadata))).toThrow('has no scale for each row');
  });
});
