// The adapter that all tests here share: a GPU, or SwiftShader, which Debian's Chromium brings. See .ci/run.
import { create, globals } from 'webgpu';
import { WebGpuDevice } from '../../src/engine/devices/webgpu/webgpu-device.ts';

Object.assign(globalThis, globals);

/** Dawn; ends the process if it is collected. */
export const gpu = create([]);

/** A source of adapters, and the devices of WebGPU that were made through it. */
export function watched(source: GPU = gpu): { gpu: GPU; devices: GPUDevice[] } {
  const devices: GPUDevice[] = [];
  const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter> => {
    const adapter = (await source.requestAdapter(options))!;
    const { limits, features, info } = adapter;
    const requestDevice = async (wanted?: GPUDeviceDescriptor): Promise<GPUDevice> => {
      const device = await adapter.requestDevice(wanted);
      devices.push(device);
      return device;
    };
    return { limits, features, info, requestDevice } as GPUAdapter;
  };
  return { gpu: { requestAdapter } as GPU, devices };
}

const shared = watched();
export const device = await WebGpuDevice.create({ gpu: shared.gpu });
/** What is under it. */
export const gpuDevice = shared.devices[0]!;

/** The same, but that its adapter tells something else. */
function altered(tell: (adapter: GPUAdapter) => Partial<Pick<GPUAdapter, 'info' | 'features'>>): GPU {
  const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter> => {
    const adapter = (await gpu.requestAdapter(options))!;
    const { limits, features, info } = adapter;
    const requestDevice = (wanted?: GPUDeviceDescriptor): Promise<GPUDevice> => adapter.requestDevice(wanted);
    return { limits, features, info, ...tell(adapter), requestDevice } as GPUAdapter;
  };
  return { requestAdapter } as GPU;
}

/** It says that it is no software: for what is only done on real ones. */
export const posing = altered(({ info }) => {
  const { vendor, architecture, device: name, description, subgroupMinSize, subgroupMaxSize } = info;
  const told = { vendor, architecture, device: name, description, subgroupMinSize, subgroupMaxSize };
  return { info: { ...told, isFallbackAdapter: false } as GPUAdapterInfo };
});

export const withoutSubgroups = altered(({ features }) => ({
  features: new Set([...features].filter((feature) => feature !== 'subgroups')),
}));
