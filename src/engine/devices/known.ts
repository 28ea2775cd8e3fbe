import type { Device, Precision } from './device.ts';
import type { Memo } from './memo.ts';

/** What `createDevice` wants to know of a GPU beside what it can do. */
export interface GpuDevice extends Device {
  readonly adapter: { readonly name: string; readonly software: boolean };
}

export type MakeDevice = (options: {
  readonly memo?: Memo | undefined;
  readonly dtype?: Precision | undefined;
}) => Promise<GpuDevice>;

/**
 * Devices that a module brings along when it is imported. On pages that is how `createDevice` comes to know the GPU: what
 * is imported later, when it is asked for, bundlers cannot have in workers.
 */
export const known = new Map<'webgpu', MakeDevice>();
