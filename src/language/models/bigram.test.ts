import { describe, expect, it } from 'vitest';
import { Generator } from '../../engine/tensor/generator.ts';
import { Input } from '../../engine/tensor/tensor.ts';
import { cpus, expectClose, reference } from '../../testing/check.ts';
import { lecture, lectureTokens } from '../../testing/lecture.ts';
import { Dataset } from '../data/dataset.ts';
import { CharTokenizer } from '../data/tokenizer/char.ts';
import { Decoder } from '../generate/decoder.ts';
import { AdamW } from '../optim/adamw.ts';
import { BigramLanguageModel } from './bigram.ts';

describe('BigramLanguageModel', () => {
  it('reads the logits of the next token off a table', async () => {
    const model = new BigramLanguageModel({ vocabSize: 3, blockSize: 8 }).initialize(new Generator(1));
    const table = model.namedParameters().get('token_embedding_table.weight')!;
    await reference.write(table, [0, 1, 2, 10, 11, 12, 20, 21, 22]);
    const { shape, data } = await reference.evaluate(model.forward(new Input('idx', [1, 2], 'i32')), {
      idx: [2, 0],
    });
    expect(shape).toEqual([1, 2, 3]);
    expect(Array.from(data)).toEqual([20, 21, 22, 0, 1, 2]);
  });

  it('has the mean cross entropy of its targets as loss, leaving out those that are −1', async () => {
    const model = new BigramLanguageModel({ vocabSize: 3, blockSize: 8 }).initialize(new Generator(1));
    await reference.write(model.token_embedding_table.weight, [0, 0, 0, Math.log(2), 0, 0, 0, 0, 0]);
    const loss = model.loss(new Input('x', [2, 2], 'i32'), new Input('y', [2, 2], 'i32'));
    const { data } = await reference.evaluate(loss, { x: [0, 1, 1, 2], y: [2, 0, 1, -1] });
    expect(data[0]).toBeCloseTo((Math.log(3) + Math.log(4 / 2) + Math.log(4)) / 3, 14);
  });
});

describe('the numbers of "Let\'s build GPT"', () => {
  const T = 8;
  const dataset = new Dataset(lectureTokens(), T);
  const tokenizer = CharTokenizer.fromText(lecture.vocabulary);

  it.each(Object.entries(cpus))('come out with %s SIMD', async (_, device) => {
    const batch = dataset.batch('train', 4, new Generator(1337));
    expect(batch[0].toArray()).toEqual([
      [24, 43, 58, 5, 57, 1, 46, 43],
      [44, 53, 56, 1, 58, 46, 39, 58],
      [52, 58, 1, 58, 46, 39, 58, 1],
      [25, 17, 27, 10, 0, 21, 1, 54],
    ]);

    const generator = new Generator(1337);
    const model = new BigramLanguageModel({ vocabSize: tokenizer.vocabSize, blockSize: T }).initialize(
      generator,
    );
    const initial = await device.evaluate(model.loss(...batch));
    expect(initial.item().toFixed(4)).toBe('4.8786');
    expectClose(initial.data, [lecture.initialLoss], 2e-7, 'loss before training');

    const decoder = await Decoder.create(model, device);
    const tokens = [0];
    for await (const token of decoder.generate([0], { tokens: 100, generator })) tokens.push(token);
    decoder.dispose();
    expect(tokenizer.decode(tokens)).toBe(
      '\nSKIcLT;AcELMoTbvZv C?nq-QE33:CJqkOKH-q;:la!oiywkHjgChzbQ?u!3bLIgwevmyFJGUGp\nwnYWmnxKWWev-tDqXErVKLgJ',
    );
    expect(lecture.generated).toBe(tokenizer.decode(tokens));

    // The lecture's training loop, as far as the fixture goes; its optimizer has PyTorch's defaults.
    const optimizer = new AdamW(model.parameters(), { learningRate: 1e-3 });
    const step = device.compile((x, y) => optimizer.minimize(model.loss(x, y)));
    const losses: number[] = [];
    for (const _ of lecture.losses) losses.push(await step(...dataset.batch('train', 32, generator)));
    step.dispose();
    device.release([...model.parameters(), ...optimizer.state.values()]);
    expectClose(losses, lecture.losses, 2e-7, 'losses of the first training steps');
  });
});
