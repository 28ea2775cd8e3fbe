import { NanobardError } from '../errors.ts';
import type { BlasChoice } from './cpu/blas.ts';
import { CpuDevice } from './cpu/cpu-device.ts';
import type { Device } from './device.ts';
import { ReferenceDevice } from './reference/reference-device.ts';

/** A device by name; `auto` is the fastest that this machine has. */
export type DeviceName = 'auto' | 'cpu' | 'reference';

/** Where to compute. */
export interface DeviceOptions {
  readonly device?: DeviceName;
  /** Threads that share the work of the CPU device; by default one for each processor. */
  readonly threads?: number | undefined;
  /** Whose matrix products the CPU device uses: its own (`off`, the default), or a BLAS library's. */
  readonly blas?: BlasChoice;
}

export function createDevice({ device = 'auto', threads, blas = 'off' }: DeviceOptions = {}): Device {
  if (device === 'reference') return new ReferenceDevice();
  if (device !== 'auto' && device !== 'cpu') {
    throw new NanobardError('argument', `there is no device ${device}; choose auto, cpu or reference`);
  }
  return new CpuDevice({ blas, ...(threads !== undefined && { threads }) });
}
