import { NanobardError } from '../../errors.ts';
import { lengths, PIECE, packed } from './binaries.generated.ts';
import { allowRelaxedSimd, inflate } from './host.ts';
import { unfuse } from './unfuse.ts';

/**
 * Instruction sets of the kernels. `simd128` is what every engine has; `relaxed` adds fused multiply-add, which
 * rounds once; `wide` is `relaxed` for engines that join neighbouring instructions of 128 bits into one of 256, which is
 * not among what pages load.
 */
export type SimdLevel = 'simd128' | keyof typeof lengths;

/** Whether there is a build for such engines. */
export const hasWide = 'wide' in lengths;

let binaries: Promise<Readonly<Record<string, Uint8Array<ArrayBuffer>>>> | undefined;

async function binaryOf(level: SimdLevel): Promise<Uint8Array<ArrayBuffer> | undefined> {
  binaries ??= unpack();
  const builds = await binaries;
  return level === 'simd128' ? unfuse(builds.relaxed!) : builds[level]?.slice();
}

/** See `pack` in scripts/build-kernels.ts. */
async function unpack(): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const pieces = await inflate(Uint8Array.from(atob(packed), (character) => character.charCodeAt(0)));
  const builds = Object.entries(lengths).map(([name, length]) => [name, new Uint8Array(length)] as const);
  let from = 0;
  for (let at = 0; from < pieces.length; at += PIECE) {
    for (const [, binary] of builds) {
      const piece = pieces.subarray(from, from + Math.max(0, Math.min(PIECE, binary.length - at)));
      if (piece.length > 0) binary.set(piece, at);
      from += piece.length;
    }
  }
  return Object.fromEntries(builds);
}

/** Whether this engine has relaxed SIMD, which on Node 20 is turned on for it. */
export async function hasRelaxedSimd(): Promise<boolean> {
  allowRelaxedSimd();
  return WebAssembly.validate((await binaryOf('relaxed'))!);
}

/**
 * Lets a binary that imports shared memory take memory that is not shared: the import's limits begin with flags, of
 * which bit 1 says shared. Its atomic instructions work on either.
 */
function unshare(binary: Uint8Array): void {
  const name = '\x03env\x06memory\x02\x03'; // module, field, kind, flags
  const at = binary.findIndex((_, i) => [...name].every((c, j) => binary[i + j] === c.charCodeAt(0)));
  binary[at + name.length - 1] = 1;
}

const modules = new Map<string, Promise<WebAssembly.Module>>();

/**
 * The kernels, compiled once for all devices.
 *
 * @throws {NanobardError} code `device` if this engine cannot run them, or a page's rules forbid WebAssembly.
 */
export function compileKernels(level: SimdLevel, shared: boolean): Promise<WebAssembly.Module> {
  const key = `${level} ${shared}`;
  const module = modules.get(key) ?? compile(level, shared);
  modules.set(key, module);
  return module;
}

async function compile(level: SimdLevel, shared: boolean): Promise<WebAssembly.Module> {
  const missing = (name: string): NanobardError =>
    new NanobardError('device', `this JavaScript engine does not run WebAssembly${name}`);
  if (typeof WebAssembly === 'undefined') throw missing('');
  if (level !== 'simd128') allowRelaxedSimd();
  const binary = await binaryOf(level);
  if (binary && !shared) unshare(binary);
  if (!(binary && WebAssembly.validate(binary))) throw missing(` with ${level} SIMD`);
  try {
    return await WebAssembly.compile(binary);
  } catch (cause) {
    throw new NanobardError('device', `this page does not allow WebAssembly: ${(cause as Error).message}`, {
      hint: "Its Content-Security-Policy must allow 'wasm-unsafe-eval' as a script-src.",
      cause,
    });
  }
}
