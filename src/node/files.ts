import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { NanobardError } from '../engine/errors.ts';

/** Writes a file so that a crash leaves either the old contents or the new: temporary file, sync, rename. */
export async function writeAtomically(path: string, contents: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, contents, { flush: true });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new NanobardError('file', `${path} cannot be written: ${(cause as Error).message}`, {
      hint: 'Check that there is space on the disk and that you may write there.',
      cause,
    });
  }
}

/** The contents of a file, or undefined if there is none. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new NanobardError('file', `${path} cannot be read: ${message}`, { cause });
  }
}
