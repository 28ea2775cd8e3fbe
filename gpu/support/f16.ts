// Whether the adapter has f16. Where the tests of it must run, .ci/run says so.
import { gpu } from './adapter.ts';

export const able = (await gpu.requestAdapter())?.features.has('shader-f16') ?? false;
if (!able && process.env.NANOBARD_REQUIRE_F16)
  throw new Error('the tests of f16 need an adapter with shader-f16');
if (!able) console.warn('Skipped: the tests of f16, which this adapter has not.');
