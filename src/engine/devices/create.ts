import { NanobardError } from '../errors.ts';
import { CpuDevice, type CpuOptions } from './cpu/cpu-device.ts';
import type { Device } from './device.ts';
import { fasterDevice } from './faster-device.ts';
import { type GpuDevice, known } from './known.ts';
import { type Memo, processMemo } from './memo.ts';
import { onDemand } from './on-demand.ts';

/** Devices by name; `auto` is the CPU or the GPU. */
export type DeviceName = 'auto' | 'cpu' | 'webgpu' | 'reference';

/** Where to compute. `threads`, `blas` and `simd` are the CPU device's. */
export interface DeviceOptions extends CpuOptions {
  readonly device?: DeviceName | undefined;
  /**
   * For `auto`: the floating-point operations of one run of what it is for, as `planTraining` tells them. It takes the
   * GPU where there is a real one (no adapter in software) that is faster for as much; without `work` the CPU.
   */
  readonly work?: (() => number) | undefined;
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
  work,
  memo = processMemo,
  ...options
}: DeviceOptions = {}): Promise<Device> {
  switch (device) {
    case 'auto':
      return automatic(options, work, memo);
    case 'cpu':
      return CpuDevice.create(options);
    case 'webgpu':
      return openGpu(memo);
    case 'reference':
      return onDemand.reference();
    default:
      throw new NanobardError(
        'argument',
        `there is no device ${device}; choose auto, cpu, webgpu or reference`,
      );
  }
}

const openGpu = (memo: Memo): Promise<GpuDevice> => (known.get('webgpu') ?? onDemand.webgpu)({ memo });

async function automatic(options: CpuOptions, work: DeviceOptions['work'], memo: Memo): Promise<Device> {
  const gpu = work && (await realGpu(memo));
  if (!gpu) return CpuDevice.create(options);
  const cpu = await CpuDevice.create(options).catch(() => undefined);
  if (!cpu) return gpu;
  let chosen: Device = cpu;
  try {
    chosen = await fasterDevice(cpu, gpu, work(), memo);
  } catch (error) {
    // A GPU that fails at what it is tried out with is none; a model that fits nowhere is refused later, by who makes it.
    if (!(error instanceof NanobardError)) throw error;
  } finally {
    await (chosen === cpu ? gpu : cpu).dispose();
  }
  return chosen;
}

/** The GPU, unless there is none or a processor stands in for it. */
async function realGpu(memo: Memo): Promise<GpuDevice | undefined> {
  try {
    const gpu = await openGpu(memo);
    if (!gpu.adapter.software) return gpu;
    await gpu.dispose();
  } catch (error) {
    if (!(error instanceof NanobardError && error.code === 'device')) throw error;
  }
  return undefined;
}
