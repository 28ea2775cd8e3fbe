import { availableParallelism, cpus, totalmem } from 'node:os';
import process from 'node:process';
import { blasHint } from '../../../engine/devices/cpu/blas.ts';
import { CpuDevice } from '../../../engine/devices/cpu/cpu-device.ts';
import { availableMemory, canShareMemory, processors, runtime } from '../../../engine/devices/cpu/host.ts';
import type { SimdLevel } from '../../../engine/devices/cpu/simd.ts';
import { createDevice } from '../../../engine/devices/create.ts';
import type { Device } from '../../../engine/devices/device.ts';
import { measureBandwidth, measurePeak } from '../../../engine/devices/peak.ts';
import { WebGpuDevice } from '../../../engine/devices/webgpu/webgpu-device.ts';
import { NanobardError } from '../../../engine/errors.ts';
import { version } from '../../../version.ts';
import type { Communicator } from '../../mpi/communicator.ts';
import { measureExchange } from '../../mpi/measure.ts';
import { ANY, joinJob } from '../../mpi/mpi.ts';
import { formatBytes } from '../display/format.ts';
import { exitCodes, type Io } from '../io.ts';
import { type Style, styleFor } from '../style.ts';

export interface DoctorFlags {
  /** As in `train`; true: whatever is there. */
  readonly mpi: string | true;
  readonly json?: true;
}

/** Tells what this machine offers and tries it out; returns the exit code: 1 if a device does not work. */
export async function doctor(flags: DoctorFlags, io: Io): Promise<number> {
  const job = await joinJob(flags.mpi === true ? ANY : flags.mpi);
  const mpi = job && (await examineJob(job));
  if (job && job.rank > 0) {
    await job.conclude();
    return exitCodes.success;
  }
  const report = { ...(await examine()), mpi };
  const lines = flags.json
    ? [JSON.stringify({ type: 'doctor', ...report })]
    : describe(report, styleFor(io.stdout, io.env));
  io.stdout.write(`${lines.join('\n')}\n`);
  await job?.conclude();
  const tried = [...report.devices, report.blas, report.webgpu];
  const working = tried.every((device) => device?.problem === undefined);
  return working ? exitCodes.success : exitCodes.failure;
}

async function examineJob(job: Communicator) {
  const { library, version, size, members } = job;
  const hosts = new Set(members.map(({ host }) => host)).size;
  const { path, abi } = library;
  return { library: path, abi, version, ranks: size, hosts, ...(await measureExchange(job)) };
}

const simdNames: Readonly<Record<SimdLevel, string>> = {
  wide: 'WebAssembly relaxed SIMD (fused multiply-add), joined to 256 bits',
  relaxed: 'WebAssembly relaxed SIMD (fused multiply-add)',
  simd128: 'WebAssembly SIMD128',
};

async function examine() {
  const cpu = await CpuDevice.create();
  const own = await tryOut('cpu', cpu, simdNames[cpu.simd]);
  const plain = await createDevice({ device: 'reference' });
  const reference = await tryOut('reference', plain, 'plain JavaScript in float64, for checking', 32);
  const library = await CpuDevice.create({ blas: 'auto' });
  const { blas } = library;
  const withBlas = blas === undefined ? undefined : await tryOut('blas', library, blas);
  await library.dispose();
  const gpu = await examineGpu();
  return {
    version,
    runtime: runtime(),
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    processors: availableParallelism(),
    usable: processors(),
    memory: { available: Math.min(availableMemory(), totalmem()), total: totalmem() },
    sharedMemory: canShareMemory(),
    devices: [own, { ...reference, gflops: undefined }],
    blas: withBlas && { ...withBlas, notes: [] }, // the same as the CPU's
    ...gpu,
  };
}

/** The GPU, tried out; or why there is none, and what would bring one. */
async function examineGpu() {
  let device: WebGpuDevice;
  try {
    device = await WebGpuDevice.create();
  } catch (error) {
    if (!(error instanceof NanobardError)) throw error;
    return { webgpu: undefined, noGpu: `${error.message}. ${error.hint ?? ''}`.trim() };
  }
  const { name, software, features, bankBytes } = device.adapter;
  let gigabytes: number | undefined;
  const problem = await measureBandwidth(device, software ? 2 ** 20 : undefined).then(
    (measured) => {
      gigabytes = measured;
    },
    (error: Error) => error.message,
  );
  // In software a large product would take half a minute.
  const report = await tryOut('webgpu', device, name, software ? 128 : undefined);
  return {
    webgpu: { ...report, problem: report.problem ?? problem, gigabytes, software, features, bankBytes },
    noGpu: undefined,
  };
}

/**
 * Lets a device, which computes with `arithmetic`, multiply matrices, large enough that all of its threads take part:
 * its speed in GFLOP/s, or the problem why it does not work.
 */
async function tryOut(name: string, device: Device, arithmetic: string, size?: number) {
  const { threads, notes } = device;
  const report = { name, threads, arithmetic, notes };
  try {
    const { gflops, correct } = await measurePeak(device, size);
    return { ...report, gflops, problem: correct ? undefined : 'it computes wrong results' };
  } catch (error) {
    return { ...report, gflops: undefined, problem: (error as Error).message };
  } finally {
    await device.dispose();
  }
}

/** The adapter's name, speed, and what of its features and limits matters here. */
function gpuDetails({
  arithmetic,
  gflops,
  gigabytes,
  features,
  bankBytes,
}: NonNullable<Gpu['webgpu']>): string {
  const useful = features.filter((feature) =>
    ['shader-f16', 'subgroups', 'timestamp-query'].includes(feature),
  );
  const speed = gflops === undefined ? [] : [`${gflops.toPrecision(2)} GFLOP/s`];
  const memory = gigabytes === undefined ? [] : [`${gigabytes.toPrecision(2)} GB/s`];
  return [arithmetic, ...speed, ...memory, `buffers of up to ${formatBytes(bankBytes)}`, ...useful].join(
    ', ',
  );
}

type Gpu = Awaited<ReturnType<typeof examineGpu>>;

type Report = Awaited<ReturnType<typeof examine>> & {
  readonly mpi: Awaited<ReturnType<typeof examineJob>> | undefined;
};

function describe(report: Report, { bold, dim, green, red }: Style): string[] {
  const { runtime, processors, usable, memory, devices, blas, webgpu, noGpu, mpi } = report;
  const row = (name: string, value: string): string => `${dim(name.padEnd(14))} ${value}`;
  const mark = (good: boolean): string => (good ? green('works') : red('fails'));
  // A quota of processor time, which a container has, is less than the processors that it sees.
  const quota = usable < processors ? `, of which this process may use the time of ${usable}` : '';
  const faster = (blas?.gflops ?? 0) > (devices[0]?.gflops ?? 0);
  const advice = faster ? 'use it with --blas auto' : 'no faster than the cpu device by itself';
  const product = blas?.problem ?? `${blas?.gflops?.toFixed(0)} GFLOP/s; ${advice}`;
  const library = blas && `${blas.arithmetic} ${mark(blas.problem === undefined)}: ${product}`;
  return [
    bold(`nanobard ${report.version}`),
    row(runtime.name, `${runtime.version} on ${report.platform}`),
    row('processors', `${processors} × ${report.processor}${quota}`),
    row('memory', `${formatBytes(memory.available)} available of ${formatBytes(memory.total)}`),
    row('shared memory', report.sharedMemory ? mark(true) : `${mark(false)}: one thread only`),
    ...devices.flatMap(({ name, threads, arithmetic, notes, gflops, problem }) => {
      const speed = gflops === undefined ? '' : `, ${gflops.toFixed(0)} GFLOP/s`;
      const details = `${threads} ${threads === 1 ? 'thread' : 'threads'}, ${arithmetic}${speed}`;
      const works = `${mark(problem === undefined)}: ${problem ?? details}`;
      return [row(`${name} device`, works), ...notes.map((note) => row('', note))];
    }),
    ...(webgpu
      ? [
          row(
            'webgpu device',
            `${mark(webgpu.problem === undefined)}: ${webgpu.problem ?? gpuDetails(webgpu)}`,
          ),
          ...webgpu.notes.map((note) => row('', note)),
        ]
      : [row('webgpu device', `none: ${noGpu}`)]),
    row('BLAS', library ?? `none found. ${blasHint}`),
    ...(mpi ? [row('MPI', describeJob(mpi))] : []),
  ];
}

function describeJob({
  library,
  abi,
  version,
  ranks,
  hosts,
  latency,
  bandwidth,
}: NonNullable<Report['mpi']>) {
  const where = `${ranks} ranks on ${hosts} ${hosts === 1 ? 'machine' : 'machines'}`;
  if (ranks === 1)
    return `${version} (${library}, interface of ${abi}): one rank, start it with mpirun for more`;
  const speed = `sums of ${(bandwidth / 1e9).toFixed(2)} GB/s, or ${(latency * 1e6).toFixed(0)} µs`;
  return `${version} (${library}, interface of ${abi}): ${where}, ${speed}`;
}
