import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fstatSync,
  openSync,
  readSync,
} from 'node:fs';
import { mkdir, open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { NanobardError } from '../engine/errors.ts';
import { type Splits, type Tokens, trainLength } from '../language/data/dataset.ts';
import type { Tokenizer } from '../language/data/tokenizer/tokenizer.ts';
import { replaceAtomically, unwritable, writeAtomically } from './files.ts';
import { refusal } from './refusal.ts';

// nanoGPT's token files: train.bin and val.bin, unsigned 16-bit little-endian numbers one after the other. Where a
// vocabulary has more than 65,536 tokens they are of 32 bits.

const FILES = { train: 'train.bin', validation: 'val.bin' } as const;

/** Tokens that are written at once. */
const CHUNK = 2 ** 20;

/** Bytes of a token. */
const widthFor = ({ vocabSize }: Pick<Tokenizer, 'vocabSize'>): 2 | 4 => (vocabSize > 2 ** 16 ? 4 : 2);

/**
 * The tokens in bytes of a file, those from the token `start` on.
 *
 * @throws {NanobardError} code `file` if they are no whole number of tokens, or not all of the vocabulary
 */
export function decodeTokens(bytes: Uint8Array, vocabSize: number, path: string, start = 0): Int32Array {
  const width = widthFor({ vocabSize });
  if (bytes.length % width !== 0) throw cutOff(path, bytes.length, width);
  const { buffer } = Uint8Array.from(bytes); // where numbers may begin
  const tokens = width === 2 ? Int32Array.from(new Uint16Array(buffer)) : new Int32Array(buffer);
  const foreign = tokens.findIndex((token) => token < 0 || token >= vocabSize);
  if (foreign < 0) return tokens;
  const message = `${path} has the token ${tokens[foreign]! >>> 0} at position ${start + foreign}`;
  throw refusal(
    `${message}, but the vocabulary is 0 to ${vocabSize - 1}`,
    'Give the tokenizer that the file was made with.',
    { options: ['tokenizer', 'data'] },
  );
}

function cutOff(path: string, size: number, width: number): NanobardError {
  const message = `${path} has ${size} bytes, which is no whole number of tokens of ${width} bytes`;
  return refusal(message, 'The file is cut off, or was made with another tokenizer.');
}

/** Tokens in a file, read by position when they are asked for: the file may be larger than memory. */
export class FileTokens implements Tokens {
  readonly length: number;
  private readonly file: number;
  private readonly path: string;
  private readonly width: 2 | 4;
  private readonly vocabSize: number;
  private closed = false;

  /** @throws {NanobardError} code `file` if it cannot be read, or does not hold a whole number of tokens. */
  constructor(path: string, tokenizer: Tokenizer) {
    this.path = path;
    this.width = widthFor(tokenizer);
    this.vocabSize = tokenizer.vocabSize;
    try {
      this.file = openSync(path, 'r');
    } catch (cause) {
      throw refusal(
        `${path} cannot be read: ${(cause as Error).message}`,
        'Check the permissions of the file.',
        { cause },
      );
    }
    const { size } = fstatSync(this.file);
    this.length = size / this.width;
    if (Number.isInteger(this.length)) return;
    this.close();
    throw cutOff(path, size, this.width);
  }

  /** @throws {NanobardError} code `file` if the file has become shorter or holds what is no token of the tokenizer. */
  subarray(start: number, end: number): Int32Array {
    const bytes = new Uint8Array((end - start) * this.width);
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(this.file, bytes, at, bytes.length - at, start * this.width + at);
      if (read === 0) throw refusal(`${this.path} has become shorter while it was read`, 'Make it anew.');
      at += read;
    }
    return decodeTokens(bytes, this.vocabSize, this.path, start);
  }

  close(): void {
    if (!this.closed) closeSync(this.file);
    this.closed = true;
  }
}

/** Whether a folder holds tokens instead of texts. */
export function isTokenFolder(path: string): boolean {
  return Object.values(FILES).every((name) => existsSync(join(path, name)));
}

/** The tokens in a folder; they stay open until `close`. */
export function openTokenFolder(path: string, tokenizer: Tokenizer): Splits<FileTokens> & { close(): void } {
  const train = new FileTokens(join(path, FILES.train), tokenizer);
  try {
    const validation = new FileTokens(join(path, FILES.validation), tokenizer);
    const close = (): void => {
      train.close();
      validation.close();
    };
    return { train, validation, close };
  } catch (error) {
    train.close();
    throw error;
  }
}

/** SHA-256 of the token files, the one after the other. */
export async function hashTokenFolder(path: string): Promise<string> {
  const hash = createHash('sha256');
  for (const name of Object.values(FILES)) {
    for await (const chunk of createReadStream(join(path, name), { highWaterMark: 2 ** 20 }))
      hash.update(chunk);
  }
  return hash.digest('hex');
}

/** What was written: how many tokens, and of how many bytes each. */
export interface TokenFolder {
  readonly train: number;
  readonly validation: number;
  readonly width: 2 | 4;
}

/**
 * Writes tokens, as many as come, and the tokenizer beside them, as `openTokenFolder` and nanoGPT read them: the first 90 %
 * to train on, the rest to validate.
 */
export async function writeTokenFolder(
  path: string,
  tokens: AsyncIterable<Int32Array> | Iterable<Int32Array>,
  tokenizer: Tokenizer,
): Promise<TokenFolder> {
  const width = widthFor(tokenizer);
  await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
  const [train, validation] = [join(path, FILES.train), join(path, FILES.validation)];
  // All in one file first: where the validation split begins is known at the end.
  const all = await writeTokens(train, tokens, width);
  const length = trainLength(all);
  await replaceAtomically(validation, (temporary) => copyRest(train, width * length, temporary));
  await truncate(train, width * length);
  await writeAtomically(join(path, 'tokenizer.json'), JSON.stringify(tokenizer));
  return { train: length, validation: all - length, width };
}

async function copyRest(from: string, start: number, to: string): Promise<void> {
  await pipeline(
    createReadStream(from, { start, highWaterMark: CHUNK }),
    createWriteStream(to, { flush: true }),
  );
}

/** Returns how many there were. */
async function writeTokens(
  path: string,
  tokens: AsyncIterable<Int32Array> | Iterable<Int32Array>,
  width: 2 | 4,
): Promise<number> {
  const file = await open(path, 'w').catch((cause: unknown) => {
    throw unwritable(path, cause);
  });
  let [written, waiting] = [0, 0];
  const pending = new Int32Array(CHUNK);
  const flush = async (): Promise<void> => {
    const part = pending.subarray(0, waiting);
    const { buffer, byteOffset, byteLength } = width === 2 ? Uint16Array.from(part) : part;
    await file.writeFile(new Uint8Array(buffer, byteOffset, byteLength));
    [written, waiting] = [written + waiting, 0];
  };
  try {
    for await (const more of tokens) {
      for (let at = 0; at < more.length; ) {
        const part = more.subarray(at, at + CHUNK - waiting);
        pending.set(part, waiting);
        at += part.length;
        waiting += part.length;
        if (waiting === CHUNK) await flush();
      }
    }
    await flush();
    await file.sync();
    return written;
  } catch (cause) {
    throw cause instanceof NanobardError ? cause : unwritable(path, cause);
  } finally {
    await file.close();
  }
}
