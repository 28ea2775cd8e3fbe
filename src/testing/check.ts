// What the tests of all operations share: gradients against finite differences, devices against the reference.
import fc from 'fast-check';
import { expect } from 'vitest';
import { CpuDevice } from '../engine/devices/cpu/cpu-device.ts';
import { fillInputs } from '../engine/devices/evaluate.ts';
import { ReferenceDevice } from '../engine/devices/reference/reference-device.ts';
import { add, mul } from '../engine/ops/arithmetic/arithmetic.ts';
import { constant } from '../engine/ops/constant/constant.ts';
import { grad } from '../engine/ops/grad.ts';
import { sum } from '../engine/ops/reduce/reduce.ts';
import { compile } from '../engine/program/compile.ts';
import type { DType } from '../engine/tensor/dtype.ts';
import { type Shape, sizeOf } from '../engine/tensor/shape.ts';
import { Input, type Tensor } from '../engine/tensor/tensor.ts';

/** An operand of the function under test. */
export interface Operand {
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
  readonly dtype?: DType;
}

/** One output, or several, of the given operands. */
export type Build = (...operands: Tensor[]) => Tensor | readonly Tensor[];

export const reference = new ReferenceDevice();

/** The CPU device in every flavour that may differ. */
export const cpus = [
  await CpuDevice.create({ simd: 'wide', threads: 2, flopsPerThread: 1 }),
  await CpuDevice.create({ simd: 'relaxed', threads: 2, flopsPerThread: 1 }),
  await CpuDevice.create({ simd: 'simd128', threads: 1 }),
] as const;

/** Teams of different sizes, all of whose threads take part however small the work; one has wide SIMD. */
const teams = await Promise.all(
  [1, 2, 5].map((threads) =>
    CpuDevice.create({ threads, flopsPerThread: 1, simd: threads === 2 ? 'wide' : 'relaxed' }),
  ),
);

/** Holds what several threads compute, and wide SIMD, against what one thread does, bit by bit. */
export async function checkThreads(...tensors: readonly Tensor[]): Promise<void> {
  for (const tensor of tensors) {
    const [one, ...others] = await Promise.all(teams.map((team) => team.evaluate(tensor)));
    for (const { data } of others)
      expect(data.every((value, i) => Object.is(value, one!.data[i]))).toBe(true);
  }
}

/** Pseudo-random values in [−scale, scale), the same for the same seed. */
export function values(shape: Shape, seed = 1, scale = 1): Operand {
  let state = (Math.imul(seed, 0x9e3779b9) + 0x85ebca6b) >>> 0;
  const data = Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39) >>> 0;
    return scale * ((((state ^ (state >>> 12)) >>> 0) / 2 ** 32) * 2 - 1);
  });
  return { shape, data };
}

/** Pseudo-random integers in [0, high). */
export function integers(shape: Shape, high: number, seed = 1): Operand {
  const data = Int32Array.from(values(shape, seed).data as Float32Array, (v) =>
    Math.floor(((v + 1) / 2) * high),
  );
  return { shape, data, dtype: 'i32' };
}

function graph(build: Build, operands: readonly Operand[]): { inputs: Input[]; outputs: readonly Tensor[] } {
  const inputs = operands.map(({ shape, dtype }, i) => new Input(`x${i}`, shape, dtype));
  const built = build(...inputs);
  return { inputs, outputs: Array.isArray(built) ? built : [built as Tensor] };
}

async function run(
  device: ReferenceDevice | CpuDevice,
  outputs: readonly Tensor[],
  operands: readonly Operand[],
): Promise<Float64Array[]> {
  const program = compile({ outputs: Object.fromEntries(outputs.map((tensor, i) => [`y${i}`, tensor])) });
  const executable = await device.load(program);
  fillInputs(executable, Object.fromEntries(operands.map(({ data }, i) => [`x${i}`, data])));
  await executable.run();
  const results = await Promise.all(outputs.map((_, i) => executable.read(`y${i}`)));
  const copies = results.map((result) => Float64Array.from(result));
  executable.dispose();
  return copies;
}

/** A scalar that weighs every element of the outputs differently, so that no error can hide in a sum. */
function weigh(outputs: readonly Tensor[]): Tensor {
  const terms = outputs
    .filter((output) => output.dtype === 'f32')
    .map((output, i) =>
      sum(mul(output, constant(values(output.shape, 77 + i).data as Float32Array, output.shape))),
    );
  return terms.reduce((a, b) => add(a, b));
}

/**
 * Holds the gradient of `build` with respect to its f32 operands against central differences,
 * both on the float64 reference device.
 */
export async function checkGradient(
  build: Build,
  operands: readonly Operand[],
  tolerance = 1e-6,
): Promise<void> {
  const { inputs, outputs } = graph(build, operands);
  const loss = weigh(outputs);
  const differentiable = inputs.filter((input) => input.dtype === 'f32');
  const gradients = await run(reference, grad(loss, differentiable), operands);
  const program = await reference.load(compile({ outputs: { loss } }));
  const lossAt = async (): Promise<number> => {
    program.run();
    return (await program.read('loss'))[0]!;
  };
  fillInputs(program, Object.fromEntries(operands.map(({ data }, i) => [`x${i}`, data])));
  for (const [k, input] of differentiable.entries()) {
    const memory = program.input(input.name);
    const differences = new Float64Array(memory.length);
    for (let i = 0; i < memory.length; i++) {
      const x = memory[i]!;
      const h = 1e-5 * Math.max(1, Math.abs(x));
      memory[i] = x + h;
      const above = await lossAt();
      memory[i] = x - h;
      differences[i] = (above - (await lossAt())) / (2 * h);
      memory[i] = x;
    }
    expectClose(gradients[k]!, differences, tolerance, `gradient of operand ${input.name}`);
  }
}

/** Holds every flavour of the CPU device against the reference, for the outputs and, if asked, all gradients. */
export async function checkDevices(
  build: Build,
  operands: readonly Operand[],
  options: { tolerance?: number; gradients?: boolean } = {},
): Promise<void> {
  const { inputs, outputs } = graph(build, operands);
  const differentiable = inputs.filter((input) => input.dtype === 'f32');
  const wanted =
    options.gradients === false ? outputs : [...outputs, ...grad(weigh(outputs), differentiable)];
  const expected = await run(reference, wanted, operands);
  for (const cpu of cpus) {
    const actual = await run(cpu, wanted, operands);
    actual.forEach((values, i) => {
      expectClose(values, expected[i]!, options.tolerance ?? 2e-6, `${cpu.simd} output ${i}`);
    });
  }
}

/**
 * ‖actual − expected‖ ≤ tolerance · max(‖expected‖, 0.1), and nothing is NaN where the other is not. Operands are
 * of order one, so a result that ought to vanish is as good as that.
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  expect(actual.length, what).toBe(expected.length);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i]!;
    const e = expected[i]!;
    norm += Number.isFinite(e) ? e ** 2 : 0;
    if (a !== e) difference += (a - e) ** 2;
  }
  const relative = Math.sqrt(difference) / Math.max(Math.sqrt(norm), 0.1);
  expect(relative, `${what}: relative error`).toBeLessThanOrEqual(tolerance);
}

/** Small shapes for property tests: odd sizes, ones and vector multiples alike. */
export const extent = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 4, 16, 17, 31, 33));

/** How often a property is tried; a device test runs a program each time. */
export const RUNS = { numRuns: 20 } as const;
