import * as v from 'valibot';
import { NanobardError } from '../../../engine/errors.ts';
import { parsed, wholeFrom0, wholeNumbers } from '../../fields.ts';
import { BpeTokenizer } from './bpe.ts';
import { BYTE_ORDER, fromSymbols, toSymbols } from './byte-symbols.ts';
import { CharTokenizer } from './char.ts';
import { GPT2_PATTERN } from './split.ts';
import type { Tokenizer } from './tokenizer.ts';
import { END_OF_TEXT } from './vocabulary.ts';

// Tokenizers as Hugging Face's libraries write them: tokenizer.json, and GPT-2's vocab.json with merges.txt.

const nothing = v.optional(v.union([v.null(), v.literal('')]));
const off = v.optional(v.union([v.null(), v.literal(false)]));

const ModelSchema = v.object({
  type: v.optional(v.literal('BPE'), 'BPE'),
  dropout: v.optional(v.union([v.null(), v.literal(0)])),
  unk_token: nothing,
  continuing_subword_prefix: nothing,
  end_of_word_suffix: nothing,
  fuse_unk: v.optional(v.unknown()), // says something only where there is an unk_token
  byte_fallback: off,
  ignore_merges: v.optional(v.nullable(v.boolean())),
  vocab: wholeNumbers,
  merges: v.array(v.union([v.string(), v.tuple([v.string(), v.string()])])),
});

const AddedTokenSchema = v.object({
  id: wholeFrom0,
  content: v.string(),
  single_word: off,
  lstrip: off,
  rstrip: off,
});

const ByteLevel = v.object({
  type: v.literal('ByteLevel'),
  add_prefix_space: v.literal(false),
  use_regex: v.optional(v.boolean(), true),
});

/** GPT-2's pattern as it is written here, and with its contractions in one group. */
const Split = v.object({
  type: v.literal('Split'),
  pattern: v.object({
    Regex: v.picklist([
      GPT2_PATTERN,
      GPT2_PATTERN.replace("'s|'t|'re|'ve|'m|'ll|'d", "'(?:[sdmt]|ll|ve|re)"),
    ]),
  }),
  behavior: v.picklist(['Isolated', 'Removed']),
  invert: v.optional(v.boolean(), false),
});
const SplitThenBytes = v.object({
  type: v.literal('Sequence'),
  pretokenizers: v.tuple([Split, ByteLevel]),
});

const Typed = v.nullish(v.looseObject({ type: v.string() }));
const FileSchema = v.object({
  model: v.looseObject({}),
  added_tokens: v.optional(v.nullable(v.array(v.looseObject({}))), []),
  ...{ normalizer: Typed, pre_tokenizer: Typed, post_processor: Typed, decoder: Typed },
});

/** A template that puts nothing around a text: transformers 5 writes it with every tokenizer. */
const AddsNothing = v.object({
  type: v.literal('TemplateProcessing'),
  single: v.strictTuple([v.object({ Sequence: v.object({ id: v.literal('A') }) })]),
});

/**
 * The tokenizer of a `tokenizer.json`: byte-level BPE with GPT-2's pattern, and characters as `toHuggingFace` writes
 * them.
 *
 * @param value the parsed file
 * @throws {NanobardError} code `checkpoint`, naming what is damaged or not supported
 */
export function fromHuggingFace(value: unknown): Tokenizer {
  const file = parsed(FileSchema, value, refuse(''));
  const { normalizer, pre_tokenizer: split, post_processor: after, decoder } = file;
  if ('type' in file.model && file.model.type !== 'BPE') throw unsupported('model', String(file.model.type));
  const model = parsed(ModelSchema, file.model, refuse('model'));
  const added = (file.added_tokens ?? []).map((token, i) =>
    parsed(AddedTokenSchema, token, refuse(`added_tokens.${i}`)),
  );
  if (normalizer) throw unsupported('normalizer', normalizer.type);
  if (after && after.type !== 'ByteLevel' && !v.is(AddsNothing, after))
    throw unsupported('post_processor', after.type);
  if (!split && decoder?.type === 'Fuse' && model.merges.length === 0 && added.length === 0)
    return characters(model.vocab);
  if (!split) throw unsupported('pre_tokenizer', 'none');
  if (decoder?.type !== 'ByteLevel') throw unsupported('decoder', decoder?.type ?? 'none');
  if (split.type === 'ByteLevel') {
    const { use_regex: cuts } = parsed(ByteLevel, split, refuse('pre_tokenizer'));
    if (!cuts) throw unsupported('pre_tokenizer', 'ByteLevel without use_regex');
  } else {
    if (split.type !== 'Sequence') throw unsupported('pre_tokenizer', split.type);
    const [first] = parsed(SplitThenBytes, split, refuse('pre_tokenizer')).pretokenizers;
    if ((first.behavior === 'Removed') !== first.invert)
      throw unsupported('pre_tokenizer', `Split, ${first.behavior}`);
  }
  const special = Object.fromEntries(added.map(({ id, content }) => [content, id]));
  return bpe(model.vocab, model.merges, special, model.ignore_merges ?? false);
}

/**
 * GPT-2's own two files.
 *
 * @param vocab the parsed `vocab.json`
 * @param merges the text of `merges.txt`, or `vocab.bpe` as OpenAI calls it
 * @throws {NanobardError} code `checkpoint` if they are damaged
 */
export function fromVocabAndMerges(vocab: unknown, merges: string): BpeTokenizer {
  const ids = parsed(wholeNumbers, vocab, refuse('vocab.json'));
  const lines = merges.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  const end = Object.hasOwn(ids, END_OF_TEXT) ? { [END_OF_TEXT]: ids[END_OF_TEXT]! } : {};
  return bpe(ids, lines, end, false);
}

/** What goes into the two files `tokenizer.json` and `tokenizer_config.json`. */
export interface HuggingFaceTokenizer {
  readonly tokenizer: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * A tokenizer as Hugging Face's libraries read it: the same ids and the same text in Python, Rust and JavaScript, with one
 * difference: characters that a character tokenizer does not know vanish there, here they are an error.
 *
 * @param modelMaxLength the block size of the model that it belongs to
 */
export function toHuggingFace(tokenizer: Tokenizer, modelMaxLength: number): HuggingFaceTokenizer {
  const written = tokenizer instanceof CharTokenizer ? charFile(tokenizer) : byteLevelFile(tokenizer);
  const end = tokenizer.endOfText === undefined ? {} : { bos_token: END_OF_TEXT, eos_token: END_OF_TEXT };
  return {
    tokenizer: { version: '1.0', truncation: null, padding: null, ...written },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      clean_up_tokenization_spaces: false, // by default "a !" becomes "a!"
      model_max_length: modelMaxLength,
      ...end,
    },
  };
}

const model = (
  vocab: Readonly<Record<string, number>>,
  merges: readonly (readonly string[])[],
  ignoreMerges = false,
) => ({
  ...{
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
  },
  ...{ fuse_unk: false, byte_fallback: false, ignore_merges: ignoreMerges, vocab, merges },
});

/** As https://github.com/huggingface/tokenizers/issues/1003 recommends: each character a token, and nothing between them. */
function charFile({ characters }: CharTokenizer): object {
  const vocab = Object.fromEntries(characters.map((character, id) => [character, id]));
  return {
    ...{ added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null },
    ...{ decoder: { type: 'Fuse' }, model: model(vocab, []) },
  };
}

/** The pattern is written out: what ByteLevel itself cuts by is another one in JavaScript (its \s). */
function byteLevelFile(tokenizer: Tokenizer): object {
  const isBpe = tokenizer instanceof BpeTokenizer;
  const special = isBpe ? tokenizer.special : new Map<string, number>();
  const taken = new Set(special.values());
  const symbols = Array.from({ length: tokenizer.vocabSize }, (_, id) =>
    taken.has(id) ? '' : toSymbols(String.fromCharCode(...tokenizer.bytesOf(id))),
  );
  const vocab = Object.fromEntries(
    symbols.map((text, id) => [text, id] as const).filter(([text]) => text !== ''),
  );
  const merges = isBpe ? tokenizer.merges.map(([a, b]) => [symbols[a]!, symbols[b]!]) : [];
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const split = { type: 'Split', pattern: { Regex: GPT2_PATTERN }, behavior: 'Isolated', invert: false };
  return {
    added_tokens: Array.from(special, ([content, id]) => ({ id, content, ...flags })),
    normalizer: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [split, bytes] },
    post_processor: null,
    decoder: bytes,
    model: model(vocab, merges, isBpe && tokenizer.ignoreMerges),
  };
}

function characters(vocab: Readonly<Record<string, number>>): CharTokenizer {
  const all = byId(vocab);
  const gap = all.indexOf('');
  if (gap >= 0) throw refuse('model.vocab')(`no character has the id ${gap}`, null);
  return CharTokenizer.fromJSON({ type: 'char', characters: all });
}

/** Tokens in the order of their ids, '' where there is none. A few ids may be unused, but not most. */
function byId(vocab: Readonly<Record<string, number>>): string[] {
  const entries = Object.entries(vocab);
  const largest = entries.reduce((max, [, id]) => Math.max(max, id), -1);
  if (largest > 2 * entries.length + 1000)
    throw refuse('model.vocab')(`the id ${largest} is far beyond the number of tokens`, null);
  const tokens = new Array<string>(largest + 1).fill('');
  for (const [token, id] of entries) tokens[id] = token;
  return tokens;
}

function bpe(
  vocab: Readonly<Record<string, number>>,
  merges: readonly (string | readonly [string, string])[],
  special: Readonly<Record<string, number>>,
  ignoreMerges: boolean,
): BpeTokenizer {
  const tokens = byId(
    Object.fromEntries(Object.entries(vocab).filter(([token]) => !Object.hasOwn(special, token))),
  );
  const pairs = merges.map((merge, rank): readonly [number, number] => {
    const [left, right, ...more] = typeof merge === 'string' ? merge.split(' ') : merge;
    const [a, b] = [left, right].map((part) =>
      part !== undefined && Object.hasOwn(vocab, part) ? vocab[part] : undefined,
    );
    if (a === undefined || b === undefined || more.length > 0)
      throw refuse('model.merges')(`merge ${rank} is not two tokens of the vocabulary`, null);
    return [a, b];
  });
  const derived = isDerived(tokens, pairs);
  return new BpeTokenizer({
    ...{ merges: pairs, special },
    ...(!derived && { tokens }),
    ...(ignoreMerges && { ignoreMerges }),
  });
}

/** Whether the ids are those that nanobard, like GPT-2, gives without being told. */
function isDerived(tokens: readonly string[], merges: readonly (readonly [number, number])[]): boolean {
  const bytes = tokens.slice(0, 256).map((token) => fromSymbols(token)?.charCodeAt(0));
  const made = new Set(merges.map(([a, b]) => `${tokens[a]}${tokens[b]}`));
  return (
    tokens.length === 256 + merges.length &&
    made.size === merges.length &&
    bytes.every((byte, id) => byte === BYTE_ORDER[id] && tokens[id]!.length === 1) &&
    merges.every(([a, b], rank) => tokens[256 + rank] === `${tokens[a]}${tokens[b]}`)
  );
}

const refuse =
  (place: string) =>
  (problem: string, path: string | null): NanobardError =>
    new NanobardError(
      'checkpoint',
      `tokenizer.json: ${[place, path].filter(Boolean).join('.')}: ${problem}`,
      {
        hint: 'The file is damaged, or says something that is not supported: byte-level BPE as of GPT-2 is, and characters.',
      },
    );

function unsupported(part: string, what: string): NanobardError {
  return new NanobardError('checkpoint', `This tokenizer's ${part} is not supported: ${what}`, {
    hint: "Supported are byte-level BPE with GPT-2's pattern, and characters as nanobard writes them.",
  });
}
