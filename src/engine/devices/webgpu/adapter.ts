import { NanobardError } from '../../errors.ts';
import { ALIGNMENT } from '../../program/plan-memory.ts';
import { platform, requireFromProgram } from '../cpu/host.ts';

/** What a GPU is. */
export interface Adapter {
  /** The adapter's name as its driver tells it. */
  readonly name: string;
  /** Whether a processor stands in for the GPU. */
  readonly software: boolean;
  readonly features: readonly string[];
  /** The largest buffer that a kernel can see whole, in bytes: a multiple of ALIGNMENT. */
  readonly bankBytes: number;
  /** Threads that a subgroup has at most: they add up without the group's memory. 0 where there are none. */
  readonly subgroup: number;
}

/** A GPU that is open. */
export interface OpenGpu extends Adapter {
  readonly device: GPUDevice;
  /** Where the device came from. Dawn in Node ends the process if this is collected before the device. */
  readonly gpu: GPU;
}

/** Dawn for Node: the package `webgpu`. */
interface Dawn {
  create(options: readonly string[]): GPU;
}

/**
 * What gives adapters here: `navigator.gpu` in browsers and Deno, in Node the package `webgpu` where it is installed.
 *
 * @throws {NanobardError} code `device` if there is none.
 */
async function findGpu(): Promise<GPU> {
  const own = globalThis.navigator?.gpu;
  if (own) return own;
  if (platform === 'browser')
    throw new NanobardError('device', 'this browser has no WebGPU, or this page is not allowed it', {
      hint: 'Use a current Chrome, Edge, Safari or Firefox, and serve the page over https or from localhost.',
      options: ['device'],
    });
  if ('Deno' in globalThis)
    throw new NanobardError('device', 'this Deno has no WebGPU', {
      hint: 'Update it, or start it with --unstable-webgpu.',
      options: ['device'],
    });
  const { pathToFileURL } = globalThis.process.getBuiltinModule('node:url');
  for (const require of requireFromProgram()) {
    let path: string;
    try {
      path = require.resolve('webgpu');
    } catch {
      continue; // not installed there
    }
    try {
      const dawn: Dawn = await import(/* @vite-ignore */ /* webpackIgnore: true */ pathToFileURL(path).href);
      return dawn.create([]);
    } catch (cause) {
      throw failed('the package webgpu does not work here', cause);
    }
  }
  throw new NanobardError('device', 'the webgpu device needs the package webgpu, which is not installed', {
    hint: 'Install it with: npm install webgpu',
    options: ['device'],
  });
}

/**
 * Opens the best adapter. Whoever gives a `gpu` of their own chooses where it comes from.
 *
 * @throws {NanobardError} code `device` if there is none, or none that computes in f16 where that is asked for.
 */
export async function openGpu(gpu?: GPU, { f16 = false } = {}): Promise<OpenGpu> {
  const source = gpu ?? (await findGpu());
  const adapter = await source.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter)
    throw new NanobardError('device', 'WebGPU finds no GPU here', {
      hint:
        platform === 'linux'
          ? 'It needs a driver for Vulkan and its loader (Debian: libvulkan1 and mesa-vulkan-drivers).'
          : 'Look at chrome://gpu, or update the driver of the graphics card.',
      options: ['device'],
    });
  const { limits, info, features } = adapter;
  if (f16 && !features.has('shader-f16'))
    throw new NanobardError('device', `this GPU (${info.description || info.vendor}) has no f16`, {
      hint: 'Use f32, which every adapter has; f16 needs the WebGPU feature shader-f16.',
      options: ['dtype'],
    });
  const { maxBufferSize, maxStorageBufferBindingSize } = limits;
  const requiredLimits = { maxBufferSize, maxStorageBufferBindingSize };
  // A size that the adapter does not tell, or no power of two, is of no use.
  const size = features.has('subgroups') ? (info.subgroupMaxSize ?? 0) : 0;
  const subgroup = size > 0 && Number.isInteger(Math.log2(size)) ? size : 0;
  const requiredFeatures: GPUFeatureName[] = subgroup > 0 ? ['subgroups'] : [];
  if (f16) requiredFeatures.push('shader-f16');
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures }).catch((cause) => {
    throw failed('the GPU does not open', cause);
  });
  return {
    device,
    name: info.description || [info.vendor, info.architecture].filter(Boolean).join(' ') || 'unknown GPU',
    software: info.isFallbackAdapter,
    features: [...features].sort(),
    bankBytes: Math.floor(Math.min(maxBufferSize, maxStorageBufferBindingSize) / ALIGNMENT) * ALIGNMENT,
    subgroup,
    gpu: source,
  };
}

function failed(what: string, cause: unknown): NanobardError {
  return new NanobardError('device', `${what}: ${(cause as Error).message}`, { options: ['device'], cause });
}
