import { describe, expect, it } from 'vitest';
import { CpuDevice } from '../../engine/devices/cpu/cpu-device.ts';
import { fillInputs } from '../../engine/devices/evaluate.ts';
import { NanobardError } from '../../engine/errors.ts';
import { compile } from '../../engine/program/compile.ts';
import { trace } from '../../engine/program/trace.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Input } from '../../engine/tensor/tensor.ts';
import { cpus, devices, expectClose, integers, values } from '../../testing/check.ts';
import { checkParameterGradients } from '../../testing/model.ts';
import { recipes } from '../recipes/recipes.ts';
import { type ModernConfig, ModernGPT } from './modern.ts';

const tiny: ModernConfig = {
  vocabSize: 5,
  blockSize: 6,
  nLayer: 2,
  nHead: 2,
  nEmbd: 8,
  ngramOrder: 3,
  ngramRows: 7,
  dropout: 0,
};

describe('ModernGPT', () => {
  it('has the gradient that finite differences have', async () => {
    await checkParameterGradients(new ModernGPT(tiny).initialize(new Generator(1)));
    await checkParameterGradients(new ModernGPT({ ...tiny, dropout: 0.3 }).initialize(new Generator(1)));
  });

  it('is the same on every device', async () => {
    const model = new ModernGPT(tiny).initialize(new Generator(1)).eval();
    const logits = model.forward(new Input('idx', [3, 6], 'i32'));
    const outputs: ArrayLike<number>[] = [];
    for (const device of devices) {
      for (const [i, parameter] of [...model.namedParameters().values()].entries())
        await device.write(parameter, values(parameter.shape, i, 0.5).data);
      const executable = await device.load(compile({ outputs: { logits } }));
      fillInputs(executable, { idx: integers([3, 6], 5).data });
      await executable.run();
      outputs.push(Array.from(await executable.read('logits')));
    }
    for (const output of outputs) expectClose(output, outputs[0]!, 1e-6, 'logits');
    for (const device of Object.values(cpus)) device.release(model.namedParameters().values());
  });

  it('says nothing about the next token at first, and nothing of the future ever', async () => {
    const device = await CpuDevice.create({ threads: 1 });
    const model = new ModernGPT(tiny).initialize(new Generator(1)).eval();
    const logits = model.forward(new Input('idx', [1, 6], 'i32'));
    const executable = await device.load(compile({ outputs: { logits } }));
    const run = async (idx: readonly number[]): Promise<number[]> => {
      fillInputs(executable, { idx });
      await executable.run();
      return Array.from(await executable.read('logits'));
    };
    expect(new Set(await run([0, 1, 2, 3, 4, 0]))).toEqual(new Set([0]));
    for (const [i, parameter] of [...model.namedParameters().values()].entries())
      await device.write(parameter, values(parameter.shape, i).data);
    const [one, other] = [await run([0, 1, 2, 3, 4, 0]), await run([0, 1, 2, 3, 1, 2])];
    expect(other.slice(0, 4 * 5)).toEqual(one.slice(0, 4 * 5));
    expect(other.slice(4 * 5)).not.toEqual(one.slice(4 * 5));
    await device.dispose();
  });

  it('goes on from a cache, in pieces of any length, as if it read everything at once', async () => {
    const device = await CpuDevice.create({ threads: 1 });
    const model = new ModernGPT(tiny).initialize(new Generator(1)).eval();
    for (const [i, parameter] of [...model.namedParameters().values()].entries())
      await device.write(parameter, values(parameter.shape, i).data);
    const ids = integers([2, 6], 5).data;
    const piece = (from: number, to: number): number[] =>
      [0, 1].flatMap((b) => Array.from(ids as Int32Array).slice(6 * b + from, 6 * b + to));
    const whole = await device.evaluate(model.forward(new Input('idx', [2, 6], 'i32')), { idx: ids });
    const cache = model.newCache(2);
    for (const [from, to] of [
      [0, 3],
      [3, 4],
      [4, 6],
    ] as const) {
      const length = to - from;
      const { result: logits, assign } = trace(() =>
        model.forward(new Input('idx', [2, length], 'i32'), cache),
      );
      const program = compile({ outputs: { logits }, assign });
      const executable = await device.load(program);
      fillInputs(executable, { idx: piece(from, to), position: [from, from] });
      await executable.run();
      const expected = [0, 1].flatMap((b) =>
        Array.from(whole.data.slice((6 * b + from) * 5, (6 * b + to) * 5)),
      );
      expectClose(await executable.read('logits'), expected, 1e-6, `${from} to ${to}`);
    }
    await device.dispose();
  });

  it('has the parameters of its parts', () => {
    const { recipe } = recipes.fast;
    const model = new ModernGPT({ ...recipe, vocabSize: 65 });
    const { nLayer, nEmbd: C, ngramOrder, ngramRows } = recipe;
    const tables = (ngramOrder - 1) * ngramRows * C;
    expect(model.parameterCount()).toBe(2 * 65 * C + tables + nLayer * (12 * C * C + 1));
  });

  it('says which configurations and sequences make no sense', () => {
    const build = (): ModernGPT => new ModernGPT({ ...tiny, nEmbd: 6 }).initialize(new Generator(1));
    expect(build).toThrow(NanobardError);
    expect(build).toThrow('nHead 2 does not divide nEmbd 6 into even parts');
    const model = new ModernGPT(tiny).initialize(new Generator(1));
    expect(() => model.forward(new Input('idx', [1, 7], 'i32'))).toThrow(
      'a sequence of 7 tokens is longer than the block of 6',
    );
  });
});
