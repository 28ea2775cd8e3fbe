import { CpuDevice } from './cpu/cpu-device.ts';
import type { Device } from './device.ts';
import { ReferenceDevice } from './reference/reference-device.ts';

/** A device by name; `auto` is the fastest that this machine has. */
export type DeviceName = 'auto' | 'cpu' | 'reference';

export interface DeviceOptions {
  /** Threads that share the work of the CPU device; by default one for each processor. */
  readonly threads?: number | undefined;
}

export function createDevice(name: DeviceName = 'auto', { threads }: DeviceOptions = {}): Device {
  if (name === 'reference') return new ReferenceDevice();
  return new CpuDevice(threads === undefined ? {} : { threads });
}
