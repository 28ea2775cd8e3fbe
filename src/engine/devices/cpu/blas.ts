import { NanobardError } from '../../errors.ts';
import { platform, requireFromProgram } from './host.ts';
import type { BlasLocation, Koffi } from './kernels.ts';

/** Whose matrix products a device uses: its own, those of a BLAS library if there is one, or of the one named. */
export type BlasChoice = 'off' | 'auto' | (string & {});

/** The usual names of libraries with a CBLAS interface, best first. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  darwin: ['/System/Library/Frameworks/Accelerate.framework/Accelerate', 'libopenblas.dylib'],
  linux: ['libmkl_rt.so.2', 'libopenblas.so.0', 'libopenblas.so', 'libblis.so.4', 'libblis.so'],
  win32: ['mkl_rt.2.dll', 'libopenblas.dll', 'openblas.dll'],
};

/** How to get a BLAS library, for this system. */
export const blasHint: string =
  {
    linux:
      'Install one with: npm install koffi, and apt-get install libopenblas0 (or your system’s package).',
    win32: 'Install one with: npm install koffi, and put libopenblas.dll on the PATH.',
    darwin: 'macOS brings one; to call it: npm install koffi.',
  }[platform] ?? 'This system has none that can be called.';

/**
 * Finds the BLAS library that `choice` asks for; undefined for `off`, or for `auto` where there is none.
 *
 * @throws {NanobardError} code `device` if a library that was named cannot be used.
 */
export function findBlas(choice: BlasChoice): BlasLocation | undefined {
  if (choice === 'off') return undefined;
  const libraries = choice === 'auto' ? (LIBRARIES[platform] ?? []) : [choice];
  let refusal = new NanobardError(
    'device',
    `the BLAS library ${choice} cannot be called: the package koffi is missing`,
    { hint: blasHint },
  );
  for (const require of requireFromProgram()) {
    let koffi: string;
    try {
      koffi = require.resolve('koffi');
    } catch {
      continue; // not installed there
    }
    for (const library of libraries) {
      try {
        (require(koffi) as Koffi).load(library).func('void cblas_sgemm()');
        return { koffi, library };
      } catch (cause) {
        const problem = `${library} is not a BLAS library: ${(cause as Error).message}`;
        refusal = new NanobardError('device', problem, { hint: blasHint, cause });
      }
    }
    break;
  }
  if (choice !== 'auto') throw refusal;
  return undefined;
}
