import { createHash, randomUUID } from 'node:crypto';
import { constants, copyFile, link, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NanobardError } from '../engine/errors.ts';

/** How `replaceAtomically` names its temporary files: after the file, a UUID. */
const TEMPORARY = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** Of a file: in pieces, where it is too large to lie in memory as a whole. */
export type Contents = string | Uint8Array | AsyncIterable<Uint8Array>;

/**
 * Writes a file so that a crash, of the process or of the machine, leaves either the old contents or the new: temporary
 * file, sync, rename, sync of the folder.
 *
 * @throws {NanobardError} code `file`, with the path and the reason; the old contents are there, the temporary file not.
 */
export async function writeAtomically(path: string, contents: Contents): Promise<void> {
  await replaceAtomically(path, (temporary) => writeFile(temporary, contents, { flush: true }));
}

/** As `writeAtomically`, of a file that `make` makes where it is told to. */
export async function replaceAtomically(
  path: string,
  make: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await make(temporary);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw cause instanceof NanobardError ? cause : unwritable(path, cause); // pieces may fail, too
  }
}

/** A second name for a file; a copy, which shares its blocks where the disk can, where it cannot have two names. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    await sync(to, 'r+');
  }
}

/** What is thrown where `path` cannot be written. */
export function unwritable(path: string, cause: unknown): NanobardError {
  return new NanobardError('file', `${path} cannot be written: ${(cause as Error).message}`, {
    hint: 'Check that there is space on the disk and that you may write there.',
    cause,
  });
}

/** Removes the temporary files of writers that died; nobody else may be writing into the folder. */
export async function removeTemporaries(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) if (TEMPORARY.test(name)) await rm(join(folder, name), { force: true });
}

/**
 * Makes new names in a folder outlast a power failure. Where folders cannot be synced, as on Windows and some network
 * disks, the system does it when it likes.
 */
export async function syncFolder(folder: string): Promise<void> {
  await sync(folder, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EIO' || error.code === 'ENOSPC') throw error;
  });
}

async function sync(path: string, flags: string): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
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

/**
 * What `read` makes of the JSON in a file's bytes.
 *
 * @throws {NanobardError} code `checkpoint`, with the path, for whatever is wrong with it.
 */
export function decodeJSON<T>(bytes: Uint8Array, path: string, read: (value: unknown) => T): T {
  try {
    return read(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()));
  } catch (cause) {
    const hint = cause instanceof NanobardError ? cause.hint : undefined; // what would help, where the reader knows
    throw new NanobardError('checkpoint', `${path} is damaged: ${(cause as Error).message}`, { hint, cause });
  }
}

/** In hexadecimal. */
export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
