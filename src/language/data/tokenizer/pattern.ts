import { PatternReader } from './pattern-reader.ts';

/** Groups within more groups are no model's. */
const MAX_DEPTH = 20;
/** The largest number that a repetition may name. */
const MAX_REPEATS = 100;

/** Unicode's white space, where JavaScript's \s has U+FEFF and lacks U+0085. */
const WHITE_SPACE = '\\p{White_Space}';
/** Oniguruma's \w in a class; outside it has ², ³, ¹, ¼, ½ and ¾, too. */
const WORD = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}';
const WORD_OUTSIDE = `${WORD}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}`;

/** Classes of one letter but \w, without the brackets; their capitals are everything else. */
const classes: Readonly<Record<string, string>> = {
  s: WHITE_SPACE,
  d: '\\p{Nd}',
  h: '0-9a-fA-F',
};

/** A part of a pattern in JavaScript's notation. */
interface Part {
  readonly source: string;
  /** Whether it stands for one character, whatever it is. */
  readonly single?: boolean;
  /** What it repeats: nothing, a fixed number of times, or as often as it can. */
  readonly repeats: Repeats;
}
type Repeats = 'nothing' | 'fixed' | 'any';

/** A class of characters: what stands between its brackets. */
interface CharacterClass {
  readonly negated: boolean;
  readonly content: string;
  /** Whether it is an intersection, which cannot stand beside other members. */
  readonly joined: boolean;
}

/**
 * The sticky regular expression that matches as a pattern does in Oniguruma, in which `tokenizer.json` has its patterns
 * (https://github.com/kkos/oniguruma/blob/master/doc/RE, syntax of Ruby): other letters for white space and words,
 * `(?i:…)`, possessive and atomic groups, classes within classes, `^` and `$` at lines.
 *
 * @throws {NanobardError} code `checkpoint`, naming what in it is damaged or not supported
 */
export function compilePattern(pattern: string): RegExp {
  const translation = new Translation(pattern);
  const source = translation.all();
  try {
    return new RegExp(source, translation.hasSets ? 'vy' : 'uy');
  } catch (cause) {
    throw translation.refuse((cause as Error).message);
  }
}

class Translation extends PatternReader {
  /** Whether classes stand within classes that only the flag v can express. */
  hasSets = false;
  private depth = 0;
  /** How many groups have a name. */
  private groups = 0;
  private ignoreCase = false;

  all(): string {
    const { source } = this.alternatives();
    if (this.next !== undefined) throw this.refuse("')' without '('");
    return source;
  }

  /** Up to the end of the group or pattern. */
  private alternatives(): Part {
    if (++this.depth > MAX_DEPTH) throw this.refuse(`groups within more than ${MAX_DEPTH} groups`);
    const before = this.ignoreCase;
    if (this.take('(?i)')) this.ignoreCase = true;
    const from = this.at;
    const sources = [''];
    let repeats: Repeats = 'nothing';
    while (this.next !== undefined && this.next !== ')') {
      if (this.take('|')) {
        sources.push('');
        continue;
      }
      const part = this.repeated();
      sources[sources.length - 1] += part.source;
      repeats = most(repeats, part.repeats);
    }
    // Letters that Unicode folds to one: ß, ligatures.
    if (this.ignoreCase && /ss|ff|fi|fl|st/i.test(this.characters.slice(from, this.at).join('')))
      throw this.refuse('letters without case that may be one character');
    this.ignoreCase = before;
    this.depth--;
    return { source: sources.join('|'), repeats };
  }

  /** Something, and how often. */
  private repeated(): Part {
    const part = this.atom();
    const match = this.takeMatch(/[*+?]|\{(?=,?\d)(\d*)(,?)(\d*)\}/y);
    if (!match) return part;
    const [quantifier, low, comma, high] = match;
    const isInterval = low !== undefined;
    const least = isInterval ? Number(low) : quantifier === '+' ? 1 : 0;
    const last = isInterval ? (comma ? high : low) : quantifier === '?' ? '1' : '';
    const top = last ? Number(last) : Number.POSITIVE_INFINITY;
    if (least > top || [low, high].some((count) => Number(count ?? 0) > MAX_REPEATS))
      throw this.refuse(`the repetition ${quantifier}`);
    const lazy = this.take('?');
    const more = !lazy && this.take('+');
    if (/[*+?{]/.test(this.next ?? '') || (lazy && least === top))
      throw this.refuse('a repetition of a repetition');
    let repeats: Repeats = top === 1 ? part.repeats : least === top ? 'fixed' : 'any';
    // Ways to divide a text among them multiply: a text that does not match would take for ever.
    if (top > 1 && (part.repeats === 'any' || (repeats === 'fixed' && part.repeats === 'fixed')))
      throw this.refuse('a repetition within a repetition');
    if (!more || !isInterval) {
      const often = isInterval ? `{${least}${comma}${high}}` : quantifier;
      const source = `${part.source}${often}${lazy ? '?' : ''}`;
      return more ? this.atomic({ source, repeats }) : { source, repeats };
    }
    // `{1,3}+` is not possessive: it repeats the repetition.
    if (!part.single || least > 1) throw this.refuse('a repetition of a repetition');
    repeats = 'any';
    return { source: `${part.source}${least === 1 ? '+' : '*'}`, repeats };
  }

  /** What gives nothing back of what it has matched: JavaScript's lookaheads do not. */
  private atomic({ source, repeats }: Part): Part {
    const name = `_${++this.groups}`;
    return { source: `(?:(?=(?<${name}>${source}))\\k<${name}>)`, repeats };
  }

  private atom(): Part {
    if (this.next === '(') return this.group();
    if (this.next === '[') {
      const { content, negated } = this.characterClass();
      return { source: bracketed(content, negated), single: true, repeats: 'nothing' };
    }
    if (this.take('.')) return { source: '[^\\n]', single: true, repeats: 'nothing' };
    // A line ends before a line feed, not before those that JavaScript knows besides.
    if (this.take('^')) return this.position('(?<![^\\n])');
    if (this.take('$')) return this.position('(?![^\\n])');
    if (/[*+?]/.test(this.next ?? '')) throw this.refuse('a repetition of nothing');
    const set = this.letterClass(WORD_OUTSIDE);
    if (set) return { source: bracketed(set.content, set.negated), single: true, repeats: 'nothing' };
    const content = this.withCase(this.character());
    return {
      source: content.length > 1 ? `[${content.join('')}]` : content[0]!,
      single: true,
      repeats: 'nothing',
    };
  }

  /** A place without a character, which nothing repeats. */
  private position(source: string): Part {
    if (/[*+?{]/.test(this.next ?? '')) throw this.refuse('a repetition of a place');
    return { source, repeats: 'nothing' };
  }

  private group(): Part {
    this.take('(');
    const begin = ['?:', '?=', '?!', '?<=', '?<!', '?>', '?i:', '?-i:'].find((each) => this.take(each)) ?? '';
    if (begin === '' && this.next === '?')
      throw this.refuse(`the group (${this.characters.slice(this.at, this.at + 3).join('')}`);
    const before = this.ignoreCase;
    if (begin.endsWith('i:')) this.ignoreCase = begin === '?i:';
    const inner = this.alternatives();
    this.ignoreCase = before;
    if (!this.take(')')) throw this.refuse("'(' without ')'");
    if (begin === '?>') return this.atomic(inner);
    if (/[=!]$/.test(begin)) return { ...this.position(`(${begin}${inner.source})`), repeats: inner.repeats };
    return { source: `(?:${inner.source})`, repeats: inner.repeats };
  }

  private characterClass(): CharacterClass {
    if (++this.depth > MAX_DEPTH) throw this.refuse(`classes within more than ${MAX_DEPTH} classes`);
    this.take('[');
    if (this.next === ':') throw this.refuse('[:…:]');
    const negated = this.take('^');
    const operands = [''];
    for (let first = true; first || this.next !== ']'; first = false) {
      if (this.next === undefined) throw this.refuse("'[' without ']'");
      if (this.take('&&')) operands.push('');
      else operands[operands.length - 1] += this.member();
    }
    this.take(']');
    this.depth--;
    if (operands.includes('')) throw this.refuse('an intersection with nothing');
    if (operands.length === 1) return { negated, content: operands[0]!, joined: false };
    this.hasSets = true;
    return { negated, content: operands.map((each) => `[${each}]`).join('&&'), joined: true };
  }

  /** What stands in a class: characters from one to another, a class, a character. */
  private member(): string {
    if (this.next === '[') return this.nested(this.characterClass());
    const set = this.letterClass(WORD);
    const low = set ? undefined : this.character();
    if (!this.atRange()) return low === undefined ? this.nested(set!) : this.withCase(low).join('');
    this.take('-');
    if (low === undefined || this.next === '[' || this.letterClass(WORD))
      throw this.refuse("'-' beside a class");
    const high = this.character();
    if (this.atRange()) throw this.refuse("'-' behind a range");
    if (high < low) throw this.refuse('a range that ends before it begins');
    if (!this.ignoreCase) return `${escaped(low)}-${escaped(high)}`;
    if (high > 0x7f) throw this.refuse('letters beyond ASCII without case');
    return Array.from({ length: high - low + 1 }, (_, i) => this.withCase(low + i).join('')).join('');
  }

  /** Whether a '-' comes that leads to something. */
  private atRange(): boolean {
    return this.next === '-' && this.characters[this.at + 1] !== ']';
  }

  private nested({ content, negated, joined }: CharacterClass): string {
    if (!negated && !joined) return content;
    this.hasSets = true;
    return bracketed(content, negated);
  }

  /** \s, \p{L} and their like, if one comes; `word` is \w. */
  private letterClass(word: string): CharacterClass | undefined {
    const property = this.takeMatch(/\\([pP])\{(\^?)([A-Za-z_ -]{1,60})\}/y);
    if (property) {
      const [, letter, caret, name = ''] = property;
      const content = `\\${(letter === 'P') !== (caret === '^') ? 'P' : 'p'}{${this.propertyOf(name)}}`;
      return { content, negated: false, joined: false };
    }
    const [, letter] = this.takeMatch(/\\([sdhwSDHW])/y) ?? [];
    if (letter === undefined) return undefined;
    const content = classes[letter.toLowerCase()] ?? word;
    const isCapital = letter !== letter.toLowerCase();
    if (isCapital && content.startsWith('\\p') && content.lastIndexOf('\\') === 0)
      return { content: content.replace('\\p', '\\P'), negated: false, joined: false };
    return { content, negated: isCapital, joined: false };
  }

  /** A category or script as JavaScript calls it. */
  private propertyOf(name: string): string {
    const known = [name, `Script=${name}`].find((each) => {
      try {
        return new RegExp(`\\p{${each}}`, 'u');
      } catch {
        return false;
      }
    });
    if (known === undefined) throw this.refuse(`\\p{${name}}`);
    return known;
  }

  /** A character, and where case is ignored its others. */
  private withCase(code: number): string[] {
    if (!this.ignoreCase) return [escaped(code)];
    const character = String.fromCodePoint(code);
    const others = new Set([character, character.toLowerCase(), character.toUpperCase()]);
    if (code > 0x7f && others.size > 1) throw this.refuse(`${character} without case`);
    if (others.has('s')) others.add('ſ');
    if (others.has('k')) others.add('\u212a'); // the sign of kelvin
    return [...others].map((each) => escaped(each.codePointAt(0)!));
  }
}

const bracketed = (content: string, negated: boolean): string => `[${negated ? '^' : ''}${content}]`;

/** A character that means itself, in a class or outside, whatever the flags. */
function escaped(code: number): string {
  const character = String.fromCodePoint(code);
  return /[A-Za-z0-9]/.test(character) ? character : `\\u{${code.toString(16)}}`;
}

function most(a: Repeats, b: Repeats): Repeats {
  if (a === 'any' || b === 'any') return 'any';
  return a === 'fixed' || b === 'fixed' ? 'fixed' : 'nothing';
}
