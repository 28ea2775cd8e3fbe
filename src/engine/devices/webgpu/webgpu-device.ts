import { NanobardError } from '../../errors.ts';
import { layOut } from '../../program/lay-out.ts';
import type { CompiledProgram } from '../../program/program.ts';
import { BYTES_PER_ELEMENT, type TypedArray, typedArray, type Variable } from '../../tensor/index.ts';
import { Device, type Executable, type Precision } from '../device.ts';
import type { LossScale } from '../loss-scale.ts';
import { type Memo, processMemo } from '../memo.ts';
import { type Adapter, type OpenGpu, openGpu } from './adapter.ts';
import { Banks, type Place } from './banks.ts';
import { halve } from './halve.ts';
import { DynamicLossScale } from './loss-scale.ts';
import { productsOf, traitsOf } from './lower.ts';
import { type Buffers, GpuMemory } from './memory.ts';
import { Pipelines } from './pipelines.ts';
import { prepare } from './prepare.ts';
import { TileTuner } from './tile-tuner.ts';
import { timeProgram } from './time-program.ts';
import { WebGpuExecutable } from './webgpu-executable.ts';

/** Where a variable's values are: on the GPU once a program uses it, before that on this side. */
type Home = { readonly place: Place; readonly buffers: Buffers } | { readonly values: TypedArray };

/** What gives adapters: a `GPU`. Its type is spelled out here, for who has no types of WebGPU. */
export interface GpuSource {
  requestAdapter(): Promise<object | null>;
}

export interface WebGpuOptions {
  /** By default `navigator.gpu`, or in Node the package `webgpu`. */
  readonly gpu?: GpuSource | undefined;
  /**
   * How activations and their gradients are stored; sums, weights and all else stay f32. Default 'f32'. An adapter
   * without the feature shader-f16 refuses 'f16'.
   */
  readonly dtype?: Precision | undefined;
  /** Keeps what is measured; by default as long as the process lives. */
  readonly memo?: Memo | undefined;
}

/**
 * Runs programs on a GPU by WebGPU. On one adapter the same program gives the same bits each time; other adapters round
 * differently.
 */
export class WebGpuDevice extends Device {
  readonly name = 'webgpu';
  readonly threads = 1;
  readonly notes: readonly string[];
  /** The adapter: its name, whether it is software, features and limits. */
  readonly adapter: Adapter;
  override readonly dtype: Precision;
  override readonly newLossScale: (() => LossScale) | undefined;
  private readonly memory: GpuMemory;
  private readonly pipelines: Pipelines;
  private readonly tuner: TileTuner;
  private readonly homes = new Map<Variable, Home>();
  /** Programs are loaded one after another, so that each finds the variables of those before in place. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(open: OpenGpu, memo: Memo, dtype: Precision) {
    super();
    this.dtype = dtype;
    this.newLossScale = dtype === 'f16' ? () => new DynamicLossScale() : undefined;
    const { name, software, features, bankBytes, subgroup, device } = open;
    const adapter = { name, software, features, bankBytes, subgroup };
    this.adapter = adapter;
    this.memory = new GpuMemory(open);
    this.pipelines = new Pipelines(device);
    this.tuner = new TileTuner(memo, adapter);
    this.notes = [
      ...(adapter.software
        ? [`WebGPU finds no real GPU here: ${name} computes on the processor, slower than the cpu device.`]
        : []),
      ...(dtype === 'f16' ? ['Activations and their gradients are stored as f16.'] : []),
    ];
  }

  /**
   * The best GPU of this machine, or of `gpu`.
   *
   * @throws {NanobardError} code `device` if there is none, or it has no f16 where that is asked for.
   */
  static async create({ gpu, memo = processMemo, dtype = 'f32' }: WebGpuOptions = {}): Promise<WebGpuDevice> {
    // Whatever gives adapters of WebGPU is a GPU.
    const open = await openGpu(gpu as GPU | undefined, { f16: dtype === 'f16' });
    return new WebGpuDevice(open, memo, dtype);
  }

  get bytes(): number {
    return this.memory.bytes;
  }

  load({ program: plain, variables }: CompiledProgram): Promise<Executable> {
    return this.inTurn(async () => {
      const { bankBytes, software, subgroup } = this.adapter;
      const { memory, pipelines, tuner } = this;
      const means = { memory, pipelines, bankBytes, software, subgroup };
      const { program: stored, halves } = this.dtype === 'f16' ? halve(plain) : { program: plain };
      const program = layOut(stored, traitsOf, bankBytes);
      await tuner.tune(productsOf(program, software), (product, tile) =>
        timeProgram(product, { ...means, tileFor: () => tile }),
      );
      await this.place(variables);
      const homes = variables.map((variable) => this.placed(variable));
      const tileFor = tuner.tileFor.bind(tuner);
      const parts = await prepare(program, homes, { ...means, tileFor, ...(halves && { halves }) });
      return new WebGpuExecutable(program, parts, this.memory);
    });
  }

  async read(variable: Variable): Promise<TypedArray> {
    this.memory.check();
    const home = this.homes.get(variable);
    const { dtype, size } = variable;
    if (!home) return typedArray(dtype, size, variable.initial);
    if ('values' in home) return home.values.slice();
    const bytes = await this.memory.read(
      home.buffers.of(home.place.bank),
      home.place.offset,
      BYTES_PER_ELEMENT * size,
    );
    return dtype === 'i32' ? new Int32Array(bytes) : new Float32Array(bytes);
  }

  write(variable: Variable, values: ArrayLike<number>): Promise<void> {
    return this.inTurn(async () => {
      variable.requireSize(values);
      const data = typedArray(variable.dtype, variable.size, values);
      const home = this.homes.get(variable);
      if (home && 'place' in home)
        this.memory.write(home.buffers.of(home.place.bank), home.place.offset, data);
      else this.homes.set(variable, { values: data });
    });
  }

  release(variables: Iterable<Variable>): void {
    const left = new Set<Buffers>();
    for (const variable of variables) {
      const home = this.homes.get(variable);
      if (home && 'place' in home) left.add(home.buffers);
      this.homes.delete(variable);
    }
    for (const home of this.homes.values()) if ('place' in home) left.delete(home.buffers);
    for (const buffers of left) buffers.destroy();
  }

  async dispose(): Promise<void> {
    this.memory.dispose();
    this.homes.clear();
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(() => {
      this.memory.check();
      return work();
    });
    this.last = result.catch(() => {});
    return result;
  }

  private placed(variable: Variable): { place: Place; buffers: Buffers } {
    const home = this.homes.get(variable);
    if (home && 'place' in home) return home;
    throw new NanobardError('internal', `webgpu device: variable ${variable.name} has no place`);
  }

  /** Brings variables that are not on the GPU yet there, side by side. */
  private async place(variables: readonly Variable[]): Promise<void> {
    const fresh = variables.filter((variable) => !('place' in (this.homes.get(variable) ?? {})));
    if (fresh.length === 0) return;
    const banks = new Banks(this.adapter.bankBytes);
    const places = fresh.map(({ name, size }) =>
      banks.allocate(BYTES_PER_ELEMENT * size, `variable ${name}`),
    );
    const buffers = await this.memory.allocate('the variables', banks.all);
    for (const [i, variable] of fresh.entries()) {
      const home = this.homes.get(variable);
      const place = places[i]!;
      const values = home && 'values' in home ? home.values : variable.initial;
      if (values)
        this.memory.write(
          buffers.of(place.bank),
          place.offset,
          typedArray(variable.dtype, variable.size, values),
        );
      this.homes.set(variable, { place, buffers });
    }
  }
}
