import { describe, expect, it } from 'vitest';
import { CpuDevice } from '../../engine/devices/cpu/cpu-device.ts';
import { constant } from '../../engine/ops/index.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Decoder } from '../generate/decoder.ts';
import { Embedding } from '../nn/embedding.ts';
import { Linear } from '../nn/linear.ts';
import { LectureGPT } from './lecture.ts';

const tiny = { vocabSize: 11, blockSize: 8, nLayer: 2, nHead: 2, nEmbd: 8, dropout: 0 };

describe('LectureGPT', () => {
  it('has the parameters of the lecture, by its names', () => {
    const model = new LectureGPT({
      vocabSize: 65,
      blockSize: 32,
      nLayer: 4,
      nHead: 4,
      nEmbd: 64,
      dropout: 0,
    });
    expect(model.parameterCount()).toBe(209_729); // the script prints 0.209729 M
    const names = [...model.namedParameters().keys()];
    expect(names.slice(0, 5)).toEqual([
      'token_embedding_table.weight',
      'position_embedding_table.weight',
      'blocks.0.sa.heads.0.key.weight',
      'blocks.0.sa.heads.0.query.weight',
      'blocks.0.sa.heads.0.value.weight',
    ]);
    expect(names).toContain('blocks.3.ffwd.net.2.bias');
    expect(names.at(-1)).toBe('lm_head.bias');
  });

  it('starts with N(0, 0.02) and biases of zero', () => {
    const model = new LectureGPT(tiny).initialize(new Generator(1337));
    const { weight, bias } = model.blocks[0]!.ffwd.net[0];
    const values = [...weight.initial!];
    const std = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    expect(std).toBeGreaterThan(0.016);
    expect(std).toBeLessThan(0.024);
    expect(bias!.initial).toBeUndefined();
  });

  it('writes with a cache what it would write without', async () => {
    const device = await CpuDevice.create({ threads: 1 });
    const model = new LectureGPT(tiny).initialize(new Generator(1));
    for (const [, module] of model.namedModules()) {
      if (module instanceof Linear || module instanceof Embedding)
        module.weight.initial = module.weight.initial!.map((value) => 20 * value) as Float32Array;
    }
    const decoder = await Decoder.create(model, device);
    const written: number[] = [];
    for await (const token of decoder.generate([3, 1], {
      tokens: 6,
      temperature: 0,
      generator: new Generator(1),
    }))
      written.push(token);
    const expected = [3, 1];
    for (let i = 0; i < 6; i++) {
      const idx = constant(Int32Array.from(expected), [1, expected.length]);
      const { data } = await device.evaluate(model.evaluating(() => model.forward(idx)));
      const logits = [...data.slice(-tiny.vocabSize)];
      expected.push(logits.indexOf(Math.max(...logits)));
    }
    expect(written).toEqual(expected.slice(2));
    expect(new Set(written).size).toBeGreaterThan(1);
    await device.dispose();
  });

  it('refuses heads that do not share the width', () => {
    expect(() => new LectureGPT({ ...tiny, nHead: 3 })).toThrow('nHead 3 does not divide nEmbd 8');
  });
});
