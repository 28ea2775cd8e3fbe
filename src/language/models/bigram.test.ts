import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fillInputs } from '../../engine/devices/evaluate.ts';
import { compile } from '../../engine/program/compile.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Input } from '../../engine/tensor/tensor.ts';
import { cpus, reference } from '../../testing/check.ts';
import { Dataset } from '../data/dataset.ts';
import { CharTokenizer } from '../data/tokenizer.ts';
import { Decoder } from '../generate/decoder.ts';
import { BigramLanguageModel } from './bigram.ts';

const TEXT = new URL('../../../../shared/data/tinyshakespeare.txt', import.meta.url);

describe('BigramLanguageModel', () => {
  it('reads the logits of the next token off a table', async () => {
    const model = new BigramLanguageModel({ vocabSize: 3, blockSize: 8 }, new Generator(1));
    const table = model.namedParameters().get('token_embedding_table.weight')!;
    await reference.write(table, [0, 1, 2, 10, 11, 12, 20, 21, 22]);
    const { shape, data } = await reference.evaluate(model.forward(new Input('idx', [1, 2], 'i32')), {
      idx: [2, 0],
    });
    expect(shape).toEqual([1, 2, 3]);
    expect(Array.from(data)).toEqual([20, 21, 22, 0, 1, 2]);
  });

  it('has the mean cross entropy of its targets as loss, leaving out those that are −1', async () => {
    const model = new BigramLanguageModel({ vocabSize: 3, blockSize: 8 }, new Generator(1));
    await reference.write(model.token_embedding_table.weight, [0, 0, 0, Math.log(2), 0, 0, 0, 0, 0]);
    const loss = model.loss(new Input('x', [2, 2], 'i32'), new Input('y', [2, 2], 'i32'));
    const { data } = await reference.evaluate(loss, { x: [0, 1, 1, 2], y: [2, 0, 1, -1] });
    expect(data[0]).toBeCloseTo((Math.log(3) + Math.log(4 / 2) + Math.log(4)) / 3, 14);
  });
});

describe('the numbers of "Let\'s build GPT"', () => {
  const exists = existsSync(TEXT);
  const [B, T] = [4, 8];

  it.skipIf(!exists)(
    'come out on tinyshakespeare (skipped where ../shared/data has no such text)',
    async () => {
      const text = readFileSync(TEXT, 'utf8');
      const tokenizer = CharTokenizer.fromText(text);
      const dataset = new Dataset(tokenizer.encode(text), T);
      const [x, y] = [new Int32Array(B * T), new Int32Array(B * T)];
      dataset.batch('train', new Generator(1337), x, y);
      expect(Array.from({ length: B }, (_, b) => x.subarray(b * T, (b + 1) * T).join(' '))).toEqual([
        '24 43 58 5 57 1 46 43',
        '44 53 56 1 58 46 39 58',
        '52 58 1 58 46 39 58 1',
        '25 17 27 10 0 21 1 54',
      ]);

      for (const device of Object.values(cpus)) {
        const generator = new Generator(1337);
        const model = new BigramLanguageModel({ vocabSize: tokenizer.vocabSize, blockSize: T }, generator);
        const loss = model.loss(new Input('x', [B, T], 'i32'), new Input('y', [B, T], 'i32'));
        const executable = await device.load(compile({ outputs: { loss } }));
        fillInputs(executable, { x, y });
        await executable.run();
        expect((await executable.read('loss'))[0]!.toFixed(4)).toBe('4.8786');

        const decoder = await Decoder.create(model, device);
        const tokens = [0];
        for await (const token of decoder.generate([0], { tokens: 100, generator })) tokens.push(token);
        expect(tokenizer.decode(tokens)).toBe(
          '\nSKIcLT;AcELMoTbvZv C?nq-QE33:CJqkOKH-q;:la!oiywkHjgChzbQ?u!3bLIgwevmyFJGUGp\nwnYWmnxKWWev-tDqXErVKLgJ',
        );
        decoder.dispose();
      }
    },
  );
});
