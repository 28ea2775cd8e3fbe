import { describe, expect, it } from 'vitest';
import { dispatchSource, findKernels, signaturesSource } from '../../../../scripts/kernel-signatures.ts';
import type { CpuTape, KernelArguments } from '../../ops/shared/kernel.ts';
import { encode } from './lower.ts';

const source = (text: string) => new Map([['src/engine/ops/x/x.wasm.ts', text]]);

describe('findKernels', () => {
  const list = 'thread: i32, threads: i32, x: usize,\n  ratio: f64, table: Words, own: PerThread, n: i32,\n';
  const kernels = findKernels(
    source(`export function scale(${list}): void {\n}\nexport function help(x: usize): void {}`),
  );

  it('reads parameters off exported functions that take a thread', () => {
    expect(kernels.map(({ name }) => name)).toEqual(['scale']);
    expect(signaturesSource(kernels)).toContain(
      "scale: { x: 'usize', ratio: 'f64', table: 'Words', own: 'PerThread', n: 'i32' }",
    );
  });

  it('takes each argument from where the tape has it', () => {
    expect(dispatchSource(kernels)).toContain(
      'kernel0(part, parts, <usize>load<u32>(args, 0), load<f64>(args, 4, 4), args + <usize>load<u32>(args, 12), ' +
        '<usize>load<u32>(args, 16) + <usize>thread * <usize>load<u32>(args, 20), load<i32>(args, 24))',
    );
  });

  it('refuses parameters that a tape cannot carry, functions of vectors without a loop, and names that are taken', () => {
    const kernel = (name: string, type: string) =>
      `export function ${name}(thread: i32, threads: i32, x: ${type}): void {\n}\n`;
    expect(() => findKernels(source(kernel('f', 'u64')))).toThrow('x.wasm.ts: f takes x of type u64');
    expect(() => findKernels(source('export function f(u: v128): v128 {\n}'))).toThrow('no loop for f(u)');
    expect(() => findKernels(source(kernel('f', 'i32') + kernel('f', 'i32')))).toThrow('has a kernel f too');
  });
});

describe('encode', () => {
  it('writes a word for each argument, in the order of the parameters', () => {
    expect(encode('softmax', { width: 3, rows: 2, y: 128, x: { address: 64 } }).slice(1)).toEqual([
      4, 64, 128, 2, 3,
    ]);
  });

  it('writes floats and doubles as their bits', () => {
    const [, count, ...words] = encode('clipScale', { norm: 64, scale: 128, maxNorm: 1 });
    expect([count, ...words]).toEqual([3, 64, 128, 0x3f800000]);
    const table = { position: 64, cosines: 128, sines: 192, step: 4, rows: 1, T: 1, half: 4 };
    expect(encode('rotaryTable', { ...table, direction: -1, ratio: 0.5 }).slice(-4)).toEqual([
      0, 0xbff00000 | 0, 0, 0x3fe00000,
    ]); // biome-ignore format: two words each
  });

  it('appends lists, and says where they begin', () => {
    const tensors = [64, 10, 128, 20];
    expect(encode('globalNormBlocks', { sums: 256, blocks: 2, tensors }).slice(1)).toEqual([
      7,
      256,
      2,
      12,
      ...tensors,
    ]);
  });

  it('is typed by the parameters', () => {
    // Checked by tsc, not run.
    const calls = (tape: CpuTape, rest: Omit<KernelArguments<'attentionRows'>, 'scores'>) => {
      // @ts-expect-error: n is missing
      tape.emit('softmax', { x: 64, y: 128, rows: 2 });
      // @ts-expect-error: there is no epsilon
      tape.emit('softmax', { x: 64, y: 128, rows: 2, n: 3, epsilon: 0 });
      // @ts-expect-error: an address is no list
      tape.emit('globalNormBlocks', { sums: 64, blocks: 1, tensors: 128 });
      // @ts-expect-error: memory that all threads share
      tape.emit('attentionRows', { ...rest, scores: tape.scratch(8) });
      // @ts-expect-error: there is no such kernel
      tape.emit('softermax', { x: 64, y: 128, rows: 2, n: 3 });
    };
    expect(calls).toBeTypeOf('function');
  });
});
