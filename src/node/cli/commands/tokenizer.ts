import { stat } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { NanobardError } from '../../../engine/errors.ts';
import { corpora } from '../../../language/data/corpus.ts';
import type { Tokenizer } from '../../../language/data/tokenizer/tokenizer.ts';
import { loadCorpus } from '../../corpus.ts';
import { writeAtomically } from '../../files.ts';
import { filesIn, isPattern, matchingFiles } from '../../find-files.ts';
import { loadTokenizer, openTokenizer } from '../../load-tokenizer.ts';
import { encodeParts, isLarge, type TextPart, textParts, wordEndOf } from '../../text-parts.ts';
import { writeTokenFolder } from '../../token-files.ts';
import { formatCount, formatMilliseconds } from '../display/format.ts';
import { exitCodes, type Io } from '../io.ts';
import { textSource } from '../text-source.ts';

interface TextFlags {
  readonly data: readonly string[];
  readonly field?: string | undefined;
}

export interface TrainTokenizerFlags extends TextFlags {
  readonly vocabSize: number;
  readonly out: string;
}

export interface EncodeFlags extends TextFlags {
  readonly tokenizer: string;
  readonly out: string;
}

export interface DecodeFlags {
  readonly tokenizer: string;
}

/** Learns a BPE tokenizer from texts and writes it to a file; returns the exit code. */
export async function trainTokenizer(flags: TrainTokenizerFlags, io: Io): Promise<number> {
  const { documents, notice, name } = await corpusOf(flags, io);
  tell(io, notice);
  const begin = performance.now();
  const tokenizer = await loadTokenizer(`bpe:${flags.vocabSize}`, documents);
  await writeAtomically(flags.out, JSON.stringify(tokenizer));
  const took = formatMilliseconds(performance.now() - begin);
  const { vocabSize } = tokenizer;
  tell(io, vocabSize < flags.vocabSize ? `No pair of tokens is left that ${name} has twice.` : undefined);
  io.stdout.write(`${flags.out}: ${formatCount(vocabSize)} tokens, learned from ${name} in ${took}\n`);
  return exitCodes.success;
}

/** Writes texts as nanoGPT's token files; returns the exit code. */
export async function encode(flags: EncodeFlags, io: Io): Promise<number> {
  const { tokenizer, name, parts } = await partsOf(flags, io);
  const { width, ...splits } = await writeTokenFolder(flags.out, encodeParts(tokenizer, parts), tokenizer);
  const [train, validation] = [splits.train, splits.validation].map(formatCount);
  const bits = width === 2 ? '16' : '32 (the vocabulary has more than 65,536 tokens; nanoGPT expects 16)';
  io.stdout.write(
    `${flags.out}: ${train} tokens of ${name} in train.bin, ${validation} in val.bin, each of ${bits} bits\n`,
  );
  return exitCodes.success;
}

/** Writes the text of the tokens on standard input: whole numbers with anything between them; returns the exit code. */
export async function decode(flags: DecodeFlags, io: Io): Promise<number> {
  const tokenizer = await openTokenizer(flags.tokenizer);
  const words = (await buffer(io.stdin))
    .toString()
    .split(/[\s,;[\]]+/)
    .filter((word) => word !== '');
  const foreign = words.find((word) => !/^\d{1,15}$/.test(word));
  if (foreign !== undefined) {
    throw new NanobardError('usage', `'${foreign.slice(0, 40)}' is not a token`, {
      hint: 'Tokens are whole numbers, separated by spaces, commas or line ends.',
    });
  }
  io.stdout.write(`${tokenizer.decode(words.map(Number))}\n`);
  return exitCodes.success;
}

interface Parts {
  readonly tokenizer: Tokenizer;
  readonly name: string;
  readonly parts: Iterable<TextPart> | AsyncIterable<TextPart>;
}

/** What is to be encoded, and how: file by file, and in parts where one is larger than a text can be. */
async function partsOf(flags: EncodeFlags, io: Io): Promise<Parts> {
  const { data, field, tokenizer: which } = flags;
  if (which === 'char' || which.startsWith('bpe:')) {
    const large = await Promise.all(data.map(isLarge));
    if (large.includes(true)) {
      throw new NanobardError(
        'usage',
        `${data[large.indexOf(true)]} is too large to learn a tokenizer from`,
        {
          hint: `Learn it from a part: ${io.command} tokenizer train --data part.txt; then name it with --tokenizer.`,
        },
      );
    }
    const { documents, notice, name } = await corpusOf(flags, io);
    tell(io, notice);
    const tokenizer = await loadTokenizer(which, documents);
    return { tokenizer, name, parts: documents.map((text) => ({ text, begins: true })) };
  }
  const tokenizer = await loadTokenizer(which, []);
  const parts = async function* (): AsyncGenerator<TextPart, void, void> {
    for (const source of await sourcesOf(data, io)) {
      if (await isLarge(source)) {
        yield* textParts(source, {
          field,
          wordEnd: wordEndOf(tokenizer),
          tell: (notice) => tell(io, notice),
        });
        continue;
      }
      const { documents, notice } = await corpusOf({ data: [source], field }, io);
      tell(io, notice);
      for (const text of documents) yield { text, begins: true };
    }
  };
  return {
    tokenizer,
    name: data.map((each) => (each === '-' ? 'standard input' : each)).join(', '),
    parts: parts(),
  };
}

/** Files instead of the folders and patterns that stand for them. */
async function sourcesOf(data: readonly string[], io: Io): Promise<string[]> {
  const sources: string[] = [];
  for (const source of data) {
    const found = await stat(source).catch(() => undefined);
    const isOne = found ? !found.isDirectory() : !isPattern(source);
    const { texts, notice } =
      isOne || Object.hasOwn(corpora, source)
        ? { texts: [source] }
        : await (found ? filesIn(source) : matchingFiles(source));
    tell(io, notice);
    sources.push(...texts);
  }
  return sources;
}

async function corpusOf({ data, field }: TextFlags, io: Io): ReturnType<typeof loadCorpus> {
  return loadCorpus((await textSource(data, io)) ?? [], { field });
}

function tell(io: Io, notice: string | undefined): void {
  if (notice !== undefined) io.stderr.write(`${notice}\n`);
}
