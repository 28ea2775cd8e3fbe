import * as v from 'valibot';
import { NanobardError } from '../../../engine/errors.ts';
import { parsed } from '../../fields.ts';
import { damaged, unknownToken } from './errors.ts';
import type { Tokenizer } from './tokenizer.ts';
import { bytesOfText } from './utf8.ts';

const isCharacter = (text: string): boolean =>
  text.length > 0 && text.length === String.fromCodePoint(text.codePointAt(0)!).length;

const CharTokenizerSchema = v.object({
  type: v.literal('char'),
  characters: v.pipe(
    v.array(v.pipe(v.string(), v.check(isCharacter, 'Each entry must be exactly one character'))),
    v.minLength(1, 'The vocabulary is empty'),
    v.check((all) => new Set(all).size === all.length, 'A character stands in the vocabulary twice'),
  ),
});

export type CharTokenizerJSON = v.InferOutput<typeof CharTokenizerSchema>;

/**
 * One token per character, as in the tutorial. A character is a Unicode code point, so that '永' and '🎭'
 * are one token each.
 */
export class CharTokenizer implements Tokenizer {
  /** The vocabulary: the token of a character is its position here. */
  readonly characters: readonly string[];
  /** Token of each code point up to the largest that has one, −1 where there is none. */
  readonly #tokens: Int32Array;

  private constructor(characters: readonly string[]) {
    this.characters = characters;
    const codePoints = characters.map((character) => character.codePointAt(0)!);
    this.#tokens = new Int32Array(codePoints.reduce((a, b) => Math.max(a, b)) + 1).fill(-1);
    for (const [token, codePoint] of codePoints.entries()) this.#tokens[codePoint] = token;
  }

  /** The vocabulary of a text: its distinct characters in the order of their code points. */
  static fromText(text: string): CharTokenizer {
    const characters = distinctCharacters(text);
    if (characters.length === 0) throw new NanobardError('vocabulary', 'An empty text has no vocabulary');
    return new CharTokenizer(characters);
  }

  /** Throws NanobardError('checkpoint') when `value` is not what `toJSON` returns. */
  static fromJSON(value: unknown): CharTokenizer {
    return new CharTokenizer(parsed(CharTokenizerSchema, value, damaged).characters);
  }

  get vocabSize(): number {
    return this.characters.length;
  }

  encode(text: string): Int32Array {
    const tokens = new Int32Array(text.length);
    let count = 0;
    for (let i = 0; i < text.length; i++) {
      const codePoint = text.codePointAt(i)!;
      if (codePoint > 0xffff) i++;
      const token = this.#tokens[codePoint] ?? -1;
      tokens[count++] = token < 0 ? this.#unknown(text) : token;
    }
    return tokens.subarray(0, count);
  }

  decode(tokens: ArrayLike<number>): string {
    return Array.from(tokens, (token, position) => this.#character(token, position)).join('');
  }

  bytesOf(token: number): Uint8Array {
    return bytesOfText(this.#character(token, 0));
  }

  toJSON(): CharTokenizerJSON {
    return { type: 'char', characters: [...this.characters] };
  }

  #character(token: number, position: number): string {
    const character = this.characters[token];
    if (character === undefined) throw unknownToken(token, position, this.vocabSize);
    return character;
  }

  #unknown(text: string): never {
    const known = new Set(this.characters);
    const unknown = [...new Set(text)].filter((character) => !known.has(character));
    const shown = unknown.slice(0, 10).map(describe).join(', ');
    const more = unknown.length > 10 ? ` and ${unknown.length - 10} more` : '';
    throw new NanobardError(
      'vocabulary',
      `${unknown.length === 1 ? 'This character is' : 'These characters are'} not in the vocabulary: ${shown}${more}`,
      {
        hint:
          `The vocabulary is the ${this.vocabSize} characters of the text it was made from: ` +
          'leave the others out, or train on a text that has them.',
      },
    );
  }
}

/** The distinct characters of a text, in the order of their code points; without a copy of the text, which may be large. */
function distinctCharacters(text: string): string[] {
  const seen = new Uint8Array(0x110000);
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i)!;
    seen[codePoint] = 1;
    if (codePoint > 0xffff) i++;
  }
  const characters: string[] = [];
  for (let at = seen.indexOf(1); at >= 0; at = seen.indexOf(1, at + 1)) {
    characters.push(String.fromCodePoint(at));
  }
  return characters;
}

/** A character so that a person can tell which one it is: `'é' (U+00E9)`, `'\n' (U+000A)`, `U+200B`. */
function describe(character: string): string {
  const codePoint = character.codePointAt(0)!;
  const code = `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
  if (codePoint < 0x20) return `'${JSON.stringify(character).slice(1, -1)}' (${code})`;
  return /^[\p{L}\p{N}\p{P}\p{S} ]$/u.test(character) ? `'${character}' (${code})` : code;
}
