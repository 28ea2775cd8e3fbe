// What the model of many cores is made of: the pieces of a training step, and what it costs to wait for each other.
import { CpuDevice } from '../../src/engine/devices/cpu/cpu-device.ts';
import { assemble } from '../../src/engine/devices/cpu/cpu-executable.ts';
import { fuse } from '../../src/engine/devices/cpu/fuse.ts';
import { instantiate } from '../../src/engine/devices/cpu/kernels.ts';
import { HEAP } from '../../src/engine/devices/cpu/local-runner.ts';
import { traitsOf } from '../../src/engine/devices/cpu/lower.ts';
import type { Content } from '../../src/engine/devices/cpu/runner.ts';
import { compileKernels } from '../../src/engine/devices/cpu/simd.ts';
import { Device, type Executable } from '../../src/engine/devices/device.ts';
import { measureBandwidth } from '../../src/engine/devices/peak.ts';
import { layerNorm } from '../../src/engine/ops/index.ts';
import { PANEL_COLUMNS, WIDE_PANEL_COLUMNS } from '../../src/engine/ops/matmul/constants.ts';
import { compile } from '../../src/engine/program/compile.ts';
import { layOut } from '../../src/engine/program/lay-out.ts';
import type { CompiledProgram, PlacedProgram } from '../../src/engine/program/program.ts';
import { sizeOf, type Tensor, type TypedArray, Variable } from '../../src/engine/tensor/index.ts';
import { createTraining, type TrainingOptions } from '../../src/language/recipes/training.ts';
import { median } from '../common/results.ts';

/** One kernel call of a step. */
export interface Call {
  readonly op: string;
  /** Of what it writes. */
  readonly shape: string;
  /** Whether it waits until all calls before are done. */
  readonly waits: boolean;
  /** Of its instruction's operands, as far as one core can have read or written them in that time. */
  readonly bytes: number;
  /** Milliseconds that each takes. */
  readonly pieces: readonly number[];
}

/** A training step with all values that it works on. */
export interface Step {
  readonly program: PlacedProgram;
  readonly panelColumns: number;
  readonly simd: CpuDevice['simd'];
  readonly variables: readonly TypedArray[];
  readonly inputs: ReadonlyMap<string, ArrayLike<number>>;
  /** Of memory, in all. */
  readonly bytes: number;
  /** Milliseconds of real steps on one thread, then on two. */
  readonly measured: readonly (readonly number[])[];
}

/** Steps before times count, and while they do. */
const WARM_UP = 5;
const STEPS = 15;
/** How often each piece is timed; the median counts. */
const ROUNDS = 7;

/** The CPU device, which remembers the largest program that it was given. */
class Recorder extends Device {
  readonly name = 'cpu';
  readonly notes: readonly string[] = [];
  largest: { readonly compiled: CompiledProgram; readonly executable: Executable } | undefined;
  readonly cpu: CpuDevice;

  constructor(cpu: CpuDevice) {
    super();
    this.cpu = cpu;
  }

  get threads(): number {
    return this.cpu.threads;
  }

  get bytes(): number {
    return this.cpu.bytes;
  }

  async load(compiled: CompiledProgram): Promise<Executable> {
    const executable = await this.cpu.load(compiled);
    if (compiled.program.flops > (this.largest?.compiled.program.flops ?? 0))
      this.largest = { compiled, executable };
    return executable;
  }

  read(variable: Variable): Promise<TypedArray> {
    return this.cpu.read(variable);
  }

  write(variable: Variable, values: ArrayLike<number>): Promise<void> {
    return this.cpu.write(variable, values);
  }

  release(variables: Iterable<Variable>): void {
    this.cpu.release(variables);
  }

  dispose(): Promise<void> {
    return this.cpu.dispose();
  }
}

/** Milliseconds of real steps on so many threads, and the device, which still holds the step's program and its values. */
async function timeSteps(
  options: Omit<TrainingOptions, 'device'>,
  threads: number,
): Promise<{ device: Recorder; times: number[] }> {
  const device = new Recorder(await CpuDevice.create({ threads }));
  const { trainer, recipe } = await createTraining({ ...options, device });
  const times: number[] = [];
  for (let i = 1; i <= WARM_UP + STEPS; i++) {
    const batches = trainer.nextBatches();
    const begin = performance.now();
    await trainer.training.run(i, recipe.learningRate, batches);
    if (i > WARM_UP) times.push(performance.now() - begin);
  }
  return { device, times };
}

/** Trains for some steps on one thread, then on two, and keeps the step's program and its values. */
export async function recordStep(options: Omit<TrainingOptions, 'device'>): Promise<Step> {
  const alone = await timeSteps(options, 1);
  await alone.device.dispose();
  const { device, times } = await timeSteps(options, 2);
  const { compiled, executable } = device.largest!;
  const { simd, bytes } = device.cpu;
  const variables = await Promise.all(compiled.variables.map((variable) => device.read(variable)));
  const inputs = new Map(compiled.program.inputs.map(({ name }) => [name, executable.input(name).slice()]));
  await device.dispose();
  return {
    program: layOut(fuse(compiled.program, traitsOf), traitsOf),
    panelColumns: simd === 'wide' ? WIDE_PANEL_COLUMNS : PANEL_COLUMNS,
    ...{ simd, bytes, variables, inputs },
    measured: [alone.times, times],
  };
}

/** The step's calls, cut as for so many threads, each piece timed on this one, which has such a bandwidth. */
export async function piecesOf(step: Step, threads: number, bandwidth: number): Promise<readonly Call[]> {
  const { program, panelColumns, simd, inputs } = step;
  let end = HEAP;
  const allocate = (bytes: number): number => {
    const address = end;
    end += Math.ceil(bytes / 256) * 256 + 256;
    return address;
  };
  const addresses = step.variables.map(({ byteLength }) => allocate(byteLength));
  const {
    marks,
    contents,
    inputs: slots,
  } = assemble(program, addresses, allocate, { threads, panelColumns, blas: false });
  const memory = new WebAssembly.Memory({
    initial: Math.ceil(end / 65536) + 1,
    maximum: 65536,
    shared: true,
  });
  const kernels = instantiate(await compileKernels(simd, true), memory, undefined);
  const put = ({ address, dtype }: Content['region'], values: ArrayLike<number>): void => {
    const View = dtype === 'f32' ? Float32Array : Int32Array;
    new View(memory.buffer, address, values.length).set(values);
  };
  for (const { region, values } of contents) put(region, values);
  for (const [i, values] of step.variables.entries()) {
    const dtype = values instanceof Float32Array ? 'f32' : 'i32';
    put({ address: addresses[i]!, dtype, length: values.length }, values);
  }
  for (const [name, values] of inputs) put(slots.get(name)!.region, values);

  const words = new Int32Array(memory.buffer);
  const calls: (Omit<Call, 'pieces'> & { tape: number; times: number[][] })[] = [];
  for (const [i, { op, inputs: reads, outputs: writes }] of program.instructions.entries()) {
    const bytes = [...reads, ...writes].reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
    const shape = writes.map((view) => view.shape.join('×')).join(' ');
    for (let tape = marks[i]!; tape < marks[i + 1]!; ) {
      // A call's head and how long it is: see tape.wasm.ts.
      const [, count, share, waits] = words.subarray(tape / 4, tape / 4 + 4);
      const times = Array.from({ length: share! * threads }, () => []);
      calls.push({ op, shape, waits: waits !== 0, bytes: tape === marks[i] ? bytes : 0, tape, times });
      tape += 16 + 4 * count!;
    }
  }
  for (let round = 0; round < ROUNDS; round++)
    for (const { tape, times } of calls)
      for (let part = 0; part < times.length; part++) {
        const begin = performance.now();
        kernels.runPiece(tape, part, times.length);
        times[part]!.push(performance.now() - begin);
      }
  return calls.map(({ tape: _, times, bytes, ...call }) => {
    const pieces = times.map(median);
    const busy = pieces.reduce((sum, ms) => sum + ms, 0);
    return { ...call, pieces, bytes: Math.min(bytes, bandwidth * busy) };
  });
}

/** Bytes a millisecond that one core reads and writes. */
export async function bandwidthOfOne(): Promise<number> {
  const device = await CpuDevice.create({ threads: 1 });
  const bandwidth = await measureBandwidth(device);
  await device.dispose();
  return 1e6 * bandwidth;
}

/** Milliseconds that two threads pay for a wait: in a chain of calls with little to do, what they take beyond half of one's. */
export async function measureBarrier(): Promise<number> {
  const links = 500;
  const times: number[] = [];
  for (const threads of [1, 2]) {
    const device = await CpuDevice.create({ threads, flopsPerThread: 1 });
    const weight = new Variable([64], { initial: new Float32Array(64).fill(1) });
    let value: Tensor = new Variable([16, 64], { initial: Float32Array.from({ length: 1024 }, Math.sin) });
    for (let i = 0; i < links; i++) value = layerNorm(value, weight);
    const executable = await device.load(compile({ outputs: { value } }));
    const runs: number[] = [];
    for (let i = 0; i < 600; i++) {
      const begin = performance.now();
      await executable.run();
      runs.push(performance.now() - begin);
    }
    times.push(median(runs.slice(400)) / links); // before, engines compile anew
    await device.dispose();
  }
  return times[1]! - times[0]! / 2;
}
