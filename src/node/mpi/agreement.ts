import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { CpuDevice, type CpuOptions } from '../../engine/devices/cpu/cpu-device.ts';
import { processors } from '../../engine/devices/cpu/host.ts';
import type { DeviceOptions } from '../../engine/devices/create.ts';
import { NanobardError } from '../../engine/errors.ts';
import { version } from '../../version.ts';
import type { Communicator } from './communicator.ts';

/** What one rank was asked to do, and what it would do it with. */
export interface Offer {
  /** Its version of nanobard. */
  readonly version: string;
  /** The options that it was given, as JSON by name, but for those that may differ. */
  readonly asked: Readonly<Record<string, string>>;
  /** How its kernels round: with fused multiply-add, without, or as no kernel does. */
  readonly rounding: 'fused' | 'plain' | 'float64';
  /** Threads that a BLAS library's matrix products are shared out to, which decides about bits; 0 for none. */
  readonly blasThreads: number;
}

/** What the ranks have agreed to train with. */
export interface Agreement {
  readonly machine: DeviceOptions;
  /** What the user should know of it. */
  readonly notices: readonly string[];
}

/** Options that each rank may have its own of. */
const OWN = ['job', 'threads', 'folder'];

/** Longer values are compared by their hash. */
const SHORT = 100;

/**
 * Sees to it that all ranks do the same: one version, asked for one thing, that rounds in one way, without fused
 * multiply-add if one of them has none.
 *
 * @throws {NanobardError} at all ranks alike: code `argument` if one was asked for something else, `device` if its
 *   matrix products would have other bits.
 */
export async function agree(
  job: Communicator,
  options: Pick<DeviceOptions, 'device' | 'threads' | 'blas'> & object,
): Promise<Agreement> {
  const { device, blas, threads = threadsPerRank(processors(), cpus().length, job.local) } = options;
  const machine = { device, threads, blas };
  const rounding = device === 'reference' ? reference : await tryOut(machine);
  const offers = await job.gatherJSON<Offer>({ version, asked: asked(options), ...rounding });
  const difference = differenceOf(offers, (rank) => job.describe(rank));
  if (difference) {
    await job.conclude();
    throw difference;
  }
  const here = threads === 1 ? 'one thread' : `${threads} threads`;
  const notices = [
    `${job.size} ranks train together through ${job.version}, this one on ${here}. Should one of them die, the job ` +
      'ends, and --resume goes on from its last checkpoint.',
  ];
  const plain = offers.findIndex((offer) => offer.rounding === 'plain');
  if (plain < 0 || offers.every((offer) => offer.rounding === 'plain')) return { machine, notices };
  notices.push(`${job.describe(plain)} has no fused multiply-add, so that none of them computes with it.`);
  return { machine: { ...machine, simd: 'simd128' }, notices };
}

/** Threads for each rank: no more than it may use, and than its share of the machine's processors. */
export function threadsPerRank(usable: number, processors: number, ranks: number): number {
  return Math.max(1, Math.min(usable, Math.floor(processors / ranks)));
}

/** What is wrong with what the ranks offer, if anything; `describe` names a rank. */
export function differenceOf(
  offers: readonly Offer[],
  describe: (rank: number) => string,
): NanobardError | undefined {
  const [first, ...others] = offers;
  for (const [i, other] of others.entries()) {
    const who = describe(i + 1);
    if (other.version !== first!.version) {
      const message = `${who} is nanobard ${other.version}, and rank 0 is ${first!.version}`;
      return new NanobardError('argument', message, { hint: 'Install one version on all machines.' });
    }
    for (const name of new Set([...Object.keys(first!.asked), ...Object.keys(other.asked)])) {
      const [there, here] = [other.asked[name], first!.asked[name]];
      if (there === here) continue;
      const started = there === undefined ? `without ${name}` : `with ${name} ${there}`;
      const message = `${who} was started ${started}, and rank 0 ${here === undefined ? 'without' : `with ${here}`}`;
      const hint = 'Start all ranks with the same command.';
      return new NanobardError('argument', message, { hint, options: [name] });
    }
    if (other.blasThreads !== first!.blasThreads) {
      const words = ({ blasThreads }: Offer): string =>
        blasThreads === 0 ? 'no BLAS library' : `a BLAS library on ${blasThreads} threads`;
      const message = `${who} multiplies matrices with ${words(other)}, and rank 0 with ${words(first!)}`;
      const hint = 'Their numbers would drift apart: use the same everywhere, or none.';
      return new NanobardError('device', message, { hint, options: ['blas', 'threads'] });
    }
  }
  return undefined;
}

const reference = { rounding: 'float64', blasThreads: 0 } as const;

async function tryOut({ threads, blas }: CpuOptions): Promise<Pick<Offer, 'rounding' | 'blasThreads'>> {
  const device = await CpuDevice.create({ threads, blas });
  const rounding = device.simd === 'simd128' ? 'plain' : 'fused';
  const blasThreads = device.blas === undefined ? 0 : device.threads;
  await device.dispose();
  return { rounding, blasThreads };
}

function asked(options: object): Offer['asked'] {
  const given = Object.entries(options).filter(([name, value]) => value !== undefined && !OWN.includes(name));
  return Object.fromEntries(given.map(([name, value]) => [name, brief(JSON.stringify(plain(value)))]));
}

/** Texts in memory, from standard input say, are with rank 0 alone. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return 'bytes';
  return Array.isArray(value) ? value.map(plain) : value;
}

function brief(json: string): string {
  if (json.length <= SHORT) return json;
  return `${json.slice(0, SHORT / 2)}… (SHA-256 ${createHash('sha256').update(json).digest('hex')})`;
}
