import { NanobardError } from '../errors.ts';
import {
  beats,
  callings,
  closedNames,
  lexicon,
  nameStems,
  openNames,
  placeNames,
  places,
  rhymes,
  type Words,
} from './lexicon.ts';

/**
 * Plays without end: acts, scenes, speakers and blank verse from a grammar and a vocabulary of nanobard's
 * own, laid out like tinyshakespeare. The same on every machine; a shorter text is the beginning of a longer
 * one with the same seed.
 *
 * @param options.characters length of the text (all characters are ASCII)
 * @param options.seed any integer; other seeds make other plays
 */
export function plays({ characters, seed }: { characters: number; seed: number }): string {
  if (!Number.isSafeInteger(characters) || characters < 0 || !Number.isSafeInteger(seed)) {
    throw new NanobardError(
      'argument',
      `plays needs whole numbers, characters ≥ 0 and any seed, not ${characters} and ${seed}`,
    );
  }
  const dice = new Dice(seed);
  let text = '';
  while (text.length < characters) text += play(dice);
  return text.slice(0, characters);
}

/** A small generator: a Weyl sequence through the 32-bit finalizer of MurmurHash3. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number of [0, sides). */
  roll(sides: number): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return Math.floor((((z ^ (z >>> 16)) >>> 0) / 2 ** 32) * sides);
  }

  chance(percent: number): boolean {
    return this.roll(100) < percent;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.roll(from.length)]!;
  }

  /** The earlier in the list, the more often: the word frequencies of a language are far from equal. */
  pickEarly<T>(from: readonly T[]): T {
    return from[Math.min(this.roll(from.length), this.roll(from.length))]!;
  }
}

interface Character {
  readonly name: string;
  readonly syllables: number;
  /** What stands above the speeches. */
  readonly speaker: string;
}

const numerals = ['I', 'II', 'III', 'IV', 'V', 'VI'];

function play(dice: Dice): string {
  const hero = noble(dice);
  const cast = distinct(8 + dice.roll(5), [hero], () => (dice.chance(75) ? noble(dice) : commoner(dice)));
  const kind = dice.pick(['TRAGEDY', 'COMEDY', 'HISTORY', 'CHRONICLE']);
  let text = `THE ${kind} OF ${hero.name.toUpperCase()}\n\n`;
  for (const act of numerals.slice(0, 5)) {
    for (const scene of numerals.slice(0, 2 + dice.roll(4))) {
      const place = `${dice.pick(nameStems)}${dice.pick(placeNames)}`;
      text += `ACT ${act}. SCENE ${scene}. The ${dice.pick(places)} of ${place}.\n\n`;
      const present = distinct(2 + dice.roll(4), [], () => dice.pickEarly(cast));
      let speaker = present[0]!;
      for (let speeches = 10 + dice.roll(20); speeches > 0; speeches--) {
        const others = present.filter((someone) => someone !== speaker);
        text += `${speaker.speaker}:\n${new Speech(dice, others).text}\n\n`;
        speaker = dice.pick(others);
      }
      text += `${speaker.speaker}:\n${couplet(dice)}\n\n`;
    }
  }
  return text;
}

/** Draws until there are `count` characters whose speeches can be told apart. */
function distinct(count: number, first: readonly Character[], draw: () => Character): Character[] {
  const found = [...first];
  while (found.length < count) {
    const someone = draw();
    if (found.every(({ speaker }) => speaker !== someone.speaker)) found.push(someone);
  }
  return found;
}

function noble(dice: Dice): Character {
  const open = dice.chance(40);
  const name = dice.pick(nameStems) + dice.pick(open ? openNames : closedNames);
  const title = dice.chance(30) ? dice.pick(open ? ['QUEEN ', 'LADY '] : ['KING ', 'DUKE ', 'LORD ']) : '';
  return { name, syllables: open ? 3 : 2, speaker: title + name.toUpperCase() };
}

function commoner(dice: Dice): Character {
  const calling = dice.pick(callings);
  const speaker = dice.chance(70) ? `${dice.pick(['First', 'Second', 'Third'])} ${calling}` : calling;
  return { name: `good ${calling.toLowerCase()}`, syllables: 3, speaker };
}

type Person = 'I' | 'thou' | 'singular' | 'plural';

/**
 * One speech: a few sentences said word after word. Each word is chosen so that its first syllable falls on
 * the right beat of an iambic pentameter, and a line ends when its ten syllables (eleven with an unstressed
 * ending) are full, wherever the sentence is.
 */
class Speech {
  text = '';
  readonly #dice: Dice;
  readonly #others: readonly Character[];
  /** Syllables in the current line. */
  #beat = 0;
  #capital = true;

  constructor(dice: Dice, others: readonly Character[]) {
    this.#dice = dice;
    this.#others = others;
    for (let sentences = 1 + Math.min(dice.roll(6), dice.roll(6)); sentences > 0; sentences--) {
      if (dice.chance(30)) this.#address();
      this.#sentence();
      this.#capital = true;
    }
  }

  #sentence(): void {
    const dice = this.#dice;
    switch (dice.roll(10)) {
      case 0: // What river is this that betrays the king?
        this.#says('what')
          .#word(lexicon.noun)
          .#says('is')
          .#says(dice.pick(['this', 'that', 'it']));
        this.#says('that').#word(lexicon.verbs).#object().#mark('?');
        break;
      case 1: // Why dost thou scorn my oath?
        this.#says(dice.pick(['why', 'how', 'when', 'where']));
        this.#says(
          ...dice.pick([
            ['dost', 'thou'],
            ['shall', 'I'],
            ['must', 'we'],
            ['do', 'they'],
            ['wilt', 'thou'],
          ]),
        );
        this.#transitive().#mark('?');
        break;
      case 2: // Betray the king, and love thy sword!
        this.#transitive();
        if (dice.chance(60))
          this.#mark(',')
            .#says(dice.pick(['and', 'or', 'but', 'then']))
            .#transitive();
        this.#mark('!');
        break;
      case 3: // If the moon be cold, my heart shall wait.
        this.#says(dice.pick(['if', 'when', 'though', 'since', 'till', 'while']))
          .#clause()
          .#mark(',');
        this.#clause().#mark(dice.pick(['.', '.', '!']));
        break;
      case 4: // Let the river remember thee beneath the stone.
        this.#says('let').#nounPhrase();
        this.#transitive().#mark(dice.pick(['.', '!']));
        break;
      case 5: // O bitter king!
        this.#word(lexicon.cry).#says('thou').#word(lexicon.adjective).#word(lexicon.noun);
        if (dice.chance(60)) this.#says('that').#word(lexicon.verbs).#object();
        this.#mark('!');
        break;
      default: // The king hath loved me, and I fear the night.
        this.#clause();
        if (dice.chance(45)) {
          this.#mark(dice.pick([',', ',', ';', ':'])).#says(
            dice.pick(['and', 'and', 'but', 'for', 'yet', 'so']),
          );
          this.#clause();
        }
        this.#mark(dice.pick(['.', '.', '.', '!']));
    }
  }

  /** My lord, / Nay, / Mardric, */
  #address(): void {
    const dice = this.#dice;
    if (dice.chance(50)) {
      const { name, syllables } = dice.pick(this.#others);
      this.#say(name, syllables);
    } else {
      this.#says(
        ...dice.pick([['nay'], ['come'], ['ay'], ['sir'], ['my', 'lord'], ['good', 'my', 'lord'], ['peace']]),
      );
    }
    this.#mark(',');
  }

  #clause(): this {
    const person = this.#subject();
    const dice = this.#dice;
    const verb = dice.roll(10);
    if (verb < 4 || person === 'thou') {
      this.#says(person === 'thou' ? dice.pick(['dost', 'shalt', 'wilt', 'canst']) : dice.pick(modals));
      if (dice.chance(25)) this.#word(lexicon.adverb);
      return dice.chance(70) ? this.#transitive() : this.#word(lexicon.act).#place();
    }
    const third = person === 'singular';
    if (verb < 6)
      return this.#says(third ? 'hath' : 'have')
        .#word(lexicon.past)
        .#object();
    if (verb === 6) {
      this.#says(person === 'I' ? 'am' : third ? 'is' : 'are');
      return dice.chance(50) ? this.#word(lexicon.acting).#place() : this.#word(lexicon.adjective);
    }
    if (dice.chance(15)) this.#word(lexicon.adverb);
    if (verb === 7) return this.#word(third ? lexicon.acts : lexicon.act).#place();
    return this.#word(third ? lexicon.verbs : lexicon.verb).#object();
  }

  #subject(): Person {
    const dice = this.#dice;
    const choice = dice.roll(12);
    if (choice < 6) {
      const pronoun = dice.pick(['I', 'I', 'thou', 'we', 'they', 'he', 'she', 'it'] as const);
      this.#says(pronoun);
      if (pronoun === 'I' || pronoun === 'thou') return pronoun;
      return pronoun === 'we' || pronoun === 'they' ? 'plural' : 'singular';
    }
    if (choice === 6) {
      this.#says(dice.pick(['none', 'she', 'he']), 'that')
        .#word(lexicon.verbs)
        .#object();
      return 'singular';
    }
    return this.#nounPhrase();
  }

  /** The base form of a verb and what it acts on, at times with a place. */
  #transitive(): this {
    this.#word(lexicon.verb).#object();
    return this.#dice.chance(25) ? this.#place() : this;
  }

  #object(): this {
    const dice = this.#dice;
    if (dice.chance(30)) return this.#says(dice.pick(['me', 'thee', 'him', 'her', 'us', 'them', 'it']));
    this.#nounPhrase();
    return this;
  }

  #place(): this {
    this.#word(lexicon.preposition).#nounPhrase();
    return this;
  }

  #nounPhrase(): 'singular' | 'plural' {
    const dice = this.#dice;
    const plural = dice.chance(35);
    this.#word(plural ? lexicon.determiners : lexicon.determiner);
    if (dice.chance(10)) this.#word(lexicon.possessive);
    if (dice.chance(35)) this.#word(dice.chance(20) ? lexicon.compound : lexicon.adjective);
    this.#word(plural ? lexicon.nouns : lexicon.noun);
    if (dice.chance(8)) this.#says('of').#word(lexicon.determiner).#word(lexicon.noun);
    return plural ? 'plural' : 'singular';
  }

  /** Says a word of a kind that suits the beat. A line may also open on a stress. */
  #word(words: Words): this {
    const opening = this.#beat === 0 || this.#beat >= 10;
    const stressed = opening ? this.#dice.chance(35) : this.#beat % 2 === 1;
    const fitting = stressed ? words.stressed : words.unstressed;
    const { text, syllables } = this.#dice.pickEarly(fitting.length > 0 ? fitting : words.stressed);
    return this.#say(text, syllables);
  }

  /** Says words of one syllable. */
  #says(...words: string[]): this {
    for (const word of words) this.#say(word, 1);
    return this;
  }

  #say(word: string, syllables: number): this {
    if (/^([aeiou]|hour|honest)/.test(word) && /\ba$/i.test(this.text)) this.text += 'n';
    const newLine = this.#beat >= 10 || this.#beat + syllables > 11;
    if (newLine) this.#beat = 0;
    if (this.text !== '') this.text += newLine ? '\n' : ' ';
    this.text += newLine || this.#capital ? capitalised(word) : word;
    this.#beat += syllables;
    this.#capital = false;
    return this;
  }

  #mark(mark: string): this {
    this.text += mark;
    return this;
  }
}

const modals = ['shall', 'will', 'must', 'may', 'would', 'can', 'should', 'might'];

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** Two lines of ten syllables that rhyme: how a scene ends. */
function couplet(dice: Dice): string {
  const ends = dice.pick(rhymes);
  const first = dice.roll(ends.length);
  const second = (first + 1 + dice.roll(ends.length - 1)) % ends.length;
  const line = (end: string): string => {
    const [n, m] = [dice.pick(beats.noun).text, dice.pick(beats.noun).text];
    const [v, w] = [dice.pick(beats.verb).text, dice.pick(beats.verb).text];
    const falling = dice.pick(beats.falling).text;
    const [act, adjective] = [dice.pick(beats.act).text, dice.pick(beats.adjective).text];
    return dice.pick([
      `So ${n} and ${m} must ${act} before the ${end}`,
      `And every ${n} shall ${v} the ${falling} ${end}`,
      `For they that ${v} the ${n} shall ${w} the ${end}`,
      `The ${falling} ${n} is ${adjective}, and ${adjective} the ${end}`,
      `I go to ${v} the ${n} and ${w} the ${end}`,
      `Thus ends the ${falling} ${n}, thus ends the ${end}`,
    ]);
  };
  return `${line(ends[first]!)},\n${line(ends[second]!)}.`;
}
