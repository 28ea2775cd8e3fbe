import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { devices, reference } from '../../testing/check.ts';
import { placedOnCpu } from '../../testing/program.ts';
import type { Device } from '../devices/device.ts';
import { fillInputs } from '../devices/evaluate.ts';
import { adamW } from '../ops/adamw/adamw.ts';
import { attention } from '../ops/attention/attention.ts';
import { cacheWrite } from '../ops/cache-write/cache-write.ts';
import { constant, scalar } from '../ops/constant/constant.ts';
import { dropout } from '../ops/dropout/dropout.ts';
import { add, neg, relu } from '../ops/elementwise/elementwise.ts';
import { grad } from '../ops/grad.ts';
import { matmul } from '../ops/matmul/matmul.ts';
import { sum } from '../ops/reduce/reduce.ts';
import { crossEntropy } from '../ops/softmax/softmax.ts';
import { reshape, slice, transpose } from '../ops/views/views.ts';
import { Input, type Tensor, Variable } from '../tensor/tensor.ts';
import { type Assignment, type CompileOptions, compile } from './compile.ts';
import type { CompiledProgram, Program } from './program.ts';

const ops = (program: CompiledProgram): string[] => placedOnCpu(program).instructions.map(({ op }) => op);

const matrix = (first: number): Variable =>
  new Variable([1, 2, 2], { initial: Float32Array.from({ length: 4 }, (_, i) => first + i) });

const zero = (): Tensor => constant(Int32Array.of(0), []);

/** Row 0 of a (1, 2, 2) variable replaced by row 0 of `from`: an operation that works in place. */
const overwrite = (variable: Tensor, from: Tensor): Tensor =>
  cacheWrite(variable, slice(from, 1, 0, 1), zero());

const set = (variable: Variable, value: Tensor): Assignment => [variable, value];

/** Outputs of one run, then the variables, on the reference and on a CPU device that gives the same. */
async function run(options: CompileOptions, variables: readonly Variable[]): Promise<number[][]> {
  const program = compile(options);
  const results: number[][][] = [];
  for (const device of devices) {
    const executable = await device.load(program);
    await executable.run();
    const outputs = await Promise.all(
      Object.keys(options.outputs ?? {}).map((name) => executable.read(name)),
    );
    const copies = outputs.map((values) => Array.from(values));
    for (const variable of variables) copies.push(Array.from(await device.read(variable)));
    executable.dispose();
    results.push(copies);
  }
  expect(results[1]).toEqual(results[0]);
  return results[0]!;
}

describe('compile: assignments', () => {
  it('swaps two variables', async () => {
    const [a, b] = [matrix(0), matrix(10)];
    expect(await run({ assign: [set(a, b), set(b, a)] }, [a, b])).toEqual([
      [10, 11, 12, 13],
      [0, 1, 2, 3],
    ]);
  });

  it('lets an assignment in place wait for those who read the old value, also through views', async () => {
    const a = matrix(0);
    const written = overwrite(a, constant(Float32Array.of(8, 9, 0, 0), [1, 2, 2]));
    const doubled = add(a, a);
    const turned = neg(transpose(a, 1, 2));
    const program = compile({ outputs: { doubled, turned }, assign: [set(a, written)] });
    const last = placedOnCpu(program).instructions.at(-1)!;
    expect(last.op).toBe('cache-write');
    expect(last.inputs[0]!.buffer).toBe(last.outputs[0]!.buffer);
    expect(await run({ outputs: { doubled, turned }, assign: [set(a, written)] }, [a])).toEqual([
      [0, 2, 4, 6],
      [-0, -2, -1, -3],
      [8, 9, 2, 3],
    ]);
  });

  it('does not work in place where the old value is needed after the new one', async () => {
    const a = matrix(0);
    const written = overwrite(a, constant(Float32Array.of(8, 9, 0, 0), [1, 2, 2]));
    const both = add(written, a);
    expect(await run({ outputs: { both }, assign: [set(a, written)] }, [a])).toEqual([
      [8, 10, 4, 6],
      [8, 9, 2, 3],
    ]);
  });

  it('does not work in place where an operand lies in the memory that is overwritten', async () => {
    const a = new Variable([1, 3, 1], { initial: Float32Array.of(1, 2, 3) });
    const moved = cacheWrite(a, slice(a, 1, 0, 2), constant(Int32Array.of(1), []));
    expect(await run({ assign: [set(a, moved)] }, [a])).toEqual([[1, 1, 2]]);
  });

  it('computes what does not come from the old value in its memory, when those have read that who need it', async () => {
    const [a, kept] = [matrix(0), matrix(20)];
    const fresh = neg(a);
    const sum = add(relu(kept), a);
    const options = { outputs: { sum }, assign: [set(kept, fresh)] };
    expect(ops(compile(options))).toEqual(['relu', 'add', 'neg']);
    expect(await run(options, [kept])).toEqual([
      [20, 22, 24, 26],
      [-0, -1, -2, -3],
    ]);
  });

  it('computes only one of two there that are made from each other', async () => {
    const [a, b] = [matrix(0), matrix(10)];
    const assign = [set(a, neg(b)), set(b, neg(a))];
    expect(ops(compile({ assign }))).toEqual(['neg', 'neg', 'contiguous']);
    expect(await run({ assign }, [a, b])).toEqual([
      [-10, -11, -12, -13],
      [-0, -1, -2, -3],
    ]);
  });

  it('keeps apart variables that are updated from one another', async () => {
    const [a, b] = [matrix(0), matrix(10)];
    const assign = [set(a, overwrite(a, b)), set(b, overwrite(b, a))];
    expect(await run({ assign }, [a, b])).toEqual([
      [10, 11, 2, 3],
      [0, 1, 12, 13],
    ]);
  });

  it('takes the old value of a variable that is also updated, plain or as a view', async () => {
    const [a, b] = [matrix(0), matrix(10)];
    const written = overwrite(b, constant(new Float32Array(4), [1, 2, 2]));
    expect(await run({ assign: [set(a, transpose(b, 1, 2)), set(b, written)] }, [a, b])).toEqual([
      [10, 12, 11, 13],
      [0, 0, 12, 13],
    ]);
    const c = matrix(20);
    expect(await run({ assign: [set(c, transpose(c, 1, 2))] }, [c])).toEqual([[20, 22, 21, 23]]);
  });

  it('gives one value to several variables', async () => {
    const [a, b] = [matrix(0), matrix(10)];
    const written = overwrite(a, b);
    expect(await run({ outputs: { written }, assign: [set(a, written), set(b, written)] }, [a, b])).toEqual(
      new Array(3).fill([10, 11, 2, 3]),
    );
  });

  it('refuses values of another type, and two values for one variable', () => {
    const a = new Variable([2, 3], { name: 'a' });
    expect(() => compile({ assign: [set(a, new Input('x', [3, 2]))] })).toThrow(
      'variable a is assigned a tensor of another type',
    );
    expect(() => compile({ assign: [set(a, new Input('x', [2, 3], 'i32'))] })).toThrow('another type');
    const x = new Input('x', [2, 3]);
    expect(() => compile({ assign: [set(a, x), set(a, neg(x))] })).toThrow('variable a is assigned twice');
  });
});

describe('compile: outputs', () => {
  it('are row-major whatever view they are', async () => {
    const a = matrix(0);
    const outputs = { turned: transpose(a, 1, 2), row: slice(a, 1, 1, 2), all: reshape(a, [4]) };
    expect(await run({ outputs }, [])).toEqual([
      [0, 2, 1, 3],
      [2, 3],
      [0, 1, 2, 3],
    ]);
  });

  it('of a variable that is assigned show its old value, however it is assigned and seen', async () => {
    for (const see of [
      (a: Tensor) => a,
      (a: Tensor) => reshape(a, [4]),
      (a: Tensor) => reshape(transpose(a, 1, 2), [1, 4]),
    ]) {
      const [a, b] = [matrix(0), matrix(10)];
      const written = overwrite(b, constant(new Float32Array(4), [1, 2, 2]));
      const outputs = { a: see(a), b: see(b) };
      const [seenA, seenB, ...variables] = await run({ outputs, assign: [set(a, neg(a)), set(b, written)] }, [
        a,
        b,
      ]);
      expect(seenA!.toSorted()).toEqual([0, 1, 2, 3]);
      expect(seenB!.toSorted()).toEqual([10, 11, 12, 13]);
      expect(variables).toEqual([
        [-0, -1, -2, -3],
        [0, 0, 12, 13],
      ]);
    }
  });

  it('and assigned values are what they are on their own: property of random graphs', async () => {
    const pick = fc.nat(100);
    const step = fc.record({ op: fc.nat(5), left: pick, right: pick });
    const graph = fc.record({
      steps: fc.array(step, { maxLength: 10 }),
      outputs: fc.array(pick, { maxLength: 3 }),
      // For each variable nothing, any tensor, or the last one that may be made in place.
      assign: fc.array(fc.oneof(fc.constantFrom('nothing', 'in place'), pick), {
        minLength: 3,
        maxLength: 3,
      }),
    });
    await fc.assert(
      fc.asyncProperty(graph, async ({ steps, outputs, assign }) => {
        const variables = [matrix(0), matrix(10), matrix(20)];
        const tensors: Tensor[] = [...variables];
        const at = (i: number): Tensor => tensors[i % tensors.length]!;
        for (const { op, left, right } of steps) {
          const [x, y] = [at(left), at(right)];
          const variable = variables[left % 3]!;
          const made = [
            () => add(x, y),
            () => neg(x),
            () => transpose(x, 1, 2),
            () => reshape(reshape(x, [4]), [1, 2, 2]),
            () => overwrite(variable, y),
            () => cacheWrite(variable, reshape(y, [1, 2, 2]), constant(Int32Array.of(1), [])),
          ];
          tensors.push(made[op]!());
        }
        const chosen = Object.fromEntries(outputs.map((i, n) => [`y${n}`, at(i)]));
        const assigned = variables.flatMap((variable, v): Assignment[] => {
          const choice = assign[v]!;
          if (typeof choice === 'number') return [set(variable, at(choice))];
          const made = tensors.findLast(
            ({ node }) => node?.operation.name === 'cache-write' && node.inputs[0] === variable,
          );
          return choice === 'in place' && made ? [set(variable, made)] : [];
        });
        const expected: number[][] = [];
        for (const tensor of Object.values(chosen))
          expected.push(Array.from((await reference.evaluate(tensor)).data));
        for (const variable of variables) {
          const value = assigned.find(([target]) => target === variable)?.[1] ?? variable;
          expected.push(Array.from((await reference.evaluate(value)).data));
        }
        expect(await run({ outputs: chosen, assign: assigned }, variables)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});

describe('compile: what the program holds', () => {
  it('leaves out what nothing needs', () => {
    const x = new Input('x', [3]);
    const y = new Input('unused', [3]);
    const wanted = relu(x);
    neg(add(wanted, y));
    const program = compile({ outputs: { wanted } });
    expect(ops(program)).toEqual(['relu']);
    expect(program.program.inputs.map(({ name }) => name)).toEqual(['x']);
  });

  it('computes what several need once', () => {
    const shared = neg(new Input('x', [3]));
    expect(ops(compile({ outputs: { a: relu(shared), b: add(shared, shared) } }))).toEqual([
      'neg',
      'relu',
      'add',
    ]);
  });

  it('gives inputs of one name one slot, and refuses those of different type', async () => {
    const total = add(new Input('x', [2]), neg(new Input('x', [2])));
    const program = compile({ outputs: { total } });
    expect(program.program.inputs).toEqual([{ name: 'x', shape: [2], dtype: 'f32' }]);
    const executable = await reference.load(program);
    fillInputs(executable, { x: [3, 4] });
    await executable.run();
    expect(Array.from(await executable.read('total'))).toEqual([0, 0]);
    expect(() => compile({ outputs: { a: new Input('x', [2]), b: new Input('x', [3]) } })).toThrow(
      'two inputs of different type are named x',
    );
    expect(() => compile({ outputs: { a: new Input('x', [2]), b: new Input('x', [2], 'i32') } })).toThrow(
      'named x',
    );
  });

  it('knows its bytes and floating-point operations', () => {
    const w = new Variable([8, 16]);
    const y = matmul(new Input('x', [4, 8]), w);
    const program = placedOnCpu(compile({ outputs: { y: add(y, constant(new Float32Array(64), [4, 16])) } }));
    expect(program.flops).toBe(2 * 4 * 8 * 16 + 4 * 16);
    expect(program.arenaBytes).toBe(2 * 256);
  });

  it('copies views only for kernels that cannot read them, and once', () => {
    const x = new Input('x', [4, 6]);
    const turned = transpose(x, 0, 1);
    expect(ops(compile({ outputs: { y: matmul(turned, x) } }))).toEqual(['matmul']);
    expect(ops(compile({ outputs: { y: relu(slice(x, 0, 1, 3)) } }))).toEqual(['relu']); // rows lie together
    expect(ops(compile({ outputs: { y: relu(slice(x, 1, 1, 3)) } }))).toEqual(['contiguous', 'relu']);
    const three = { a: relu(turned), b: relu(turned), c: turned };
    expect(ops(compile({ outputs: three }))).toEqual(['contiguous', 'relu', 'relu']);
  });

  it('lets attention read rows that lie apart, but not columns', () => {
    const x = slice(new Input('x', [2, 8, 2, 4]), 1, 2, 6);
    expect(ops(compile({ outputs: { y: attention(x, x, x) } }))).toEqual(['attention']);
    const turned = transpose(new Input('x', [2, 4, 2, 8]), 2, 3);
    expect(ops(compile({ outputs: { y: attention(turned, turned, turned) } }))).toEqual([
      'contiguous',
      'attention',
    ]);
  });

  it('numbers dropout sites in order of appearance, gradients like their operation', () => {
    const trace = (): number[] => {
      const x = new Input('x', [2, 3]);
      const key = new Input('key', [3], 'i32');
      dropout(x, 0.5, key); // numbered when it is written, but not part of the program
      const loss = sum(dropout(relu(dropout(x, 0.5, key)), 0.5, key));
      const program = compile({ outputs: { loss, dx: grad(loss, [x])[0]! } });
      return program.program.instructions.flatMap(
        ({ attributes }) => (attributes.site as number | undefined) ?? [],
      );
    };
    expect(trace()).toEqual([0, 1, 1, 0]);
    expect(trace()).toEqual([0, 1, 1, 0]);
  });
});

describe('a program is plain data', () => {
  /** A training step with everything that a program holds: constants, inputs, views, state, random numbers. */
  const weights = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));
  function training(): CompiledProgram {
    const w = new Variable([4, 3], { name: 'w', initial: weights });
    const [m, v] = [new Variable([4, 3], { name: 'm' }), new Variable([4, 3], { name: 'v' })];
    const x = dropout(new Input('x', [5, 4]), 0.25, constant(Int32Array.of(1, 2, 3)));
    const logits = add(matmul(x, w), transpose(constant(weights.slice(0, 3), [3, 1]), 0, 1));
    const loss = crossEntropy(logits, new Input('y', [5], 'i32'));
    const updated = adamW(
      {
        parameter: w,
        gradient: grad(loss, [w])[0]!,
        m,
        v,
        learningRate: scalar(0.1),
        step: new Input('step', [], 'i32'),
        gradientScale: scalar(1),
      },
      { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 },
    );
    const assign = [set(w, updated.parameter), set(m, updated.m), set(v, updated.v)];
    return compile({ outputs: { loss }, assign });
  }

  /** What three steps give: losses, then the variables. */
  async function train(device: Device, compiled: CompiledProgram): Promise<number[][]> {
    const executable = await device.load(compiled);
    const results: number[][] = [];
    for (let step = 1; step <= 3; step++) {
      const x = Array.from({ length: 20 }, (_, i) => Math.cos(step * i));
      fillInputs(executable, { x, y: [0, 1, 2, 0, 1], step: [step] });
      await executable.run();
      results.push(Array.from(await executable.read('loss')));
    }
    for (const variable of compiled.variables) results.push(Array.from(await device.read(variable)));
    executable.dispose();
    return results;
  }

  /** The same program with variables of its own in its slots. */
  const loaded = (program: Program): CompiledProgram => ({
    program,
    variables: program.variables.map(
      ({ name, shape, dtype }) =>
        new Variable(shape, { name, dtype, ...(name === 'w' && { initial: weights }) }),
    ),
  });

  it('that runs the same after it was copied, or sent to a worker and back', async () => {
    const original = training();
    const worker = new Worker(
      "const { parentPort } = require('node:worker_threads'); parentPort.on('message', (m) => parentPort.postMessage(m));",
      { eval: true },
    );
    const back = new Promise<Program>((resolve) => void worker.once('message', resolve));
    worker.postMessage(original.program);
    const copies = [structuredClone(original.program), await back];
    await worker.terminate();
    for (const copy of copies) expect(copy).toEqual(original.program);
    for (const device of devices) {
      const expected = await train(device, original);
      expect(expected[0]).not.toEqual(expected[2]);
      for (const copy of copies) expect(await train(device, loaded(copy))).toEqual(expected);
    }
  });
});
