import { NanobardError } from '../errors.ts';
import { CpuDevice, type CpuOptions } from './cpu/cpu-device.ts';
import type { Device } from './device.ts';
import { onDemand } from './on-demand.ts';

/** Devices by name; `auto` is the CPU for now. */
export type DeviceName = 'auto' | 'cpu' | 'webgpu' | 'reference';

/** Where to compute. The other options are the CPU device's. */
export interface DeviceOptions extends CpuOptions {
  readonly device?: DeviceName | undefined;
}

/**
 * A device, ready to load programs. Whoever makes it disposes of it.
 *
 * @throws {NanobardError} code `argument` for options that make no sense, `device` if there is no such device here.
 */
export async function createDevice({ device = 'auto', ...options }: DeviceOptions = {}): Promise<Device> {
  switch (device) {
    case 'auto':
    case 'cpu':
      return CpuDevice.create(options);
    case 'webgpu':
    case 'reference':
      return onDemand[device]();
    default:
      throw new NanobardError(
        'argument',
        `there is no device ${device}; choose auto, cpu, webgpu or reference`,
      );
  }
}
