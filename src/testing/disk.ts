import type * as Files from '../node/files.ts';

/** A disk on which some files cannot be written for a while. */
export const disk = {
  refuses: (_path: string): boolean => false,
  /** Paths of all that was written, in order. */
  written: [] as string[],
};

/**
 * The functions of `node/files.ts`, on that disk:
 *
 *     vi.mock('../files.ts', async (original) => onDisk(await original<typeof import('../files.ts')>()));
 */
export function onDisk(files: typeof Files): typeof Files {
  return {
    ...files,
    async writeAtomically(path, contents) {
      if (disk.refuses(path)) throw files.unwritable(path, new Error('ENOSPC: no space left on device'));
      disk.written.push(path);
      await files.writeAtomically(path, contents);
    },
  };
}
