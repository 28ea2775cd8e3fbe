import { BYTES_PER_ELEMENT, type TypedArray } from '../../tensor/index.ts';
import type { GpuMemory } from './memory.ts';
import type { Region } from './prepare.ts';

/** Runs that may be under way at once. */
const SLOTS = 3;
/** Outputs of at most so many bytes, all together, come back with each run; others are read when asked for. */
const SMALL = 2 ** 20;

interface Slot {
  readonly staging: GPUBuffer | undefined;
  /** Settles when the slot's last run is over: with its outputs, if they come back with it. */
  done: Promise<ArrayBuffer> | undefined;
  free: boolean;
}

/**
 * The outputs of the last few runs on their way to this side. A run's outputs are copied to a buffer of its own by the
 * commands that compute them, so that nothing waits for a run but who reads it.
 */
export class OutputRing {
  private readonly memory: GpuMemory;
  private readonly outputs: ReadonlyMap<string, Region>;
  /** Where in a staging buffer each output lies. */
  private readonly offsets = new Map<string, number>();
  private readonly slots: readonly Slot[];
  private readonly small: boolean;
  private runs = 0;

  constructor(memory: GpuMemory, outputs: ReadonlyMap<string, Region>) {
    this.memory = memory;
    this.outputs = outputs;
    let bytes = 0;
    for (const [name, { length }] of outputs) {
      this.offsets.set(name, bytes);
      bytes += BYTES_PER_ELEMENT * length;
    }
    this.small = bytes > 0 && bytes <= SMALL;
    const staging = () => (this.small ? memory.staging(bytes) : undefined);
    this.slots = Array.from({ length: SLOTS }, () => ({ staging: staging(), done: undefined, free: true }));
  }

  /** What the next run must wait for, if too many are under way. */
  full(): Promise<unknown> | undefined {
    const next = this.slots[this.runs % SLOTS]!;
    return next.free ? undefined : next.done;
  }

  /** Appends the copies that bring the outputs back. */
  encode(encoder: GPUCommandEncoder): void {
    const { staging } = this.slots[this.runs % SLOTS]!;
    if (!staging) return;
    for (const [name, { buffer, offset, length }] of this.outputs)
      if (length > 0)
        encoder.copyBufferToBuffer(
          buffer,
          offset,
          staging,
          this.offsets.get(name)!,
          BYTES_PER_ELEMENT * length,
        );
  }

  /** To be called once the run is enqueued. */
  submitted(): void {
    const slot = this.slots[this.runs++ % SLOTS]!;
    slot.free = false;
    const { device } = this.memory;
    slot.done = slot.staging
      ? this.memory.map(slot.staging)
      : device.queue.onSubmittedWorkDone().then(() => new ArrayBuffer(0));
    const free = (): void => {
      slot.free = true;
    };
    // Who reads hears of a failure; so does the next run, from the device.
    slot.done.then(free, free);
  }

  /** An output of the last run. */
  async read(region: Region, name: string): Promise<TypedArray> {
    const { dtype, length, buffer, offset } = region;
    const last = this.runs > 0 ? this.slots[(this.runs - 1) % SLOTS]! : undefined;
    const Type = dtype === 'i32' ? Int32Array : Float32Array;
    if (this.small && last?.done) return new Type(await last.done, this.offsets.get(name), length);
    return new Type(await this.memory.read(buffer, offset, BYTES_PER_ELEMENT * length));
  }

  destroy(): void {
    for (const { staging } of this.slots) staging?.destroy();
  }
}
