import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { expect, it } from 'vitest';
import { Generator } from '../src/index.ts';
import { textOf } from './support/models.ts';
import { exported, open } from './support/ours.ts';

const STRINGS = 10_000;

/** Where characters of all scripts are taken from, as code points from and to. */
const ranges = [
  ...[
    [0x20, 0x7e],
    [0x20, 0x7e],
    [0x09, 0x0d],
    [0xa0, 0x17f],
    [0x370, 0x5ff],
    [0x600, 0x6ff],
    [0x900, 0xdff],
  ],
  ...[
    [0xe00, 0xeff],
    [0x1100, 0x11ff],
    [0x1e00, 0x1fff],
    [0x2000, 0x206f],
    [0x2070, 0x2bff],
    [0x3000, 0x30ff],
  ],
  ...[
    [0x4e00, 0x9fa5],
    [0xac00, 0xd7a3],
    [0xfe00, 0xfe0f],
    [0xfeff, 0xfeff],
    [0x85, 0x85],
    [0x1f300, 0x1faff],
  ],
] as const;

/** A string of 1 to 40 characters; with an alphabet, of these alone. */
function randomString(random: Generator, alphabet?: readonly string[]): string {
  return Array.from({ length: 1 + random.randint(40) }, () => {
    if (alphabet) return alphabet[random.randint(alphabet.length)]!;
    const [from, to] = ranges[random.randint(ranges.length)] as [number, number];
    return String.fromCodePoint(from + random.randint(to - from + 1));
  }).join('');
}

it.each(['scripts', 'bpe'] as const)(
  '@huggingface/tokenizers encodes and decodes as %s does',
  async (name) => {
    const model = await open(name);
    const { tokenizer } = model;
    const folder = await exported(name, 'onnx', 'f32');
    const read = async (file: string): Promise<object> =>
      JSON.parse(await readFile(join(folder, file), 'utf8'));
    const theirs = new Tokenizer(await read('tokenizer.json'), await read('tokenizer_config.json'));
    const random = new Generator(1);
    const alphabet = name === 'scripts' ? [...new Set(textOf(name))] : undefined;
    for (let i = 0; i < STRINGS; i++) {
      const text = randomString(random, alphabet);
      const ids = Array.from(tokenizer.encode(text));
      expect(theirs.encode(text, { add_special_tokens: false }).ids, JSON.stringify(text)).toEqual(ids);
      expect(theirs.decode(ids), JSON.stringify(text)).toBe(text);
    }
    await model.dispose();
  },
);
