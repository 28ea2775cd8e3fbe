/** A word as verse sees it. */
export interface Word {
  readonly text: string;
  readonly syllables: number;
  /** Whether the first syllable is stressed; stresses alternate from there. */
  readonly stressed: boolean;
}

/** The words of one kind, by how they begin, so that verse finds one that fits the beat. */
export interface Words {
  readonly stressed: readonly Word[];
  readonly unstressed: readonly Word[];
}

type Inflection = (word: Word) => Word;

const list = (text: string): string[] => text.trim().split(/\s+/);

/** Reads words by their stresses: '/' king, '/x' river, 'x/' desire, 'x' the. */
function words(spellings: { '/'?: string; '/x'?: string; 'x/'?: string; x?: string }): Word[] {
  return Object.entries(spellings).flatMap(([stresses, text]) =>
    list(text).map((spelling) => ({
      text: spelling.replaceAll('_', ' '),
      syllables: stresses.length,
      stressed: stresses[0] === '/',
    })),
  );
}

function byStress(all: readonly Word[]): Words {
  return { stressed: all.filter((w) => w.stressed), unstressed: all.filter((w) => !w.stressed) };
}

const add = ({ text, syllables, stressed }: Word, ending: string, extra: number, drop = ''): Word => ({
  text: (drop !== '' && text.endsWith(drop) ? text.slice(0, -drop.length) : text) + ending,
  syllables: syllables + extra,
  stressed,
});

/** kings, roses, cities: the plural of a noun, and the third person of a verb. */
const withS: Inflection = (word) => {
  if (/[^aeiou]y$/.test(word.text)) return add(word, 'ies', 0, 'y');
  if (/([sxz]|ch|sh)$/.test(word.text)) return add(word, 'es', 1);
  return add(word, 's', /([cgsz]|ch)e$/.test(word.text) ? 1 : 0);
};
/** called, loved, carried, wounded. */
const withEd: Inflection = (word) => {
  if (/[^aeiou]y$/.test(word.text)) return add(word, 'ied', 0, 'y');
  return add(word, 'ed', /[td]e?$/.test(word.text) ? 1 : 0, 'e');
};
const withIng: Inflection = (word) => add(word, 'ing', 1, 'e');

const shortNouns = words({
  '/': `crown king sword night queen heart day blood death sea moon star storm ship shore stone gate wall road
    field thorn rose bloom frost snow rain wind cloud flame smoke hearth bell drum horn harp song tale dream sleep
    ghost grave tomb bone breast brow hand eye tongue voice breath word oath lie truth hope fear grief joy love
    wrath pride shame name house hall throne court lord knight page fool priest monk slave guest friend foe son
    bride judge hound hawk crow horse lamb snake worm wine cup coin ring chain key lamp torch blade shield spear
    helm stream spring wood oak hill vale cave mist dawn dusk year hour age world fate doom law cause deed thought
    mind soul mask robe cloak glove bed door street bridge barge sail mast oar net web spark coal forge wheel plough`,
});
const nouns = [
  ...shortNouns,
  ...words({
    '/x': `river mountain valley forest garden harbour island desert thunder tempest summer winter morning evening
      shadow candle mirror window chamber castle palace temple altar prison dungeon tower cradle coffin banner dagger
      arrow armour hammer anvil silver amber honey poison answer question promise secret riddle prophet sister brother
      father mother daughter cousin uncle widow orphan stranger beggar soldier captain sailor shepherd hunter reaper
      weaver baker miller merchant master servant traitor rebel tyrant monarch baron kingdom nation city village
      market battle mercy fury folly glory sorrow pleasure anger patience reason fortune treasure spirit angel devil
      monster dragon serpent raven falcon eagle sparrow spider lion ocean planet comet heaven table feather ribbon
      letter paper story trumpet whisper murmur vessel anchor lantern orchard meadow thicket furrow barley blossom
      petal ember cinder pebble boulder marble labour hunger fever plaster needle distaff thimble saddle bridle`,
    'x/': `desire command despair delight revenge regret disdain reproach repose retreat defeat deceit decay design
      decree reply report request return array account accord advance alarm appeal assault attempt belief complaint
      consent debate decline degree delay dispute distress embrace estate event eclipse excuse lament neglect parade
      pretence pursuit renown repute resolve respect reward romance surprise`,
  }),
];

const transitive = words({
  '/': `love serve guard crown curse praise blame mourn fear haunt wound scorn spurn burn crush mock slight charm tame
    trust taunt chain cheat claim cure dread drown face grant guide heal help judge kiss loathe mend name need prove
    raise reach save seize shame spare stain storm tempt test touch trace vex watch warn weigh wreck call join crave`,
  '/x': `follow answer honour conquer murder poison punish banish cherish comfort flatter gather govern hinder measure
    number offer pardon plunder ponder ransom rescue scatter shelter shatter silence smother sully summon swallow
    trample utter vanquish weary whisper carry bury pity envy harbour temper threaten kindle humble trouble startle`,
  'x/': `betray command adore destroy defy deny deceive receive beguile bewail avenge admire accuse adorn afflict
    approach assail attend await bestow bewitch commend conceal condemn confess confound consume corrupt despise
    devour disarm disdain disown dissolve embrace enchant endure enrage enslave entreat exalt explore ignore implore
    inspire invade lament obey oppose possess protect pursue recall release relieve renounce resist restore reveal
    reward seduce subdue surround suspect surpass torment unmask unveil upbraid`,
});
const intransitive = words({
  '/': 'walk wait burn mourn fade pray sail march roam rest watch laugh turn sigh gaze dance bloom yield kneel',
  '/x': `wander linger tremble wither vanish slumber whisper murmur perish languish suffer stumble hasten listen ripen
    sicken totter falter flourish flicker glimmer shimmer shiver hover`,
  'x/': `depart return remain decline decay despair endure expire lament prevail recoil rejoice relent repent retire
    retreat succeed survive appear escape persist advance`,
});

/** Adjectives that make an adverb, a superlative and a noun: coldly, coldest, coldness. */
const pliant = words({
  '/': `cold dark bright sweet false proud swift slow blind bold brave fair foul harsh keen kind loud meek mild
    plain pure quick rare rich rude safe sharp smooth soft stern strange sure vain vast warm weak wild wise`,
});
const adjectives = [
  ...pliant,
  ...words({
    '/': `old young pale high low dumb deaf frail lean grim mad mute quaint raw ripe sad sick sour still stout strong tall
      thick thin true white worn lost gold red black grey green`,
    '/x': `bitter gentle humble noble royal golden silver silent hollow weary holy lonely heavy wicked cruel crooked
      broken hidden sudden ancient modest honest tender simple subtle stubborn sullen savage sacred secret mortal fatal
      idle empty bloody angry hungry thirsty dusty mossy stormy narrow barren scarlet crimson leaden woollen gaudy`,
    'x/': `forlorn divine severe serene sincere supreme profound remote unkind unjust untrue unseen unknown untamed
      austere benign content devout discreet distinct extreme immense intense perverse polite secure superb unborn
      unbowed unwise accursed adored unsung unhealed unblessed`,
  }),
  ...pliant.map((word) => add(word, 'est', 1, 'e')),
  ...shortNouns.slice(0, 60).map((word) => add(word, 'less', 1)),
];

const bearings =
  list(`born bound scarred crowned stained drenched lit locked swept torn worn wrought forged fed hung
  veiled struck tossed kissed led`);

/** The words of the plays, written for them and inflected by the rules above. */
export const lexicon = {
  noun: byStress([...nouns, ...pliant.map((word) => add(word, 'ness', 1))]),
  nouns: byStress(nouns.map(withS)),
  possessive: byStress(
    nouns.filter((w) => !/([sxz]|ch|sh|[cgsz]e)$/.test(w.text)).map((w) => add(w, "'s", 0)),
  ),
  verb: byStress(transitive),
  verbs: byStress(transitive.map(withS)),
  past: byStress(transitive.map(withEd)),
  act: byStress(intransitive),
  acts: byStress(intransitive.map(withS)),
  acting: byStress(intransitive.map(withIng)),
  adjective: byStress(adjectives),
  /** storm-born, night-veiled, … */
  compound: byStress(shortNouns.flatMap((word) => bearings.map((bearing) => add(word, `-${bearing}`, 1)))),
  adverb: byStress([
    ...pliant.map((word) => add(word, 'ly', 1)),
    ...words({ '/': 'still now thus', '/x': 'never ever always', 'x/': 'again anew at_last for_now' }),
  ]),
  determiner: byStress(
    words({
      '/x': 'every such_a any all_this',
      '/': 'this that',
      x: 'the the the a a my thy his her our your no',
    }),
  ),
  determiners: byStress(
    words({ '/x': 'all_the many all_my all_thy', '/': 'these those', x: 'the the the my thy his our your' }),
  ),
  cry: byStress(words({ '/': 'O', 'x/': 'farewell, alas, behold, away,' })),
  preposition: byStress(
    words({
      '/x': 'under over after',
      '/': 'near like',
      x: 'in with by from in to for',
      'x/': 'upon beneath before against beyond without among',
    }),
  ),
} as const satisfies Record<string, Words>;

/** One-syllable words by kind, for lines of a fixed measure. */
export const beats = {
  noun: shortNouns,
  verb: transitive.filter((w) => w.syllables === 1),
  act: intransitive.filter((w) => w.syllables === 1),
  adjective: adjectives.filter((w) => w.syllables === 1),
  /** Two syllables, the first stressed. */
  falling: adjectives.filter((w) => w.syllables === 2 && w.stressed),
} as const satisfies Record<string, readonly Word[]>;

export const rhymes: readonly (readonly string[])[] = [
  'night light sight fight knight',
  'day clay way bay fray',
  'stone throne bone moan',
  'fire pyre lyre choir',
  'sea tree key plea',
  'name flame shame fame',
  'grave wave knave slave cave',
  'tears years fears spears',
  'sleep deep keep sheep',
  'heart part dart art',
  'sword lord horde ford',
  'crown town gown frown',
  'song wrong throng',
  'rose foes snows woes',
  'ground sound hound wound',
  'rain pain plain chain reign',
].map(list);

/** First parts of the names of people and places. */
export const nameStems =
  list(`Mar Cal Dor Fen Gal Hal Ker Lor Mel Nor Per Ros Sel Tor Val Var Wen Ald Bran Cor Dun El
  Tam Ing`);
/** Mardric, Calwyn, …: two syllables, the first stressed. */
export const closedNames = list('dric wyn mir gar das lin mond vane thor bard stan hest');
/** Maressa, Calandra, …: three syllables, the second stressed. */
export const openNames = list('essa andra orin ilda ona alto uvio ethra');
export const placeNames = list('ford mere holt wick mouth stead combe haven');
export const places = list(
  'street hall harbour forest garden prison chapel camp bridge chamber market tower',
);
export const callings = list(
  'Soldier Citizen Servant Messenger Gentleman Watchman Sailor Gravedigger Shepherd Lady',
);
