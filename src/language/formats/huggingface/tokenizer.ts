import * as v from 'valibot';
import { NanobardError } from '../../../engine/errors.ts';
import { CharTokenizer } from '../../data/tokenizer/char.ts';
import type { Tokenizer } from '../../data/tokenizer/tokenizer.ts';
import { parsed } from '../../fields.ts';
import { parseJSON, type ReadFile } from '../folder.ts';

/** The files that a tokenizer is for transformers, and the id of the token that ends a text, if it has one. */
export interface TokenizerFiles {
  readonly files: readonly { readonly name: string; readonly value: object }[];
  readonly endOfText: number | null;
}

/** A tokenizer for transformers (Python and JavaScript); `blockSize` is what it tells pipelines as the longest input. */
export function tokenizerFiles(tokenizer: Tokenizer, blockSize: number): TokenizerFiles {
  if (!(tokenizer instanceof CharTokenizer))
    throw new NanobardError('config', 'this tokenizer cannot be exported');
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: blockSize,
    clean_up_tokenization_spaces: false, // otherwise "a !" comes back as "a!"
  };
  return {
    files: [
      { name: 'tokenizer.json', value: characters(tokenizer) },
      { name: 'tokenizer_config.json', value: config },
    ],
    endOfText: null,
  };
}

/** BPE without merges: each character is a token. */
function characters({ characters }: CharTokenizer): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(characters.map((character, id) => [character, id])),
      merges: [],
    },
  };
}

const CharactersSchema = v.object({
  model: v.object({
    type: v.literal('BPE'),
    vocab: v.record(v.string(), v.number()),
    merges: v.strictTuple([]),
  }),
  pre_tokenizer: v.nullish(v.never()),
});

/** The tokenizer of a folder. */
export async function readTokenizer(read: ReadFile): Promise<Tokenizer> {
  const file = await read('tokenizer.json');
  if (!file) throw new NanobardError('checkpoint', 'the folder holds no tokenizer.json');
  const { model } = parsed(CharactersSchema, parseJSON('tokenizer.json', file), (problem, path) => {
    return new NanobardError('checkpoint', `tokenizer.json: ${path}: ${problem}`);
  });
  const characters = Object.entries(model.vocab)
    .sort(([, a], [, b]) => a - b)
    .map(([character]) => character);
  return CharTokenizer.fromJSON({ type: 'char', characters });
}
