import * as v from 'valibot';
import { parsed } from '../../fields.ts';
import { damaged, unknownToken } from './errors.ts';
import type { Tokenizer } from './tokenizer.ts';
import { bytesOfText, textOf } from './utf8.ts';

const ByteTokenizerSchema = v.object({ type: v.literal('bytes') });

/** One token for each byte of UTF-8, its value: any text, with a vocabulary of 256. */
export class ByteTokenizer implements Tokenizer {
  readonly vocabSize = 256;

  /** Throws NanobardError('checkpoint') when `value` is not what `toJSON` returns. */
  static fromJSON(value: unknown): ByteTokenizer {
    parsed(ByteTokenizerSchema, value, damaged);
    return new ByteTokenizer();
  }

  /** Lone surrogates, which UTF-8 has no bytes for, become U+FFFD. */
  encode(text: string): Int32Array {
    return Int32Array.from(bytesOfText(text));
  }

  decode(tokens: ArrayLike<number>): string {
    return textOf(Uint8Array.from(tokens, checked));
  }

  bytesOf(token: number): Uint8Array {
    return Uint8Array.of(checked(token, 0));
  }

  toJSON(): v.InferOutput<typeof ByteTokenizerSchema> {
    return { type: 'bytes' };
  }
}

function checked(token: number, position: number): number {
  if (Number.isInteger(token) && token >= 0 && token < 256) return token;
  throw unknownToken(token, position, 256);
}
