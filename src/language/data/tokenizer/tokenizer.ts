import * as v from 'valibot';
import { NanobardError } from '../../../engine/errors.ts';
import { parsed } from '../../fields.ts';
import { BpeTokenizer } from './bpe.ts';
import { ByteTokenizer } from './bytes.ts';
import { CharTokenizer } from './char.ts';
import { damaged } from './errors.ts';

/** Text to token ids and back. Ids run from 0 to `vocabSize` − 1. */
export interface Tokenizer {
  readonly vocabSize: number;
  /** The token that begins each document, where there is one: `<|endoftext|>`. */
  readonly endOfText?: number | undefined;
  /** Throws NanobardError('vocabulary') for text that the vocabulary cannot express. */
  encode(text: string): Int32Array;
  /**
   * The text of any tokens. Where their bytes are not UTF-8, as where a character is cut, it has U+FFFD.
   *
   * Throws NanobardError('vocabulary') for an id outside the vocabulary.
   */
  decode(tokens: ArrayLike<number>): string;
  /**
   * The UTF-8 bytes that a token stands for; a character may be spread over several tokens.
   *
   * Throws NanobardError('vocabulary') for an id outside the vocabulary.
   */
  bytesOf(token: number): Uint8Array;
  /** Plain data that `tokenizerFromJSON` turns back into this tokenizer; `type` names the kind. */
  toJSON(): { readonly type: string };
}

const kinds = { char: CharTokenizer, bytes: ByteTokenizer, bpe: BpeTokenizer } as const;

/** Rebuilds a tokenizer from its JSON. Throws NanobardError('checkpoint') when `value` is not one. */
export function tokenizerFromJSON(value: unknown): Tokenizer {
  const { type } = parsed(v.object({ type: v.string() }), value, damaged);
  if (Object.hasOwn(kinds, type)) return kinds[type as keyof typeof kinds].fromJSON(value);
  const known = Object.keys(kinds).join("', '");
  throw new NanobardError('checkpoint', `Unknown tokenizer type '${type}'`, {
    hint: `This version knows '${known}'. The run may come from a newer nanobard.`,
  });
}
