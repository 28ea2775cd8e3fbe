// Devices that are loaded when they are asked for. A page's build has another version of this file: see tsdown.config.ts.
import type { Device } from './device.ts';
import type { MakeDevice } from './known.ts';

export const onDemand: Readonly<Record<'webgpu', MakeDevice> & Record<'reference', () => Promise<Device>>> = {
  webgpu: async (options) => (await import('./webgpu/webgpu-device.ts')).WebGpuDevice.create(options),
  reference: async () => new (await import('./reference/reference-device.ts')).ReferenceDevice(),
};
