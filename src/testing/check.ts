// What the tests of all operations share: gradients against finite differences, devices against the reference.
import fc from 'fast-check';
import { expect } from 'vitest';
import { CpuDevice, type CpuOptions } from '../engine/devices/cpu/cpu-device.ts';
import type { SimdLevel } from '../engine/devices/cpu/simd.ts';
import type { Device } from '../engine/devices/device.ts';
import { fillInputs } from '../engine/devices/evaluate.ts';
import { ReferenceDevice } from '../engine/devices/reference/reference-device.ts';
import { constant } from '../engine/ops/constant/constant.ts';
import { add, mul } from '../engine/ops/elementwise/elementwise.ts';
import { grad } from '../engine/ops/grad.ts';
import { sum } from '../engine/ops/reduce/reduce.ts';
import { compile } from '../engine/program/compile.ts';
import { type DType, Generator, Input, type Shape, sizeOf, type Tensor } from '../engine/tensor/index.ts';

/** How much worse than all together, by `expectClose`'s measures, one element may be. */
const SPREAD = 4;

/** What should vanish is as good as this: operands are of order one. */
const FLOOR = 0.1;

/** An operand of the function under test. */
export interface Operand {
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
  readonly dtype?: DType;
}

/** One output, or several, of the given operands. */
export type Build = (...operands: Tensor[]) => Tensor | readonly Tensor[];

export const reference = new ReferenceDevice();

/** A CPU device all of whose threads take part, however small the work. */
function cpu(options: CpuOptions): Promise<CpuDevice> {
  return CpuDevice.create({ flopsPerThread: 1, ...options });
}

/** The CPU device with each instruction set. */
export const cpus = {
  wide: await cpu({ simd: 'wide', threads: 2 }),
  relaxed: await cpu({ simd: 'relaxed', threads: 2 }),
  simd128: await cpu({ simd: 'simd128', threads: 1 }),
} as const satisfies Record<SimdLevel, CpuDevice>;

/** Every device, the reference first. */
export const devices: readonly (ReferenceDevice | CpuDevice)[] = [reference, ...Object.values(cpus)];

/** Teams of different sizes, one of them with wide SIMD. */
const teams = await Promise.all([
  cpu({ simd: 'relaxed', threads: 1 }),
  cpu({ simd: 'wide', threads: 2 }),
  cpu({ simd: 'relaxed', threads: 5 }),
]);

/** Holds what several threads compute, and wide SIMD, against what one thread does, bit by bit. */
export async function checkThreads(...tensors: readonly Tensor[]): Promise<void> {
  for (const tensor of tensors) {
    const [one, ...others] = await Promise.all(teams.map((team) => team.evaluate(tensor)));
    for (const { data } of others)
      expect(data.every((value, i) => Object.is(value, one!.data[i]))).toBe(true);
  }
}

/** Uniform values in [−scale, scale), the same for the same seed. */
export function values(shape: Shape, seed = 1, scale = 1): Operand & { readonly data: Float32Array } {
  return { shape, data: new Generator(seed).uniform(sizeOf(shape), -scale, scale) };
}

/** Integers in [0, high), the same for the same seed. */
export function integers(shape: Shape, high: number, seed = 1): Operand & { readonly data: Int32Array } {
  return { shape, data: new Generator(seed).randint(0, high, sizeOf(shape)), dtype: 'i32' };
}

function graph(build: Build, operands: readonly Operand[]): { inputs: Input[]; outputs: readonly Tensor[] } {
  const inputs = operands.map(({ shape, dtype }, i) => new Input(`x${i}`, shape, dtype));
  const built = build(...inputs);
  return { inputs, outputs: Array.isArray(built) ? built : [built as Tensor] };
}

async function run(
  device: Device,
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
  const terms: Tensor[] = outputs
    .filter((output) => output.dtype === 'f32')
    .map((output, i) => sum(mul(output, constant(values(output.shape, 77 + i).data, output.shape))));
  return terms.reduce((a, b) => add(a, b));
}

/**
 * Holds the gradient of `build` with respect to its f32 operands against central differences,
 * both on the float64 reference device. A difference over 2h is off by h² · |f‴| / 6 and by 1e-16 · |f| / h, with h of
 * 1e-5 some 1e-10.
 */
export async function checkGradient(
  build: Build,
  operands: readonly Operand[],
  tolerance = 1e-8,
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
    expectClose(gradients[k]!, differences, tolerance, `gradient of operand ${input.name}`, FLOOR);
  }
}

/**
 * Holds every flavour of the CPU device, or the one given, against the reference, for the outputs and, unless told
 * otherwise, all gradients.
 * A float32 is right to 6e-8; what sums a few hundred of them pairwise or in lanes stays within 5e-7.
 */
export async function checkDevices(
  build: Build,
  operands: readonly Operand[],
  options: { tolerance?: number; gradients?: boolean; device?: Device } = {},
): Promise<void> {
  const { inputs, outputs } = graph(build, operands);
  const differentiable = inputs.filter((input) => input.dtype === 'f32');
  const wanted =
    options.gradients === false ? outputs : [...outputs, ...grad(weigh(outputs), differentiable)];
  const expected = await run(reference, wanted, operands);
  const tested = options.device ? { gpu: options.device } : cpus;
  for (const [name, device] of Object.entries(tested)) {
    const actual = await run(device, wanted, operands);
    actual.forEach((values, i) => {
      expectClose(values, expected[i]!, options.tolerance ?? 1e-6, `${name} output ${i}`, FLOOR);
    });
  }
}

/**
 * ‖actual − expected‖ ≤ tolerance · ‖expected‖ in the Euclidean norm, and no element is further off than
 * SPREAD · tolerance times the largest: rounding errors are spread
 * evenly, and one wrong element does not hide among a million good ones.
 * What is infinite or NaN must be the same. Where operands of order one should cancel, `floor` says how long
 * `expected` counts as at least.
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
  floor = 0,
): void {
  expect(actual.length, what).toBe(expected.length);
  let [difference, norm, furthest, largest] = [0, 0, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (Number.isFinite(e)) {
      norm = Math.hypot(norm, e);
      largest = Math.max(largest, Math.abs(e));
    }
    if (a === e || (Number.isNaN(a) && Number.isNaN(e))) continue;
    difference = Math.hypot(difference, a - e);
    furthest = Math.max(furthest, Math.abs(a - e));
  }
  expect(difference, `${what}: error of all, ‖expected‖ being ${norm}`).toBeLessThanOrEqual(
    tolerance * Math.max(norm, floor),
  );
  expect(furthest, `${what}: error of an element, the largest being ${largest}`).toBeLessThanOrEqual(
    SPREAD * tolerance * Math.max(largest, floor),
  );
}

/** Small shapes for property tests: odd sizes, ones and vector multiples alike. */
export const extent = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 4, 16, 17, 31, 33));

/** How often a property is tried; a device test runs a program each time. */
export const RUNS = { numRuns: 40 } as const;
