import { availableParallelism, cpus, totalmem } from 'node:os';
import process from 'node:process';
import { blasHint } from '../../../engine/devices/cpu/blas.ts';
import { CpuDevice } from '../../../engine/devices/cpu/cpu-device.ts';
import { availableMemory, canShareMemory, processors, runtime } from '../../../engine/devices/cpu/host.ts';
import type { SimdLevel } from '../../../engine/devices/cpu/simd.ts';
import { createDevice } from '../../../engine/devices/create.ts';
import type { Device } from '../../../engine/devices/device.ts';
import { measurePeak } from '../../../engine/devices/peak.ts';
import { version } from '../../../version.ts';
import { formatBytes } from '../display/format.ts';
import { exitCodes, type Io } from '../io.ts';
import { styleFor } from '../style.ts';

export interface DoctorFlags {
  readonly json?: true;
}

interface DeviceReport {
  readonly name: string;
  readonly threads: number;
  /** What it computes with. */
  readonly arithmetic: string;
  /** Speed of a matrix product, in GFLOP/s. */
  readonly gflops: number | undefined;
  /** What this place does not allow, and what follows. */
  readonly notes: readonly string[];
  /** Why it does not work; undefined if it does. */
  readonly problem: string | undefined;
}

/** Tells what this machine offers and tries it out; returns the exit code: 1 if a device does not work. */
export async function doctor(flags: DoctorFlags, io: Io): Promise<number> {
  const report = {
    version,
    runtime: runtime(),
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: availableParallelism(),
    usable: processors(),
    memory: { available: Math.min(availableMemory(), totalmem()), total: totalmem() },
    sharedMemory: canShareMemory(),
    devices: [await checkCpu(), await checkReference()],
    blas: await checkBlas(),
  };
  if (flags.json) io.stdout.write(`${JSON.stringify({ type: 'doctor', ...report })}\n`);
  else io.stdout.write(`${describe(report, io).join('\n')}\n`);
  const tried = report.blas ? [...report.devices, report.blas] : report.devices;
  return tried.every(({ problem }) => problem === undefined) ? exitCodes.success : exitCodes.failure;
}

const simdNames: Readonly<Record<SimdLevel, string>> = {
  wide: 'WebAssembly relaxed SIMD (fused multiply-add), joined to 256 bits',
  relaxed: 'WebAssembly relaxed SIMD (fused multiply-add)',
  simd128: 'WebAssembly SIMD128',
};

async function checkCpu(): Promise<DeviceReport> {
  const device = await CpuDevice.create();
  return {
    name: 'cpu',
    threads: device.threads,
    arithmetic: simdNames[device.simd],
    notes: device.notes,
    ...(await tryOut(device)),
  };
}

/** The CPU device with a BLAS library, or undefined if this machine has none that can be called. */
async function checkBlas(): Promise<DeviceReport | undefined> {
  const device = await CpuDevice.create({ blas: 'auto' });
  if (device.blas === undefined) {
    await device.dispose();
    return undefined;
  }
  const { threads, blas: arithmetic } = device;
  return { name: 'blas', threads, arithmetic, notes: [], ...(await tryOut(device)) };
}

async function checkReference(): Promise<DeviceReport> {
  const arithmetic = 'plain JavaScript in float64, for checking';
  const { problem } = await tryOut(await createDevice({ device: 'reference' }), 32);
  return { name: 'reference', threads: 1, arithmetic, notes: [], gflops: undefined, problem };
}

/** Lets a device multiply matrices, large enough that all of its threads take part. */
async function tryOut(device: Device, size?: number): Promise<Pick<DeviceReport, 'gflops' | 'problem'>> {
  try {
    const { gflops, correct } = await measurePeak(device, size);
    return { gflops, problem: correct ? undefined : 'it computes wrong results' };
  } catch (error) {
    return { gflops: undefined, problem: (error as Error).message };
  } finally {
    await device.dispose();
  }
}

function describe(
  report: Readonly<{
    version: string;
    runtime: ReturnType<typeof runtime>;
    platform: string;
    processor: string;
    processors: number;
    usable: number;
    memory: { available: number; total: number };
    sharedMemory: boolean;
    devices: readonly DeviceReport[];
    blas: DeviceReport | undefined;
  }>,
  io: Io,
): string[] {
  const style = styleFor(io.stdout, io.env);
  const row = (name: string, value: string): string => `${style.dim(name.padEnd(14))} ${value}`;
  const { available, total } = report.memory;
  const mark = (good: boolean): string => (good ? style.green('works') : style.red('fails'));
  return [
    style.bold(`nanobard ${report.version}`),
    row(report.runtime.name, `${report.runtime.version} on ${report.platform}`),
    row('processors', `${report.processors} × ${report.processor}${quota(report)}`),
    row('memory', `${formatBytes(available)} available of ${formatBytes(total)}`),
    row('shared memory', report.sharedMemory ? mark(true) : `${mark(false)}: one thread only`),
    ...report.devices.flatMap(({ name, threads, arithmetic, notes, gflops, problem }) => {
      const speed = gflops === undefined ? '' : `, ${gflops.toFixed(0)} GFLOP/s`;
      const details = `${threads} ${threads === 1 ? 'thread' : 'threads'}, ${arithmetic}${speed}`;
      const works = `${mark(problem === undefined)}: ${problem ?? details}`;
      return [row(`${name} device`, works), ...notes.map((note) => row('', note))];
    }),
    row(
      'BLAS',
      report.blas ? describeBlas(report.blas, report.devices[0]?.gflops, mark) : `none found. ${blasHint}`,
    ),
  ];
}

/** A quota of processor time, which a container has, is less than the processors that it sees. */
function quota({ processors, usable }: { processors: number; usable: number }): string {
  return usable < processors ? `, of which this process may use the time of ${usable}` : '';
}

function describeBlas(
  { arithmetic, gflops = 0, problem }: DeviceReport,
  ownGflops = 0,
  mark: (good: boolean) => string,
): string {
  if (problem !== undefined) return `${arithmetic} ${mark(false)}: ${problem}`;
  const advice = gflops > ownGflops ? 'use it with --blas auto' : 'no faster than the cpu device by itself';
  return `${arithmetic} ${mark(true)}: ${gflops.toFixed(0)} GFLOP/s; ${advice}`;
}
