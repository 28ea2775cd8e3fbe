// The adapter that all tests here share: a GPU, or SwiftShader, which Debian's Chromium brings. See .ci/run.
import { create, globals } from 'webgpu';
import { WebGpuDevice } from '../../src/engine/devices/webgpu/webgpu-device.ts';

Object.assign(globalThis, globals);

/** Dawn; ends the process if it is collected. */
export const gpu = create([]);

export const device = await WebGpuDevice.create({ gpu });
