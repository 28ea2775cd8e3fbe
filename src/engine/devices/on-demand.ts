// Devices that are loaded when they are asked for. A page's build has another version of this file: see tsdown.config.ts.
import type { Device } from './device.ts';

export const onDemand: Readonly<Record<'webgpu' | 'reference', () => Promise<Device>>> = {
  webgpu: async () => (await import('./webgpu/webgpu-device.ts')).WebGpuDevice.create(),
  reference: async () => new (await import('./reference/reference-device.ts')).ReferenceDevice(),
};
