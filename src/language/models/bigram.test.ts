import { describe, expect, it } from 'vitest';
import { fillInputs } from '../../engine/devices/evaluate.ts';
import { scalar } from '../../engine/ops/constant/constant.ts';
import { grad } from '../../engine/ops/grad.ts';
import { compile } from '../../engine/program/compile.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Input } from '../../engine/tensor/tensor.ts';
import { cpus, expectClose, reference } from '../../testing/check.ts';
import { lecture, lectureTokens } from '../../testing/lecture.ts';
import { Dataset } from '../data/dataset.ts';
import { CharTokenizer } from '../data/tokenizer.ts';
import { Decoder } from '../generate/decoder.ts';
import { AdamW } from '../optim/adamw.ts';
import { BigramLanguageModel } from './bigram.ts';

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
  const T = 8;
  const dataset = new Dataset(lectureTokens(), T);
  const tokenizer = CharTokenizer.fromText(lecture.vocabulary);

  it.each(Object.entries(cpus))('come out with %s SIMD', async (_, device) => {
    const [x, y] = [new Int32Array(4 * T), new Int32Array(4 * T)];
    dataset.batch('train', new Generator(1337), x, y);
    expect(Array.from({ length: 4 }, (_, b) => x.subarray(b * T, (b + 1) * T).join(' '))).toEqual([
      '24 43 58 5 57 1 46 43',
      '44 53 56 1 58 46 39 58',
      '52 58 1 58 46 39 58 1',
      '25 17 27 10 0 21 1 54',
    ]);

    const generator = new Generator(1337);
    const model = new BigramLanguageModel({ vocabSize: tokenizer.vocabSize, blockSize: T }, generator);
    const first = model.loss(new Input('x', [4, T], 'i32'), new Input('y', [4, T], 'i32'));
    const { data } = await device.evaluate(first, { x, y });
    expect(data[0]!.toFixed(4)).toBe('4.8786');
    expectClose(data, [lecture.initialLoss], 2e-7, 'loss before training');

    const decoder = await Decoder.create(model, device);
    const tokens = [0];
    for await (const token of decoder.generate([0], { tokens: 100, generator })) tokens.push(token);
    decoder.dispose();
    expect(tokenizer.decode(tokens)).toBe(
      '\nSKIcLT;AcELMoTbvZv C?nq-QE33:CJqkOKH-q;:la!oiywkHjgChzbQ?u!3bLIgwevmyFJGUGp\nwnYWmnxKWWev-tDqXErVKLgJ',
    );
    expect(lecture.generated).toBe(tokenizer.decode(tokens));

    // The lecture's training loop, as far as the fixture goes; its optimizer has PyTorch's defaults.
    const loss = model.loss(new Input('x', [32, T], 'i32'), new Input('y', [32, T], 'i32'));
    const parameters = model.namedParameters();
    const gradients = grad(loss, [...parameters.values()]);
    const operands = {
      learningRate: scalar(1e-3),
      step: new Input('step', [], 'i32'),
      gradientScale: scalar(1),
    };
    const optimizer = new AdamW(parameters);
    const assign = optimizer.update(
      new Map([...parameters.keys()].map((name, i) => [name, gradients[i]!])),
      operands,
    );
    const executable = await device.load(compile({ outputs: { loss }, assign }));
    const losses: number[] = [];
    for (const i of lecture.losses.keys()) {
      const [x, y] = [new Int32Array(32 * T), new Int32Array(32 * T)];
      dataset.batch('train', generator, x, y);
      fillInputs(executable, { x, y, step: [i + 1] });
      await executable.run();
      losses.push((await executable.read('loss'))[0]!);
    }
    executable.dispose();
    device.release([...parameters.values(), ...optimizer.state.values()]);
    expectClose(losses, lecture.losses, 2e-7, 'losses of the first training steps');
  });
});
