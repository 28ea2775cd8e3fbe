import * as v from 'valibot';
import { NanobardError } from '../../../engine/errors.ts';
import { parsed, wholeFrom0, wholeNumbers } from '../../fields.ts';
import { BpeTokenizer } from './bpe.ts';
import { BYTE_ORDER, fromSymbols, toSymbols } from './byte-symbols.ts';
import { CharTokenizer } from './char.ts';
import { readPipeline, unsupported, writePipeline } from './huggingface-pipeline.ts';
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
  normalized: v.optional(v.boolean(), false),
});

const Typed = v.nullish(v.looseObject({ type: v.string() }));
const FileSchema = v.object({
  model: v.looseObject({}),
  added_tokens: v.optional(v.nullable(v.array(v.looseObject({}))), []),
  ...{ normalizer: Typed, pre_tokenizer: Typed, post_processor: Typed, decoder: Typed },
});

/**
 * The tokenizer of a `tokenizer.json`: byte-level BPE, and characters as `toHuggingFace` writes them.
 *
 * @param value the parsed file
 * @throws {NanobardError} code `checkpoint`, naming what is damaged or not supported
 */
export function fromHuggingFace(value: unknown): Tokenizer {
  const file = parsed(FileSchema, value, refuse(''));
  const { pre_tokenizer: split, post_processor: after, normalizer, decoder } = file;
  if ('type' in file.model && file.model.type !== 'BPE') throw unsupported('model', String(file.model.type));
  const model = parsed(ModelSchema, file.model, refuse('model'));
  const added = (file.added_tokens ?? []).map((token, i) =>
    parsed(AddedTokenSchema, token, refuse(`added_tokens.${i}`)),
  );
  const isOfCharacters = !normalizer && !split && !after && decoder?.type === 'Fuse' && added.length === 0;
  if (isOfCharacters && model.merges.length === 0) return characters(model.vocab);
  const ways = readPipeline(file, (place, schema, part) => parsed(schema, part, refuse(place)));
  if (decoder?.type !== 'ByteLevel') throw unsupported('decoder', decoder?.type ?? 'none');
  const special = Object.fromEntries(added.map(({ id, content }) => [content, id]));
  const normalized = added.flatMap((token) => (token.normalized ? token.content : []));
  return bpe(model.vocab, model.merges, special, {
    ...ways,
    ...(model.ignore_merges && { ignoreMerges: true }),
    ...(normalized.length > 0 && { normalized }),
  });
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
  return bpe(ids, lines, end);
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
  const { endOfText } = tokenizer;
  const name = endOfText === undefined ? undefined : tokenizer.decode([endOfText]);
  return {
    tokenizer: { version: '1.0', truncation: null, padding: null, ...written },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      clean_up_tokenization_spaces: false, // by default "a !" becomes "a!"
      model_max_length: modelMaxLength,
      ...(name !== undefined && { bos_token: name, eos_token: name }),
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
  const { ignoreMerges, normalized = [], ...ways } = isBpe ? tokenizer.ways : {};
  const flags = { single_word: false, lstrip: false, rstrip: false, special: true };
  return {
    added_tokens: Array.from(special, ([content, id]) => ({
      ...{ id, content, normalized: normalized.includes(content), ...flags },
    })),
    ...writePipeline(ways, special),
    model: model(vocab, merges, ignoreMerges),
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
  ways: BpeTokenizer['ways'] = {},
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
    ...ways,
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
        hint: 'The file is damaged, or says something that is not supported: byte-level BPE is, and characters.',
      },
    );
