import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { NanobardError } from '../engine/errors.ts';
import { joined } from '../language/data/documents.ts';
import { trainBpe } from '../language/data/tokenizer/bpe-trainer.ts';
import { ByteTokenizer } from '../language/data/tokenizer/bytes.ts';
import { CharTokenizer } from '../language/data/tokenizer/char.ts';
import { fromHuggingFace, fromVocabAndMerges } from '../language/data/tokenizer/huggingface.ts';
import { type Tokenizer, tokenizerFromJSON } from '../language/data/tokenizer/tokenizer.ts';
import { shown } from '../language/options.ts';
import { readIfThere } from './files.ts';

const HINT =
  'Say char, bytes, bpe:1024 (a size to learn), or the path of a tokenizer.json or of a folder that holds one, or ' +
  "GPT-2's vocab.json and merges.txt.";

/**
 * The tokenizer that is meant by `char`, `bytes` or `bpe:<size>`, learned from documents as far as there is something to
 * learn, or that is in a file or folder: `tokenizer.json` of nanobard or Hugging Face, `vocab.json` with `merges.txt`.
 *
 * @throws {NanobardError} code `argument` for a size that is none, `file` if nothing is there, `checkpoint` if it is
 * damaged or not supported
 */
export async function loadTokenizer(from: string, documents: readonly string[]): Promise<Tokenizer> {
  if (from === 'char') return CharTokenizer.fromText(joined(documents));
  if (from === 'bytes') return new ByteTokenizer();
  const [, size] = /^bpe:(.*)$/.exec(from) ?? [];
  if (size === undefined) return openTokenizer(from);
  const vocabSize = Number(size);
  if (/^\d+$/.test(size) && vocabSize >= 257 && vocabSize < 2 ** 21)
    return trainBpe(documents, { vocabSize });
  throw new NanobardError('argument', `a BPE tokenizer cannot have ${shown(size)} tokens`, {
    hint: 'Give a whole number from 257 on: 256 bytes, <|endoftext|>, and what is learned.',
    options: ['tokenizer'],
  });
}

/** A tokenizer from its file, or from the folder that holds it. */
export async function openTokenizer(path: string): Promise<Tokenizer> {
  const found = statSync(path, { throwIfNoEntry: false });
  const places = found?.isDirectory()
    ? ['tokenizer.json', 'vocab.json', 'encoder.json'].map((name) => join(path, name))
    : [path];
  for (const place of places) {
    const bytes = await readIfThere(place);
    if (!bytes) continue;
    const merges = await mergesBeside(place);
    return decodeTokenizer(bytes, place, merges);
  }
  throw new NanobardError('file', `there is no tokenizer at ${shown(path)}`, {
    hint: HINT,
    options: ['tokenizer'],
  });
}

/**
 * The tokenizer in the bytes of a file. Whether it is nanobard's, Hugging Face's or GPT-2's vocabulary, its shape tells.
 *
 * @param merges the text of merges.txt, where the file may be a vocab.json
 * @throws {NanobardError} code `checkpoint`, with the path
 */
export function decodeTokenizer(bytes: Uint8Array, path: string, merges?: string): Tokenizer {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    // GPT-2's vocabulary has a token 'model', too.
    if (v.is(v.object({ model: v.looseObject({}) }), value)) return fromHuggingFace(value);
    return merges === undefined ? tokenizerFromJSON(value) : fromVocabAndMerges(value, merges);
  } catch (cause) {
    const { hint } = cause instanceof NanobardError ? cause : { hint: 'The file is damaged.' };
    throw new NanobardError('checkpoint', `${path}: ${(cause as Error).message}`, {
      hint,
      options: ['tokenizer'],
      cause,
    });
  }
}

/** GPT-2's merges, which Hugging Face calls merges.txt and OpenAI vocab.bpe, where a file is its vocabulary. */
async function mergesBeside(path: string): Promise<string | undefined> {
  if (path.endsWith('tokenizer.json')) return undefined;
  for (const name of ['merges.txt', 'vocab.bpe']) {
    const file = join(dirname(path), name);
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) return readFile(file, 'utf8');
  }
  return undefined;
}
