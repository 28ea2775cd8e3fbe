// The device for GPUs, apart, so that pages which compute on the CPU do not load it.

export type { OpenGpu } from './engine/devices/webgpu/adapter.ts';
export { WebGpuDevice } from './engine/devices/webgpu/webgpu-device.ts';
