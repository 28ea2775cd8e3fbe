// Readers must trust nothing: whatever bytes they are given, they return or throw a NanobardError, soon and in about as
// much memory as the file has bytes.

import { NanobardError } from '../engine/errors.ts';
import { Generator } from '../engine/tensor/generator.ts';
import { mutate } from './mutate.ts';

/** Something that reads what somebody else may have written. */
export interface Reader {
  readonly name: string;
  /** Good files, from which the damaged ones are made: at least one. Small ones make many cases a second. */
  readonly files: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  readonly read: (bytes: Uint8Array) => unknown;
  /**
   * For files whose parts are joined by lengths: half of the damaged files are made of damaged parts, joined so that
   * the lengths are right, to reach what lies behind the first check.
   */
  readonly parts?: {
    readonly split: (bytes: Uint8Array) => readonly Uint8Array[];
    readonly join: (parts: readonly Uint8Array[]) => Uint8Array;
  };
}

/** What a reader did wrong with a case. */
export interface Failure {
  /** The number of the case: the same file again. */
  readonly number: number;
  readonly problem: string;
  readonly error?: unknown;
}

export interface Fuzzed {
  readonly cases: number;
  /** How many were read in spite of the damage. */
  readonly accepted: number;
  readonly failures: readonly Failure[];
}

/** Milliseconds of processor time that a case may take, whatever else the machine does; most take microseconds. */
const LIMIT_MS = 2000;
/** Memory that a case may take: this much, and for each byte of the file this many. */
const LIMIT_BYTES = 64 * 2 ** 20;
const BYTES_PER_BYTE = 64;
/** Failures after which it is enough. */
const MOST_FAILURES = 5;

/** Damaged file number `number`: always the same bytes. */
export function damagedFile({ parts }: Reader, files: readonly Uint8Array[], number: number): Uint8Array {
  const random = new Generator(number);
  const file = files[random.randint(files.length)]!;
  if (!parts || random.randint(2) === 0) return mutate(file, random, files);
  const pieces = [...parts.split(file)];
  const index = random.randint(pieces.length);
  pieces[index] = mutate(pieces[index]!, random, files);
  return parts.join(pieces);
}

/** Gives a reader the damaged files `from` to `from + cases − 1`. */
export async function fuzz(
  reader: Reader,
  { from = 0, cases }: { from?: number; cases: number },
): Promise<Fuzzed> {
  const files = await reader.files();
  for (const file of files) await reader.read(file); // good files are read
  const failures: Failure[] = [];
  let accepted = 0;
  let number = from;
  for (; number < from + cases && failures.length < MOST_FAILURES; number++) {
    const bytes = damagedFile(reader, files, number);
    const before = usage();
    const outcome = await attempt(reader, bytes);
    const after = usage();
    const ms = after.ms - before.ms;
    const grown = after.bytes - before.bytes - LIMIT_BYTES - BYTES_PER_BYTE * bytes.length;
    if (outcome === 'accepted') accepted++;
    else if (outcome !== 'refused') failures.push({ number, ...outcome });
    if (ms > LIMIT_MS)
      failures.push({ number, problem: `took ${Math.round(ms)} ms for ${bytes.length} bytes` });
    if (grown > 0)
      failures.push({ number, problem: `took ${grown} bytes too many for ${bytes.length} bytes` });
    if (Object.keys(Object.prototype).length > 0) throw new Error(`case ${number} changed Object.prototype`);
  }
  return { cases: number - from, accepted, failures };
}

async function attempt(
  reader: Reader,
  bytes: Uint8Array,
): Promise<'accepted' | 'refused' | Omit<Failure, 'number'>> {
  try {
    await reader.read(bytes);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof NanobardError)) return { problem: 'threw an error that is not ours', error };
    if (error.code === 'internal') return { problem: 'blamed itself', error };
    return 'refused';
  }
}

/**
 * Processor time of this process in milliseconds, and the most memory that it has had so far in bytes: what is reserved
 * and never touched does not count.
 */
function usage(): { ms: number; bytes: number } {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { ms: (userCPUTime + systemCPUTime) / 1000, bytes: maxRSS * 1024 };
}

/** One line for each failure, with what repeats it. */
export function report(reader: Reader, { failures }: Fuzzed): string {
  return failures
    .map(({ number, problem, error }) => {
      const detail = error instanceof Error ? `: ${error.stack?.split('\n').slice(0, 6).join('\n')}` : '';
      return `${reader.name}, case ${number} (npm run fuzz -- ${reader.name} ${number}) ${problem}${detail}`;
    })
    .join('\n');
}
