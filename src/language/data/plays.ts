import { NanobardError } from '../../engine/errors.ts';
import { Dice } from './plays/dice.ts';
import {
  beats,
  callings,
  closedNames,
  nameStems,
  openNames,
  placeNames,
  places,
  rhymes,
} from './plays/lexicon.ts';
import { type Addressee, Speech } from './plays/verse.ts';
import { MAX_TEXT_LENGTH } from './text.ts';

/**
 * Plays without end: acts, scenes, speakers and blank verse from a grammar and a vocabulary of nanobard's
 * own, laid out like tinyshakespeare. The same on every machine; a shorter text is the beginning of a longer
 * one with the same seed.
 *
 * @param options.characters length of the text (all characters are ASCII)
 * @param options.seed a whole number, taken modulo 2³²; other seeds make other plays
 */
export function plays({ characters, seed }: { characters: number; seed: number }): string {
  const possible = Number.isSafeInteger(characters) && characters >= 0 && characters <= MAX_TEXT_LENGTH;
  if (!possible || !Number.isSafeInteger(seed)) {
    throw new NanobardError(
      'argument',
      `plays needs whole numbers, characters from 0 to ${MAX_TEXT_LENGTH} and any seed, not ${characters} and ${seed}`,
    );
  }
  const dice = new Dice(seed);
  let text = '';
  while (text.length < characters) text += play(dice);
  return text.slice(0, characters);
}

interface Character extends Addressee {
  /** What stands above the speeches. */
  readonly speaker: string;
}

const numerals = ['I', 'II', 'III', 'IV', 'V'];

function play(dice: Dice): string {
  const hero = noble(dice);
  const cast = distinct(8 + dice.roll(5), [hero], () => (dice.chance(75) ? noble(dice) : commoner(dice)));
  const kind = dice.pick(['TRAGEDY', 'COMEDY', 'HISTORY', 'CHRONICLE']);
  let text = `THE ${kind} OF ${hero.name.toUpperCase()}\n\n`;
  for (const act of numerals) {
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
