import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NanobardError } from '../engine/errors.ts';
import type { ExportedFile } from '../language/formats/export.ts';
import { syncFolder, unwritable } from './files.ts';

/**
 * Writes a folder that is there with all of its files or not at all.
 *
 * @throws {NanobardError} code `run-folder` if there is something in it already, `file` if it cannot be written.
 */
export async function writeFolder(folder: string, files: readonly ExportedFile[]): Promise<void> {
  await refuseOccupied(folder);
  const temporary = `${folder.replace(/[\\/]+$/, '')}.${randomUUID()}.tmp`;
  try {
    for (const { name, data } of files) {
      const path = join(temporary, ...name.split('/'));
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, data, { flush: true });
    }
    await rename(temporary, folder); // over an empty folder, too
    await syncFolder(dirname(folder));
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw unwritable(folder, cause);
  }
}

/** Asked before the work as well, so that it is not done in vain. */
export async function refuseOccupied(folder: string): Promise<void> {
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw new NanobardError('run-folder', `${folder} cannot be written to: ${cause.message}`, {
      options: ['folder'],
      cause,
    });
  });
  if (names.length === 0) return;
  throw new NanobardError('run-folder', `${folder} is not empty`, {
    hint: 'Choose a new or empty folder.',
    options: ['folder'],
  });
}
