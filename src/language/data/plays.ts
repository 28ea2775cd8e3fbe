import { NanobardError } from '../../engine/errors.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { MAX_TEXT_LENGTH } from './text.ts';

const list = (text: string): string[] => text.trim().split(/\s+/);

/** What each `<kind>` may become, all with equal chances; kinds within are replaced in turn. */
const grammar: Readonly<Record<string, readonly string[]>> = {
  line: [
    'the <thing> shall <verb> <whom> and <verb> <them>',
    'I <verb> the <noun> that <verb>s my <thing>',
    'thou canst not <verb> <whom>, <title>',
    'a <thing> is <adjective>, and <adjective> is the <noun>',
    'and if the <noun> <verb>s <them>, I shall <verb> <whom>',
    'what <thing> is this that <verb>s <whom>',
    'for never did a <noun> <verb> <whom> <where>',
    'come, <title>, and <verb> the <thing> <where>',
    'so let the <adjective> <noun> <verb> <whom>',
    'O <adjective> <noun>, why dost thou <verb> <whom>',
  ],
  thing: ['<noun>', '<noun><noun>', '<noun><noun>', '<adjective> <noun>', '<noun> of <noun>s'],
  whom: [
    '<them>',
    'the <noun>',
    'my <adjective> <noun>',
    'thy <noun><noun>',
    "the <noun>'s <noun>",
    'a <adjective> <noun>',
  ],
  them: ['me', 'thee', 'him', 'her', 'us', 'them'],
  where: ['beneath the <noun>', 'in the <thing>', 'by my <noun>', 'without thy <noun>', 'upon a <noun>'],
  title: ['sir', 'madam', 'friend', 'cousin', 'my lord', 'good master', 'gentle lady'],
  noun: list(`heart king night sword crown queen blood day star moon sea love tongue throne grave storm stone rose
    word ghost dream eye hand flame oath shadow fool winter thorn ship river tear cloud bell breast lord song cup
    ring hound mask ruin dagger garden mirror angel island ember thunder wall letter feather orchard candle`),
  verb: list(`love serve follow betray crown mourn spurn seek guard answer avenge wound burn drown kill call adore
    entreat lament honour shun obey conquer forgive tempt mock scorn praise fear haunt`),
  adjective:
    list(`sweet false proud noble cold dark bitter gentle royal humble old idle golden silent weary wicked
    hollow ancient cruel holy pale empty honest savage broken angry mortal barren scarlet eager <noun>less`),
  mark: [',', ',', ',', ';', ':', '.', '!'],
  end: ['.', '.', '!', '?'],
  name: list('mar cal dor fen gal hal lor mel nor per ros sel tor val wen ald bran cor el tam'),
  ending: list('wyn essa dric mir andra gar lin orin thor bard ilda stan'),
  speaker: ['<name><ending>', 'queen <name><ending>', 'lady <name><ending>', 'duke <name><ending>'],
  commoner: list('Soldier Citizen Servant Messenger Gentleman Watchman Sailor Shepherd'),
  ordinal: ['First', 'Second', 'Third'],
  genre: ['TRAGEDY', 'COMEDY', 'HISTORY', 'CHRONICLE'],
  place: list('street hall harbour forest garden prison chapel camp chamber tower'),
  town: ['<name>ford', '<name>mere', '<name>holt', '<name>wick', '<name>stead'],
};
const numerals = ['I', 'II', 'III', 'IV', 'V'];

/**
 * Plays without end: acts, scenes, speakers and lines from a small grammar, laid out like tinyshakespeare. The same
 * on every machine; a shorter text is the beginning of a longer one with the same seed.
 *
 * @param options.characters length of the text (all characters are ASCII)
 * @param options.seed a whole number, taken modulo 2³²; other seeds make other plays
 */
export function plays({ characters, seed }: { characters: number; seed: number }): string {
  const possible = Number.isSafeInteger(characters) && characters >= 0 && characters <= MAX_TEXT_LENGTH;
  if (!possible || !Number.isSafeInteger(seed)) {
    const message = `plays needs whole numbers, characters from 0 to ${MAX_TEXT_LENGTH} and any seed, not ${characters} and ${seed}`;
    throw new NanobardError('argument', message);
  }
  const generator = new Generator(seed >>> 0);
  let text = '';
  while (text.length < characters) text += play(generator);
  return text.slice(0, characters);
}

function play(generator: Generator): string {
  const roll = (sides: number): number => generator.randint(sides);
  const say = (pattern: string): string =>
    pattern.replace(/<(\w+)>/g, (_, kind: string) => {
      const choices = grammar[kind]!;
      return say(choices[roll(choices.length)]!);
    });
  const line = (mark: string): string => {
    const words = say('<line>').replace(/\ba(?= [aeiou])/g, 'an');
    return `${capital(words)}${say(mark)}\n`;
  };
  const hero = say('<name><ending>').toUpperCase();
  const others = Array.from({ length: 8 + roll(5) }, () =>
    roll(4) > 0 ? say('<speaker>').toUpperCase() : say('<ordinal> <commoner>'),
  );
  const cast = [`KING ${hero}`, ...others];
  let speaker = 0;
  let text = say(`THE <genre> OF ${hero}\n\n`);
  for (const act of numerals) {
    for (const scene of numerals.slice(0, 2 + roll(4))) {
      text += `ACT ${act}. SCENE ${scene}. The ${say('<place>')} of ${capital(say('<town>'))}.\n\n`;
      for (let speeches = 10 + roll(20); speeches > 0; speeches--) {
        text += `${cast[speaker]}:\n`;
        for (let lines = Math.min(roll(7), roll(7)); lines > 0; lines--) text += line('<mark>');
        text += `${line('<end>')}\n`;
        speaker = (speaker + 1 + roll(cast.length - 1)) % cast.length; // anyone else
      }
    }
  }
  return text;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
