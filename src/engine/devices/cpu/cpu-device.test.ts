import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { GPT } from '../../../language/models/gpt.ts';
import { dropoutKey } from '../../../language/nn/dropout.ts';
import { devices, expectClose, integers, reference, values } from '../../../testing/check.ts';
import { NanobardError } from '../../errors.ts';
import { constant } from '../../ops/constant/constant.ts';
import { mul, neg } from '../../ops/elementwise/elementwise.ts';
import { grad } from '../../ops/grad.ts';
import { matmul } from '../../ops/matmul/matmul.ts';
import { compile } from '../../program/compile.ts';
import { Generator } from '../../tensor/generator.ts';
import { Input, Variable } from '../../tensor/tensor.ts';
import { fillInputs } from '../evaluate.ts';
import { CpuDevice } from './cpu-device.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const [B, T, V] = [4, 40, 65];

/** Loss and all gradients of a GPT with dropout, from uneven extents: most kernels, several MFLOPs. */
function trainingProgram() {
  const config = { vocabSize: V, blockSize: T, nLayer: 2, nHead: 3, nEmbd: 51, dropout: 0.2, bias: true };
  const model = new GPT(config).initialize(new Generator(1));
  const loss = model.loss(new Input('x', [B, T], 'i32'), new Input('y', [B, T], 'i32'));
  const parameters = [...model.namedParameters().values()];
  const gradients = Object.fromEntries(grad(loss, parameters).map((dp, i) => [parameters[i]!.name, dp]));
  return compile({ outputs: { loss, ...gradients } });
}

const batch = {
  x: integers([B, T], V, 1).data,
  y: integers([B, T], V, 2).data,
  [dropoutKey.name]: [7, 0, 3],
};

describe('CpuDevice', () => {
  // The first test of all, so that the workers which it hears of are its own.
  it('ends its workers when it is disposed of, and cannot be used any more', async () => {
    const workers: Worker[] = [];
    process.on('worker', (worker: Worker) => workers.push(worker));
    const device = await CpuDevice.create({ threads: 3, flopsPerThread: 1 });
    const x = constant(values([128, 128]).data, [128, 128]);
    const executable = await device.load(compile({ outputs: { y: matmul(x, x) } }));
    await executable.run();
    await vi.waitFor(() => expect(workers).toHaveLength(2));
    process.removeAllListeners('worker');
    const ended = Promise.all(workers.map((worker) => once(worker, 'exit')));
    await device.dispose();
    await ended;
    expect(() => executable.run()).toThrow('the CPU device was disposed of');
  });

  it('gives the same bits for any number of threads, and with wide SIMD', async () => {
    const program = trainingProgram();
    const results = [];
    for (const threads of [1, 2, 3]) {
      const simd = threads === 3 ? 'wide' : 'relaxed';
      const device = await CpuDevice.create({ threads, flopsPerThread: 1, simd });
      const executable = await device.load(program);
      fillInputs(executable, batch);
      await executable.run();
      const outputs: Record<string, Float32Array> = {};
      for (const { name } of program.program.outputs)
        outputs[name] = (await executable.read(name)).slice() as Float32Array;
      expect(Number.isFinite(outputs.loss![0])).toBe(true);
      results.push(outputs);
      await device.dispose();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('runs again and again, whether its workers are awake or asleep', async () => {
    const device = await CpuDevice.create({ threads: 3, flopsPerThread: 1 });
    const counter = new Variable([1]);
    const x = new Input('x', [64, 64]);
    const product = matmul(x, x);
    const executable = await device.load(
      compile({ outputs: { product }, assign: [[counter, neg(counter)]] }),
    );
    const input = executable.input('x');
    for (let run = 1; run <= 300; run++) {
      if (run % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      input.fill(run);
      await executable.run();
      expect((await executable.read('product'))[64 * 64 - 1]).toBe(64 * run * run);
    }
    await device.dispose();
  });

  it('keeps variables between programs and shares them, and frees what programs took', async () => {
    const device = await CpuDevice.create({ threads: 1 });
    const w = new Variable([3], { initial: Float32Array.of(1, 2, 3) });
    const double = await device.load(compile({ assign: [[w, mul(w, new Input('factor', []))]] }));
    const before = device.bytes;
    double.input('factor')[0] = 2;
    await double.run();
    expect(Array.from((await device.evaluate(neg(w))).data)).toEqual([-2, -4, -6]);
    await device.write(w, [5, 6, 7]);
    await double.run();
    expect(Array.from(await device.read(w))).toEqual([10, 12, 14]);
    expect(device.bytes).toBe(before);
    double.dispose();
    expect(device.bytes).toBeLessThan(before);
    expect(Array.from(await device.read(w))).toEqual([10, 12, 14]);
  });

  it('says which values do not fit a variable or an input, and which names do not exist', async () => {
    for (const device of devices) {
      const w = new Variable([3], { name: 'w' });
      await expect(device.write(w, [1, 2])).rejects.toThrow('variable w holds 3 values, not 2');
      const x = new Input('x', [2]);
      await expect(device.evaluate(neg(x))).rejects.toThrow("the program's input x was given no values");
      await expect(device.evaluate(neg(x), { x: [1] })).rejects.toThrow(
        'input x holds 2 values but was given 1',
      );
      const executable = await device.load(compile({ outputs: { y: neg(x) } }));
      expect(() => executable.input('z')).toThrow('the program has no input z');
      await expect(async () => executable.read('z')).rejects.toThrow('the program has no output z');
    }
  });

  it('refuses a program that cannot fit, saying what it needs and what there is', async () => {
    const device = await CpuDevice.create({ threads: 1 });
    const x = new Input('x', [2 ** 15, 2 ** 15]); // 4 GB
    const program = compile({ outputs: { y: neg(x) } });
    const bytes = device.bytes;
    const error = (await device.load(program).catch((reason) => reason)) as NanobardError;
    expect(error).toBeInstanceOf(NanobardError);
    expect(error.code).toBe('memory');
    expect(error.message).toMatch(/^the program needs 8,193 MB but [\d,]+ MB are available$/);
    expect(device.bytes).toBe(bytes);
    expect(Array.from((await device.evaluate(neg(new Input('x', [2])), { x: [1, 2] })).data)).toEqual([
      -1, -2,
    ]);
  });

  it('works where the engine has no relaxed SIMD', async () => {
    vi.spyOn(WebAssembly, 'validate').mockReturnValueOnce(false);
    const device = await CpuDevice.create({ threads: 2, flopsPerThread: 1 });
    expect(device.simd).toBe('simd128');
    const program = trainingProgram();
    const [mine, definition] = await Promise.all([device.load(program), reference.load(program)]);
    for (const executable of [mine, definition]) {
      fillInputs(executable, batch);
      await executable.run();
    }
    for (const { name } of program.program.outputs) {
      expectClose(await mine.read(name), await definition.read(name), 2e-6, name);
    }
    await device.dispose();
    vi.resetModules(); // compiled kernels are kept
    const { CpuDevice: Fresh } = await import('./cpu-device.ts');
    vi.spyOn(WebAssembly, 'validate').mockReturnValueOnce(false);
    await expect(Fresh.create({ simd: 'relaxed' })).rejects.toThrow(
      'does not run WebAssembly with relaxed SIMD',
    );
  });

  it.each([0, 1.5, -1, 256, Number.NaN])('refuses %d threads', async (threads) => {
    await expect(CpuDevice.create({ threads })).rejects.toThrow('give a number from 1 to 255');
  });
});
