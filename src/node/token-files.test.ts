import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Tokenizer } from '../language/data/tokenizer/tokenizer.ts';
import { results } from '../testing/outcome.ts';
import { create, machine, parent, recipe, text, train } from '../testing/runs.ts';
import { run } from './cli/main.ts';
import { testIo } from './cli/testing/test-io.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import { evaluateRun } from './runs/evaluate.ts';
import { TrainingRun } from './runs/training.ts';
import { FileTokens, isTokenFolder, openTokenFolder, writeTokenFolder } from './token-files.ts';

const folder = await mkdtemp(join(tmpdir(), 'nanobard-tokens-'));
afterAll(() => rm(folder, { recursive: true }));

/** A tokenizer of which the size alone matters. */
const sized = (vocabSize: number): Tokenizer => ({
  vocabSize,
  encode: () => new Int32Array(),
  decode: () => '',
  bytesOf: () => new Uint8Array(),
  toJSON: () => ({ type: 'test' }),
});

async function command(...args: string[]) {
  const io = testIo();
  return { ...io, code: await run(args, io) };
}

describe('token files', () => {
  it.each([300, 65_536, 65_537, 200_000])('hold the tokens of a vocabulary of %i', async (vocabSize) => {
    const path = join(folder, `tokens-${vocabSize}`);
    const tokenizer = sized(vocabSize);
    const token = fc.nat(vocabSize - 1);
    await fc.assert(
      fc.asyncProperty(fc.array(token), fc.array(token), fc.nat(), fc.nat(), async (a, b, from, to) => {
        const width = await writeTokenFolder(
          path,
          { train: Int32Array.from(a), validation: Int32Array.from(b) },
          tokenizer,
        );
        expect((await readFile(join(path, 'train.bin'))).length).toBe(a.length * width);
        expect(width).toBe(vocabSize > 65_536 ? 4 : 2);
        expect(isTokenFolder(path)).toBe(true);
        const { train: read, validation, close } = openTokenFolder(path, tokenizer);
        const [start, end] = [from % (a.length + 1), to % (a.length + 1)].sort((x, y) => x - y) as [
          number,
          number,
        ];
        expect([...read.subarray(start, end)]).toEqual(a.slice(start, end));
        expect([...validation.subarray(0, validation.length)]).toEqual(b);
        close();
      }),
      { numRuns: 10 },
    );
    expect([...(await readFile(join(path, 'train.bin')))].length % 2).toBe(0);
  });

  it('are refused when they are cut, too short or foreign', async () => {
    const path = join(folder, 'bad.bin');
    await writeFile(path, Buffer.from([1, 0, 255, 0, 7]));
    expect(() => new FileTokens(path, sized(300))).toThrow(
      '5 bytes, which is no whole number of tokens of 2 bytes',
    );
    await truncate(path, 4);
    const tokens = new FileTokens(path, sized(300));
    expect([...tokens.subarray(0, 2)]).toEqual([1, 255]);
    await truncate(path, 2);
    expect(() => tokens.subarray(0, 2)).toThrow('has become shorter');
    tokens.close();
    await writeFile(path, Buffer.from([1, 0, 255, 0]));
    const foreign = new FileTokens(path, sized(200));
    expect(() => foreign.subarray(1, 2)).toThrow(
      'the token 255 at position 1, but the vocabulary is 0 to 199',
    );
    foreign.close();
    expect(() => new FileTokens(join(folder, 'none.bin'), sized(2))).toThrow('cannot be read');
  });

  it('train to the same bits as the text that they were made of', async () => {
    const tokens = join(folder, 'plays');
    const { code, stdout } = await command(
      'tokenizer',
      'encode',
      '--data',
      text,
      '--tokenizer',
      'bpe:270',
      '-o',
      tokens,
    );
    expect(code).toBe(0);
    expect(stdout.text).toMatch(/tokens of plays\.txt in train\.bin, .* in val\.bin, each of 16 bits\n$/);
    const fromText = await create({ tokenizer: 'bpe:270' });
    const fromTokens = await create({ data: tokens });
    const expected = results(await train(fromText));
    expect(results(await train(fromTokens))).toEqual(expected);
    const { folder: place } = fromTokens;
    expect(place.config.data).toMatchObject({ name: 'plays', tokens: expect.any(Number) });
    const { loss, bytes } = await evaluateRun(place.path, machine);
    expect({ loss, bytes }).toMatchObject(
      await evaluateRun(fromText.folder.path, machine).then((all) => ({ loss: all.loss, bytes: all.bytes })),
    );
    const resumed = await TrainingRun.resume({ folder: place.path, maxIters: 8, ...machine });
    expect((await train(resumed)).at(-1)).toMatchObject({ type: 'end', step: 8 });
    await expect(create({ data: tokens, tokenizer: 'bpe:300' })).rejects.toThrow(
      'no tokenizer can be learned',
    );
    // Other tokens are another text; without a tokenizer nobody knows what they are.
    await writeFile(join(tokens, 'val.bin'), Buffer.alloc(400));
    await expect(evaluateRun(place.path, machine)).rejects.toThrow('has changed since');
    await rm(join(tokens, 'tokenizer.json'));
    await expect(create({ data: tokens })).rejects.toThrow('no tokenizer.json');
  });
});

describe('a run on several documents', () => {
  it.each(['char', 'bytes', 'bpe:260'])(
    'with %s is evaluated and resumed from its own copy',
    async (tokenizer) => {
      const made = await create({
        data: [{ text: 'To be, '.repeat(60) }, { text: 'or not to be\n'.repeat(60) }],
        tokenizer,
      });
      const events = await train(made);
      const { path } = made.folder;
      const last = events.filter((event) => event.type === 'eval').at(-1)!;
      const { loss, tokens, bytes } = await evaluateRun(path, machine);
      const best = events
        .filter((event) => event.type === 'eval')
        .filter((event) => event.best)
        .at(-1)!;
      expect(loss).toBe(best.valFull);
      expect(best.bitsPerByte).toBeCloseTo((loss * tokens) / bytes / Math.LN2, 12);
      expect(last.step).toBe(recipe.maxIters);
      const resumed = await TrainingRun.resume({ folder: path, maxIters: 8, ...machine });
      expect((await train(resumed)).at(-1)).toMatchObject({ type: 'end', step: 8 });
    },
  );
});

describe('nanobard tokenizer', () => {
  it('learns one, and decodes', async () => {
    const path = join(parent, 'tokenizer.json');
    const learned = await command(
      'tokenizer',
      'train',
      '--data',
      text,
      text,
      '--vocab-size',
      '300',
      '-o',
      path,
    );
    expect([learned.code, learned.stdout.text]).toEqual([
      0,
      expect.stringContaining(`${path}: 300 tokens, learned from`),
    ]);
    const tokenizer = await loadTokenizer(path, []);
    const io = testIo({ stdin: [`[${tokenizer.encode('To be 永').join(', ')}]\n`] });
    expect([await run(['tokenizer', 'decode', '--tokenizer', path], io), io.stdout.text]).toEqual([
      0,
      'To be 永\n',
    ]);
    const wrong = testIo({ stdin: ['1 x'] });
    expect([await run(['tokenizer', 'decode', '--tokenizer', path], wrong), wrong.stderr.text]).toEqual([
      2,
      expect.stringContaining("'x' is not a token"),
    ]);
  });

  it("reads GPT-2's two files, whose vocabulary has tokens 'type' and 'model'", async () => {
    const [gpt2, symbols] = [
      await mkdtemp(join(folder, 'gpt2-')),
      ['t', 'y', 'p', 'e', 'ty', 'pe', 'type', 'model'],
    ];
    await writeFile(
      join(gpt2, 'vocab.json'),
      JSON.stringify(Object.fromEntries(symbols.map((text, id) => [text, id]))),
    );
    await writeFile(join(gpt2, 'merges.txt'), '#version: 0.2\nt y\np e\nty pe\n');
    for (const path of [gpt2, join(gpt2, 'vocab.json')])
      expect([...(await loadTokenizer(path, [])).encode('typety')]).toEqual([6, 4]);
  });

  it('says what is wrong', async () => {
    expect((await command('tokenizer', 'train')).code).toBe(2);
    expect((await command('tokenizer', 'train', '--data', text, '--vocab-size', '12')).stderr.text).toContain(
      'at least 257',
    );
    expect((await command('train', '--data', text, '--tokenizer', 'bpe:12')).stderr.text).toContain(
      "cannot have '12' tokens",
    );
    expect((await command('train', '--data', text, '--tokenizer', 'nowhere')).stderr.text).toContain(
      'See --tokenizer',
    );
    expect((await command('train', '--data', text, 'bigram', '--batch-size', '-1')).stderr.text).toContain(
      'batch',
    );
    expect((await command('train', text)).stderr.text).toContain(`train --data ${text}`);
  });
});
