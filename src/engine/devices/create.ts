import { NanobardError } from '../errors.ts';
import { CpuDevice, type CpuOptions } from './cpu/cpu-device.ts';
import type { Device, Precision } from './device.ts';
import { fasterDevice, type Work } from './faster-device.ts';
import { type GpuDevice, known } from './known.ts';
import { type Memo, processMemo } from './memo.ts';
import { onDemand } from './on-demand.ts';

/** Devices by name; `auto` is the CPU or the GPU. */
export type DeviceName = 'auto' | 'cpu' | 'webgpu' | 'reference';

/** Where to compute. `threads`, `blas` and `simd` are the CPU device's. */
export interface DeviceOptions extends CpuOptions {
  readonly device?: DeviceName | undefined;
  /**
   * How activations and their gradients are stored, 'f32' by default. Only a GPU with the WebGPU feature shader-f16 has
   * 'f16': `auto` then takes that, whatever its speed. Weights, their gradients, sums and losses are f32 all the same.
   */
  readonly dtype?: Precision | undefined;
  /**
   * For `auto`: what one run of what it is for amounts to, as `planTraining` tells it. It takes the GPU where there is a
   * real one (no adapter in software) that is faster for as much; without `work` the CPU. Where there was a choice, the
   * device's `notes` say why it was taken.
   */
  readonly work?: (() => Work) | undefined;
  /** Keeps what is measured on a GPU: by default as long as the process lives. */
  readonly memo?: Memo | undefined;
}

/**
 * A device, ready to load programs. Whoever makes it disposes of it. On pages, `webgpu` is known, also to `auto`, once
 * `nanobard/webgpu` has been imported.
 *
 * @throws {NanobardError} code `argument` for options that make no sense, `device` if there is no such device here.
 */
export async function createDevice({
  device = 'auto',
  dtype = 'f32',
  work,
  memo = processMemo,
  ...options
}: DeviceOptions = {}): Promise<Device> {
  if (dtype !== 'f32') requireF16(device, dtype);
  switch (device) {
    case 'auto':
      if (dtype === 'f16') return openGpu(memo, dtype);
      return automatic(options, work, memo);
    case 'cpu':
      return CpuDevice.create(options);
    case 'webgpu':
      return openGpu(memo, dtype);
    case 'reference':
      return onDemand.reference();
    default:
      throw new NanobardError(
        'argument',
        `there is no device ${device}; choose auto, cpu, webgpu or reference`,
      );
  }
}

const openGpu = (memo: Memo, dtype: Precision = 'f32'): Promise<GpuDevice> =>
  (known.get('webgpu') ?? onDemand.webgpu)({ memo, dtype });

function requireF16(device: DeviceName, dtype: string): void {
  if (dtype !== 'f16') throw new NanobardError('argument', `there is no dtype ${dtype}; choose f32 or f16`);
  if (device !== 'cpu' && device !== 'reference') return;
  throw new NanobardError('device', `the device ${device} computes in f32 alone`, {
    hint: 'Use f32, or the device webgpu where the GPU has f16.',
    options: ['dtype', 'device'],
  });
}

async function automatic(options: CpuOptions, work: DeviceOptions['work'], memo: Memo): Promise<Device> {
  const gpu = work && (await anyGpu(memo));
  if (!gpu) return CpuDevice.create(options);
  if (gpu.adapter.software) {
    await gpu.dispose();
    return because(
      await CpuDevice.create(options),
      `auto takes cpu: WebGPU finds no real GPU here, ${gpu.adapter.name} computes on the processor.`,
    );
  }
  const cpu = await CpuDevice.create(options).catch(() => undefined);
  if (!cpu) return gpu;
  let chosen: Device = cpu;
  try {
    const [faster, reason] = await fasterDevice(cpu, gpu, work(), memo);
    chosen = because(faster, reason);
  } catch (error) {
    // A GPU that fails at what it is tried out with is none; a model that fits nowhere is refused later, by who makes it.
    if (!(error instanceof NanobardError)) throw error;
    because(cpu, `auto takes cpu: ${error.message}.`);
  } finally {
    await (chosen === cpu ? gpu : cpu).dispose();
  }
  return chosen;
}

/** The device, with the reason for which it was taken among its notes. */
const because = (device: Device, reason: string): Device =>
  Object.assign(device, { notes: [...device.notes, reason] });

/** What WebGPU finds, if anything. */
async function anyGpu(memo: Memo): Promise<GpuDevice | undefined> {
  try {
    return await openGpu(memo);
  } catch (error) {
    if (!(error instanceof NanobardError && error.code === 'device')) throw error;
  }
  return undefined;
}
