import { existsSync } from 'node:fs';
import { basename, relative, resolve, sep } from 'node:path';
import { NanobardError } from '../../engine/errors.ts';
import { corpusNames } from '../../language/data/corpus.ts';
import type { Splits } from '../../language/data/dataset.ts';
import type { Tokenizer } from '../../language/data/tokenizer/tokenizer.ts';
import { defaultCorpus, keptCopy, loadCorpus, type TextSource } from '../corpus.ts';
import { loadTokenizer, openTokenizer } from '../load-tokenizer.ts';
import { hashTokenFolder, isTokenFolder, openTokenFolder } from '../token-files.ts';
import type { RunConfig } from './run-config.ts';

/** What a run learns from, and how it is cut into tokens. */
export interface RunDataOptions {
  /** The text or texts, or a folder of nanoGPT's token files; by default tinyshakespeare or the built-in plays. */
  readonly data?: TextSource | undefined;
  /** The field of JSON lines, or column of Parquet, that holds the text; by default `text`. */
  readonly field?: string | undefined;
  /** A tokenizer, or `char` (the default), `bytes`, `bpe:<size>`, or where one is: see `loadTokenizer`. */
  readonly tokenizer?: Tokenizer | string | undefined;
}

/** Texts or tokens, ready for `createTraining`. */
export interface RunData {
  readonly content: {
    readonly text?: readonly string[];
    readonly tokens?: Splits;
    readonly tokenizer: Tokenizer;
  };
  readonly sha256: string;
  /** How the run in a folder remembers where this is. */
  readonly describe: (folder: string) => RunConfig['data'];
  /** What the folder must keep, since it cannot be read again. */
  readonly kept: { readonly name: string; readonly contents: string } | undefined;
  readonly notice: string | undefined;
  /** Lets go of files. */
  readonly close: () => void;
}

/** @throws {NanobardError} as `loadCorpus` and `loadTokenizer` do */
export async function loadRunData({ data, field, tokenizer }: RunDataOptions): Promise<RunData> {
  if (typeof data === 'string' && isTokenFolder(data)) return loadTokens(data, tokenizer);
  const corpus = data === undefined ? await defaultCorpus() : await loadCorpus(data, { field });
  const { documents, text, name, sha256, source, origin, notice } = corpus;
  const kept = source === 'memory' ? keptCopy(corpus) : undefined;
  const about = { name, sha256, characters: countCharacters(text), ...(field !== undefined && { field }) };
  return {
    content: {
      text: documents,
      tokenizer:
        typeof tokenizer === 'object' ? tokenizer : await loadTokenizer(tokenizer ?? 'char', documents),
    },
    sha256,
    describe: (folder) => ({ source: kept?.name ?? wayTo(origin, folder), ...about }),
    kept,
    notice,
    close: () => {},
  };
}

async function loadTokens(path: string, wanted: Tokenizer | string | undefined): Promise<RunData> {
  const tokenizer = typeof wanted === 'object' ? wanted : await tokenizerOf(path, wanted);
  const sha256 = await hashTokenFolder(path);
  const { close, ...tokens } = openTokenFolder(path, tokenizer);
  return {
    content: { tokens, tokenizer },
    sha256,
    describe: (folder) => ({
      ...{ source: wayTo([resolve(path)], folder), name: basename(resolve(path)), sha256 },
      tokens: tokens.train.length + tokens.validation.length,
    }),
    kept: undefined,
    notice: undefined,
    close,
  };
}

/** The tokenizer that token files were made with: beside them, or named. */
async function tokenizerOf(path: string, wanted: string | undefined): Promise<Tokenizer> {
  if (wanted === 'bytes') return loadTokenizer(wanted, []);
  if (wanted === 'char' || wanted?.startsWith('bpe:')) {
    throw new NanobardError('argument', `${path} holds tokens, from which no tokenizer can be learned`, {
      hint: 'Leave the tokenizer out, or give the one that the tokens were made with.',
      options: ['tokenizer'],
    });
  }
  if (wanted !== undefined) return openTokenizer(wanted);
  if (existsSync(`${path}/tokenizer.json`)) return openTokenizer(path);
  throw new NanobardError('file', `${path} holds tokens but no tokenizer.json that says what they mean`, {
    hint:
      "Name the tokenizer's file or folder. nanoGPT's meta.pkl is made one, in its folder, by python3 -c " +
      `"import json,pickle; m=pickle.load(open('meta.pkl','rb')); ` +
      `json.dump({'type':'char','characters':[m['itos'][i] for i in range(m['vocab_size'])]},open('tokenizer.json','w'))"`,
    options: ['tokenizer'],
  });
}

/** Corpora by their names, files by the way from the folder to them, so that all may move together. */
function wayTo(origin: readonly string[], folder: string): string | string[] {
  const ways = origin.map((place) =>
    corpusNames.includes(place) ? place : relative(resolve(folder), place).split(sep).join('/'),
  );
  return ways.length === 1 ? ways[0]! : ways;
}

/** Unicode characters, without a copy of the text. */
function countCharacters(text: string): number {
  let count = text.length;
  for (let i = 1; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) count--;
  }
  return count;
}
