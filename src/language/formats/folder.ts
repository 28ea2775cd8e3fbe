import * as v from 'valibot';
import { NanobardError } from '../../engine/errors.ts';

/** The contents of a file of a folder, wherever that is, by name; undefined if it is not there. */
export type ReadFile = (name: string) => Promise<Uint8Array | undefined>;

/** What `read` makes of the file `name`; where it refuses it as damaged, the error names the file. */
export function inFile<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof NanobardError && cause.code === 'checkpoint')) throw cause;
    throw new NanobardError(cause.code, `${name}: ${cause.message}`, { hint: cause.hint, cause });
  }
}

/** @throws {NanobardError} code `checkpoint` if the file is not JSON in UTF-8. */
export function parseJSON(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new NanobardError('checkpoint', `${name} is not JSON: ${(cause as Error).message}`, {
      hint: 'The file is damaged or cut short; copy or download it again.',
      cause,
    });
  }
}

/** Whether a parsed `config.json` is Hugging Face's; those of runs have no such field. */
export const isHuggingFaceConfig = (value: unknown): boolean =>
  v.is(v.object({ model_type: v.string() }), value);
