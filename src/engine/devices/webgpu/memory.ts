import { NanobardError } from '../../errors.ts';
import type { GpuBank } from '../../ops/shared/webgpu.ts';
import type { TypedArray } from '../../tensor/index.ts';
import type { OpenGpu } from './adapter.ts';

// WebGPU's flags are globals that Node has not.
export const usage = { mapRead: 1, copySource: 4, copyDestination: 8, storage: 128 } as const;
const MAP_READ = 1;

export const DISPOSED = 'the webgpu device was disposed of and cannot be used any more';

/** The buffers that some banks became. */
export class Buffers {
  readonly bytes: number;
  private readonly byBank: ReadonlyMap<GpuBank, GPUBuffer>;
  private readonly free: () => void;

  constructor(byBank: ReadonlyMap<GpuBank, GPUBuffer>, free: () => void) {
    this.byBank = byBank;
    this.free = free;
    this.bytes = [...byBank.values()].reduce((sum, { size }) => sum + size, 0);
  }

  find(bank: GpuBank): GPUBuffer | undefined {
    return this.byBank.get(bank);
  }

  of(bank: GpuBank): GPUBuffer {
    const buffer = this.byBank.get(bank);
    if (!buffer) throw new NanobardError('internal', 'webgpu device: a bank has no buffer');
    return buffer;
  }

  destroy(): void {
    for (const buffer of this.byBank.values()) buffer.destroy();
    this.free();
  }
}

/** The memory of a GPU: buffers made, written and read. After the GPU is lost all of it fails with code `device`. */
export class GpuMemory {
  readonly device: GPUDevice;
  /** Held: see `OpenGpu`. */
  readonly source: GPU;
  /** Bytes of all buffers. */
  bytes = 0;
  private failure: NanobardError | undefined;

  constructor({ device, name, gpu }: OpenGpu) {
    this.device = device;
    this.source = gpu;
    device.lost.then(({ message }) => {
      this.failure ??= new NanobardError(
        'device',
        `the GPU (${name}) was lost: ${message || 'no reason is known'}`,
        {
          hint: 'Its driver was reset, updated or ran out of memory. Start again; a run goes on with --resume.',
        },
      );
    });
    device.addEventListener('uncapturederror', ({ error }) => {
      const code = 'GPUOutOfMemoryError' === error.constructor.name ? 'memory' : 'internal';
      this.failure ??= new NanobardError(code, `the GPU refused what it was given: ${error.message}`);
    });
  }

  /** Fails if nothing can run any more. */
  check(): void {
    if (this.failure) throw this.failure;
  }

  /** Why an operation of WebGPU has failed: what is known of the device says more than what that says itself. */
  reason(cause: unknown): NanobardError {
    if (this.failure) return this.failure;
    return new NanobardError('device', `the GPU failed: ${(cause as Error).message}`, { cause });
  }

  /**
   * A buffer of zeros for each bank.
   *
   * @throws {NanobardError} code `memory` if there is not as much.
   */
  async allocate(purpose: string, banks: readonly GpuBank[]): Promise<Buffers> {
    const wanted = banks.filter(({ bytes }) => bytes > 0);
    this.device.pushErrorScope('out-of-memory');
    this.device.pushErrorScope('validation');
    const flags = usage.storage | usage.copySource | usage.copyDestination;
    const buffers = new Map(
      wanted.map((bank) => [bank, this.device.createBuffer({ size: bank.bytes, usage: flags })]),
    );
    const problems = await Promise.all([this.device.popErrorScope(), this.device.popErrorScope()]);
    const problem = problems.find((error) => error !== null);
    if (problem) {
      for (const buffer of buffers.values()) buffer.destroy();
      const bytes = wanted.reduce((sum, bank) => sum + bank.bytes, 0);
      const needs = `${Math.ceil(bytes / 2 ** 20).toLocaleString('en')} MB`;
      throw new NanobardError(
        'memory',
        `${purpose} need ${needs}, which the GPU does not have: ${problem.message}`,
        {
          hint: 'Use a smaller batch size, block size or model.',
          options: ['batchSize'],
        },
      );
    }
    const made = new Buffers(buffers, () => {
      this.bytes -= made.bytes;
    });
    this.bytes += made.bytes;
    return made;
  }

  /** What `make` makes, of which WebGPU tells later whether it is valid. */
  async validated<T>(what: string, make: () => Promise<T>): Promise<T> {
    this.device.pushErrorScope('validation');
    let made: T;
    let problem: GPUError | null = null;
    try {
      made = await make();
    } finally {
      problem = await this.device.popErrorScope();
    }
    if (problem) throw new NanobardError('internal', `the GPU refuses ${what}: ${problem.message}`);
    return made;
  }

  /** A buffer that copies can be read from. */
  staging(bytes: number): GPUBuffer {
    return this.device.createBuffer({ size: bytes, usage: usage.mapRead | usage.copyDestination });
  }

  write(buffer: GPUBuffer, offset: number, values: TypedArray): void {
    const { buffer: memory, byteOffset, byteLength } = values;
    if (byteLength > 0) this.device.queue.writeBuffer(buffer, offset, memory, byteOffset, byteLength);
  }

  /** The bytes there, after all that has been enqueued before. */
  async read(buffer: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    this.check();
    if (bytes === 0) return new ArrayBuffer(0);
    const staging = this.staging(bytes);
    const encoder = this.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
    this.device.queue.submit([encoder.finish()]);
    const values = await this.map(staging);
    staging.destroy();
    return values;
  }

  /** A copy of what a staging buffer holds once all that is enqueued has run. */
  async map(staging: GPUBuffer): Promise<ArrayBuffer> {
    try {
      await staging.mapAsync(MAP_READ);
    } catch (cause) {
      throw this.reason(cause);
    }
    const values = staging.getMappedRange().slice(0);
    staging.unmap();
    this.check();
    return values;
  }

  dispose(): void {
    this.failure = new NanobardError('device', DISPOSED);
    this.device.destroy();
    this.bytes = 0;
  }
}
