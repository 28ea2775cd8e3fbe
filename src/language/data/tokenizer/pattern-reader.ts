import { NanobardError } from '../../../engine/errors.ts';

/** Longer patterns are no model's. */
const MAX_LENGTH = 10_000;

const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7, e: 27 };

/** A pattern that is read from its beginning to its end, character by character. */
export class PatternReader {
  private readonly pattern: string;
  protected readonly characters: readonly string[];
  protected at = 0;

  constructor(pattern: string) {
    this.pattern = pattern;
    if (pattern.length > MAX_LENGTH) throw this.refuse(`it is longer than ${MAX_LENGTH} characters`);
    this.characters = [...pattern];
  }

  refuse(problem: string): NanobardError {
    const shown = this.pattern.length > 60 ? `${this.pattern.slice(0, 60)}…` : this.pattern;
    return new NanobardError(
      'checkpoint',
      `The pattern ${shown} that words are cut by is not supported: ${problem}`,
      {
        hint: 'The file is damaged, or words can only be cut so by the programs that it was made for.',
      },
    );
  }

  protected get next(): string | undefined {
    return this.characters[this.at];
  }

  /** Goes on behind `text` if it comes next. */
  protected take(text: string): boolean {
    const length = [...text].length;
    if (this.characters.slice(this.at, this.at + length).join('') !== text) return false;
    this.at += length;
    return true;
  }

  /** Goes on behind what matches here; `expression` is sticky. */
  protected takeMatch(expression: RegExp): RegExpExecArray | null {
    const rest = this.characters.slice(this.at, this.at + 64).join('');
    expression.lastIndex = 0;
    const match = expression.exec(rest);
    if (match) this.at += [...match[0]].length;
    return match;
  }

  /** One that means itself, or is written with a backslash. */
  protected character(): number {
    const character = this.characters[this.at++];
    if (character !== '\\') return character!.codePointAt(0)!;
    const [, two, long, four] =
      this.takeMatch(/(?:x([0-7][0-9a-fA-F])|x\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4}))/y) ?? [];
    const code = two ?? long ?? four;
    if (code !== undefined && Number.parseInt(code, 16) <= 0x10ffff) return Number.parseInt(code, 16);
    const letter = this.characters[this.at++] ?? '';
    if (Object.hasOwn(controls, letter)) return controls[letter]!;
    if (letter === '' || /[A-Za-z0-9]|[^\0-\x7f]/.test(letter)) throw this.refuse(`\\${letter}`);
    return letter.charCodeAt(0);
  }
}
