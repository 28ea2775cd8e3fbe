import { expect, it } from 'vitest';
import { processors } from '../../../engine/devices/cpu/host.ts';
import { version } from '../../../version.ts';
import { run } from '../main.ts';
import { testIo } from '../testing/test-io.ts';

it('doctor tries the devices of this machine', async () => {
  const io = testIo();
  expect(await run(['doctor', '--json'], io)).toBe(0);
  expect(JSON.parse(io.stdout.text)).toMatchObject({
    type: 'doctor',
    version,
    runtime: { name: 'node', version: process.versions.node },
    usable: processors(),
    sharedMemory: true,
    memory: { available: expect.any(Number), total: expect.any(Number) },
    devices: [
      { name: 'cpu', threads: expect.any(Number), gflops: expect.any(Number) },
      { name: 'reference', threads: 1 },
    ],
  });
});

it('doctor explains itself in words', async () => {
  const io = testIo();
  await run(['doctor'], io);
  expect(io.stdout.text).toMatch(
    /^nanobard .*\nnode +\d+\.\d+\.\d+ on [\s\S]*\ncpu device +works: \d+ threads?, WebAssembly .*, \d+ GFLOP\/s\nreference device +works: 1 thread[\s\S]*\nBLAS +(none found\. .+|\S+ works: \d+ GFLOP\/s.*)\n$/,
  );
});
