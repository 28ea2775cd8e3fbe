// The device for GPUs, apart, so that pages which compute on the CPU do not load it. Who imports this may have it from
// createDevice, too.

import { known } from './engine/devices/known.ts';
import { WebGpuDevice } from './engine/devices/webgpu/webgpu-device.ts';

known.set('webgpu', (options) => WebGpuDevice.create(options));

export type { Adapter } from './engine/devices/webgpu/adapter.ts';
export { type GpuSource, WebGpuDevice, type WebGpuOptions } from './engine/devices/webgpu/webgpu-device.ts';
