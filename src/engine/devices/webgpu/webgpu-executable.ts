import { NanobardError } from '../../errors.ts';
import type { PlacedProgram } from '../../program/program.ts';
import type { TypedArray } from '../../tensor/index.ts';
import type { Executable } from '../device.ts';
import { encode } from './encode.ts';
import type { GpuMemory } from './memory.ts';
import { OutputRing } from './output-ring.ts';
import type { Parts, Step } from './prepare.ts';

/**
 * A program on a GPU. A run takes one upload and one submission, and ends when it is enqueued: its outputs follow.
 * Buffers, pipelines and bind groups are all made before the first.
 */
export class WebGpuExecutable implements Executable {
  readonly program: PlacedProgram;
  private readonly parts: Parts;
  private readonly memory: GpuMemory;
  private readonly ring: OutputRing;
  private readonly steps: readonly Step[];
  /** The last of the runs that wait for those under way. */
  private waiting: Promise<void> | undefined;
  private disposed = false;

  constructor(program: PlacedProgram, parts: Parts, memory: GpuMemory) {
    this.program = program;
    this.parts = parts;
    this.memory = memory;
    this.ring = new OutputRing(memory, parts.outputs);
    this.steps = parts.steps.flat();
  }

  input(name: string): TypedArray {
    return this.find(this.parts.inputs, 'input', name);
  }

  /** Enqueues a run. Waits only if three are under way already; what it returns then says when inputs have been read. */
  run(): Promise<void> | void {
    this.check();
    if (!this.waiting && !this.ring.full()) return this.enqueue();
    const turn = this.enqueueAfter(this.waiting);
    this.waiting = turn;
    const over = (): void => {
      if (this.waiting === turn) this.waiting = undefined;
    };
    turn.then(over, over);
    return turn;
  }

  async profile(): Promise<readonly number[]> {
    await this.waiting;
    await this.ring.full();
    this.check();
    this.upload();
    const { queue } = this.memory.device;
    const times: number[] = [];
    await queue.onSubmittedWorkDone();
    for (const steps of this.parts.steps) {
      const begin = performance.now();
      const encoder = this.memory.device.createCommandEncoder();
      encode(encoder, steps);
      queue.submit([encoder.finish()]);
      await queue.onSubmittedWorkDone();
      times.push(performance.now() - begin);
    }
    const encoder = this.memory.device.createCommandEncoder();
    this.ring.encode(encoder);
    queue.submit([encoder.finish()]);
    this.ring.submitted();
    this.memory.check();
    return times;
  }

  /** Which run is the last is decided here, before anything is waited for: others may follow. */
  async read(name: string): Promise<TypedArray> {
    if (this.waiting) await this.waiting;
    return this.ring.read(this.find(this.parts.outputs, 'output', name), name);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.parts.buffers.destroy();
    this.ring.destroy();
  }

  private async enqueueAfter(before: Promise<void> | undefined): Promise<void> {
    await before;
    await this.ring.full();
    this.enqueue();
  }

  private enqueue(): void {
    this.check();
    this.upload();
    const encoder = this.memory.device.createCommandEncoder();
    encode(encoder, this.steps);
    this.ring.encode(encoder);
    this.memory.device.queue.submit([encoder.finish()]);
    this.ring.submitted();
  }

  private upload(): void {
    const { values, buffer } = this.parts.upload;
    if (buffer) this.memory.write(buffer, 0, values);
  }

  private find<T>(parts: ReadonlyMap<string, T>, kind: string, name: string): T {
    this.check();
    const part = parts.get(name);
    if (!part) throw new NanobardError('argument', `the program has no ${kind} ${name}`);
    return part;
  }

  private check(): void {
    if (this.disposed)
      throw new NanobardError('device', 'the program was disposed of and cannot be used any more');
    this.memory.check();
  }
}
