import type { Dice } from './dice.ts';
import { lexicon, type Words } from './lexicon.ts';

/** Someone whom a speech may call by name. */
export interface Addressee {
  readonly name: string;
  readonly syllables: number;
}

type Person = 'I' | 'thou' | 'singular' | 'plural';

/**
 * One speech: a few sentences said word after word. Each word is chosen so that its first syllable falls on
 * the right beat of an iambic pentameter, and a line ends when its ten syllables (eleven with an unstressed
 * ending) are full, wherever the sentence is.
 */
export class Speech {
  text = '';
  readonly #dice: Dice;
  readonly #others: readonly Addressee[];
  /** Syllables in the current line. */
  #beat = 0;
  #capital = true;

  constructor(dice: Dice, others: readonly Addressee[]) {
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
        this.#says('what').#word(lexicon.noun).#says('is this', 'is it');
        this.#says('that').#word(lexicon.verbs).#object().#mark('?');
        break;
      case 1: // Why dost thou scorn my oath?
        this.#says('why', 'how', 'when', 'where');
        this.#says('dost thou', 'wilt thou', 'shall I', 'must we', 'do they').#transitive().#mark('?');
        break;
      case 2: // Betray the king, and love thy sword!
        this.#transitive();
        if (dice.chance(60)) this.#mark(',').#says('and', 'or', 'but', 'then').#transitive();
        this.#mark('!');
        break;
      case 3: // If the moon betrays the river, my heart shall wait.
        this.#says('if', 'when', 'though', 'since', 'till', 'while').#clause().#mark(',');
        this.#clause().#mark('.', '.', '!');
        break;
      case 4: // Let the river destroy thee beneath the stone.
        this.#says('let').#nounPhrase();
        this.#transitive().#mark('.', '!');
        break;
      case 5: // O thou bitter king that loves me!
        this.#word(lexicon.cry).#says('thou').#word(lexicon.adjective).#word(lexicon.noun);
        if (dice.chance(60)) this.#says('that').#word(lexicon.verbs).#object();
        this.#mark('!');
        break;
      default: // The king hath loved me, and I fear the night.
        this.#clause();
        if (dice.chance(45)) {
          this.#mark(',', ',', ';', ':').#says('and', 'and', 'but', 'for', 'yet', 'so').#clause();
        }
        this.#mark('.', '.', '.', '!');
    }
  }

  /** Mardric, / My lord, / Nay, */
  #address(): void {
    const dice = this.#dice;
    if (dice.chance(50)) {
      const { name, syllables } = dice.pick(this.#others);
      this.#say(name, syllables);
    } else {
      this.#says('nay', 'come', 'ay', 'sir', 'peace', 'my lord', 'good my lord');
    }
    this.#mark(',');
  }

  #clause(): this {
    const person = this.#subject();
    const dice = this.#dice;
    const verb = dice.roll(10);
    if (verb < 4 || person === 'thou') {
      if (person === 'thou') this.#says('dost', 'shalt', 'wilt', 'canst');
      else this.#says('shall', 'will', 'must', 'may', 'would', 'can', 'should', 'might');
      if (dice.chance(25)) this.#word(lexicon.adverb);
      return dice.chance(70) ? this.#transitive() : this.#word(lexicon.act).#place();
    }
    const third = person === 'singular';
    if (verb < 6) {
      this.#says(third ? 'hath' : 'have');
      return this.#word(lexicon.past).#object();
    }
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
      this.#says('he that', 'she that', 'none that').#word(lexicon.verbs).#object();
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
    if (dice.chance(30)) return this.#says('me', 'thee', 'him', 'her', 'us', 'them', 'it');
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

  /** Says one of several phrases, made of words of one syllable. */
  #says(...phrases: string[]): this {
    for (const word of this.#dice.pick(phrases).split(' ')) this.#say(word, 1);
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

  /** Sets one of several punctuation marks. */
  #mark(...marks: string[]): this {
    this.text += this.#dice.pick(marks);
    return this;
  }
}

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
