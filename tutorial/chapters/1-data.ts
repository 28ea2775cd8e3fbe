// %% text
import { loadText } from './text.ts';

export const text = await loadText();
console.log('length of the text in characters:', text.length);
console.log(text.slice(0, 250));

// %% vocabulary
export const chars = [...new Set(text)].sort();
export const vocabSize = chars.length;
console.log(chars.join(''));
console.log(vocabSize);

// %% counts
import { bars } from './figures.ts';

const counts = new Map<string, number>();
for (const ch of text) counts.set(ch, (counts.get(ch) ?? 0) + 1);
bars(
  'counts',
  [...counts].sort((a, b) => b[1] - a[1]),
);

// %% encode
const stoi = new Map(chars.map((ch, i) => [ch, i]));
export const encode = (s: string): number[] => Array.from(s, (ch) => stoi.get(ch) ?? 0);
export const decode = (ids: ArrayLike<number>): string => Array.from(ids, (i) => chars[i]).join('');

console.log(encode('hii there'));
console.log(decode(encode('hii there')));

// %% data
const data = Int32Array.from(encode(text));
console.log('length:', data.length, 'first ten:', data.slice(0, 10));

// %% split
const n = Math.floor(0.9 * data.length);
export const trainData = data.slice(0, n);
export const valData = data.slice(n);
console.log('train:', trainData.length, 'val:', valData.length);

// %% exercise
/** How many characters of `s` are not in the vocabulary? */
const strangers = (s: string): number => s.length * 0; // your turn: [...s].filter((ch) => !stoi.has(ch)).length

console.log(strangers('Grüße!') === 2 ? 'right' : 'not yet');
