// The adapter that all tests here share: a GPU, or SwiftShader, which Debian's Chromium brings. See .ci/run.
import { create, globals } from 'webgpu';
import { WebGpuDevice } from '../../src/engine/devices/webgpu/webgpu-device.ts';

Object.assign(globalThis, globals);

/** Dawn; ends the process if it is collected. */
export const gpu = create([]);

export const device = await WebGpuDevice.create({ gpu });

/** The same, but that it says of its adapter that it is no software: for what is only done on real ones. */
export const posing = {
  async requestAdapter(options?: GPURequestAdapterOptions) {
    const adapter = (await gpu.requestAdapter(options))!;
    const { limits, features, info } = adapter;
    const { vendor, architecture, device: name, description } = info;
    return {
      ...{
        limits,
        features,
        info: { vendor, architecture, device: name, description, isFallbackAdapter: false },
      },
      requestDevice: (wanted?: GPUDeviceDescriptor) => adapter.requestDevice(wanted),
    } as GPUAdapter;
  },
} as GPU;
