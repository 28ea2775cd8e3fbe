import { cpus, totalmem } from 'node:os';
import process from 'node:process';
import { CpuDevice } from '../../devices/cpu/cpu-device.ts';
import { availableMemory, processors } from '../../devices/cpu/host.ts';
import type { Device } from '../../devices/device.ts';
import { ReferenceDevice } from '../../devices/reference/reference-device.ts';
import { add } from '../../ops/arithmetic/arithmetic.ts';
import { Variable } from '../../tensor/tensor.ts';
import { version } from '../../version.ts';
import { type Context, exitCodes } from '../context.ts';
import { formatBytes } from '../display/format.ts';
import type { Io } from '../io.ts';
import { styleFor } from '../style.ts';

export interface DoctorFlags {
  readonly json?: true;
}

interface DeviceReport {
  readonly name: string;
  readonly threads: number;
  /** What it computes with. */
  readonly arithmetic: string;
  /** Why it does not work; undefined if it does. */
  readonly problem: string | undefined;
}

/** Tells what this machine offers and tries it out; returns the exit code: 1 if a device does not work. */
export async function doctor(flags: DoctorFlags, { io }: Context): Promise<number> {
  const report = {
    version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: processors(),
    memory: { available: Math.min(availableMemory(), totalmem()), total: totalmem() },
    sharedMemory: sharedMemoryWorks(),
    devices: [await checkCpu(), await checkReference()],
  };
  if (flags.json) io.stdout.write(`${JSON.stringify({ type: 'doctor', ...report })}\n`);
  else io.stdout.write(`${describe(report, io).join('\n')}\n`);
  return report.devices.every(({ problem }) => problem === undefined) ? exitCodes.success : exitCodes.failure;
}

function sharedMemoryWorks(): boolean {
  try {
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    return Atomics.add(new Int32Array(buffer), 0, 1) === 0;
  } catch {
    return false;
  }
}

async function checkCpu(): Promise<DeviceReport> {
  const report = { name: 'cpu', threads: processors(), arithmetic: 'WebAssembly SIMD' };
  try {
    const device = new CpuDevice();
    const arithmetic =
      device.simd === 'relaxed' ? 'WebAssembly relaxed SIMD (fused multiply-add)' : 'WebAssembly SIMD128';
    return { ...report, threads: device.threads, arithmetic, problem: await problemOf(device) };
  } catch (error) {
    return { ...report, problem: (error as Error).message };
  }
}

async function checkReference(): Promise<DeviceReport> {
  return {
    name: 'reference',
    threads: 1,
    arithmetic: 'plain JavaScript in float64, for checking',
    problem: await problemOf(new ReferenceDevice()),
  };
}

/** Lets a device add enough numbers that all of its threads take part. */
async function problemOf(device: Device): Promise<string | undefined> {
  const size = 2 ** 18;
  const numbers = Float32Array.from({ length: size }, (_, i) => i % 1000);
  try {
    const { data } = await device.evaluate(add(new Variable([size], { initial: numbers }), 1));
    return numbers.every((value, i) => data[i] === value + 1) ? undefined : 'it computes wrong results';
  } catch (error) {
    return (error as Error).message;
  } finally {
    await device.dispose();
  }
}

function describe(
  report: Readonly<{
    version: string;
    node: string;
    platform: string;
    processor: string;
    processors: number;
    memory: { available: number; total: number };
    sharedMemory: boolean;
    devices: readonly DeviceReport[];
  }>,
  io: Io,
): string[] {
  const style = styleFor(io.stdout, io.env);
  const row = (name: string, value: string): string => `${style.dim(name.padEnd(14))} ${value}`;
  const { available, total } = report.memory;
  const mark = (good: boolean): string => (good ? style.green('works') : style.red('fails'));
  return [
    style.bold(`nanobard ${report.version}`),
    row('node', `${report.node} on ${report.platform}`),
    row('processors', `${report.processors} × ${report.processor}`),
    row('memory', `${formatBytes(available)} available of ${formatBytes(total)}`),
    row('shared memory', report.sharedMemory ? mark(true) : `${mark(false)}: one thread only`),
    ...report.devices.map(({ name, threads, arithmetic, problem }) => {
      const details = `${threads} ${threads === 1 ? 'thread' : 'threads'}, ${arithmetic}`;
      return row(`${name} device`, `${mark(problem === undefined)}: ${problem ?? details}`);
    }),
  ];
}
