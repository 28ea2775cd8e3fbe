import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Device } from '../../engine/devices/device.ts';
import { NanobardError } from '../../engine/errors.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Input } from '../../engine/tensor/tensor.ts';
import { cpus, devices, expectClose, integers, reference, values } from '../../testing/check.ts';
import { BigramLanguageModel } from '../models/bigram.ts';
import { GPT } from '../models/gpt.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { LectureGPT } from '../models/lecture.ts';
import { ModernGPT } from '../models/modern.ts';
import { Decoder, type GenerateOptions } from './decoder.ts';
import { Sampler } from './sampling.ts';

const V = 13;

/** A GPT whose predictions depend on all of its context; its dropout must not show. */
async function gpt(blockSize: number, device: Device): Promise<GPT> {
  const config = { vocabSize: V, blockSize, nLayer: 2, nHead: 2, nEmbd: 8, dropout: 0.5, bias: true };
  const model = new GPT(config).initialize(new Generator(1));
  const parameters = [...model.namedParameters().values()];
  for (const [i, parameter] of parameters.entries())
    await device.write(parameter, values(parameter.shape, i + 1).data);
  return model;
}

/** Logits after the last token of a context, computed from all of it at once. */
async function uncached(model: LanguageModel, device: Device, context: readonly number[]): Promise<number[]> {
  const idx = new Input('idx', [1, context.length], 'i32');
  const logits = model.evaluating(() => model.forward(idx)); // (1, T, V)
  const { data } = await device.evaluate(logits, { idx: context });
  return Array.from(data.slice(-V));
}

async function collect(
  decoder: Decoder,
  prompt: readonly number[],
  options: GenerateOptions,
): Promise<number[]> {
  const made: number[] = [];
  for await (const token of decoder.generate(prompt, options)) made.push(token);
  return made;
}

const text = (length: number, seed = 1): number[] => Array.from(integers([length], V, seed).data);

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each([9, 40])('Decoder, block size %i', (blockSize) => {
  it.each(Object.entries({ reference, ...cpus }))(
    'has the logits of the whole context, remembered or read anew: %s',
    async (_, device) => {
      const tolerance = device === reference ? 1e-12 : 2e-6;
      const model = await gpt(blockSize, device);
      const decoder = await Decoder.create(model, device);
      const half = Math.ceil(blockSize / 2);
      const prompts = [1, 2, 7, 8, 9, 10, blockSize - 1, blockSize, blockSize + 1, 3 * blockSize];
      for (const [forget, lengths] of [
        [undefined, prompts],
        [1, [blockSize - 2]],
        [blockSize, [blockSize - 2]],
      ] as const) {
        for (const length of lengths) {
          // Instead of drawing, follow a given text and note the logits.
          const prompt = text(length);
          const continuation = text(half + 4, 2);
          const seen: number[][] = [];
          vi.spyOn(Sampler.prototype, 'next').mockImplementation((logits) => {
            seen.push(Array.from(logits));
            return continuation[seen.length - 1]!;
          });
          const options = {
            tokens: continuation.length,
            generator: new Generator(1),
            ...(forget && { forget }),
          };
          expect(await collect(decoder, prompt, options)).toEqual(continuation);
          const all = [...prompt, ...continuation];
          let begin = Math.max(0, length - blockSize);
          for (const [i, logits] of seen.entries()) {
            if (length + i - begin > blockSize) begin += forget ?? half;
            const expected = await uncached(model, device, all.slice(begin, length + i));
            expectClose(logits, expected, tolerance, `token ${i} after a prompt of ${length}`);
          }
        }
      }
      decoder.dispose();
    },
  );

  it("writes what the tutorial's loop writes when it forgets one token at a time", async () => {
    for (const device of devices) {
      const model = await gpt(blockSize, device);
      const rule = { temperature: 0.8, topK: 5 };
      const generator = new Generator(3);
      const sampler = new Sampler(rule, generator);
      const idx = [0];
      for (let i = 0; i < blockSize + 10; i++)
        idx.push(sampler.next(await uncached(model, device, idx.slice(-blockSize))));

      const decoder = await Decoder.create(model, device);
      const options = { ...rule, tokens: blockSize + 10, generator: new Generator(3), forget: 1 };
      expect([0, ...(await collect(decoder, [0], options))]).toEqual(idx);
      decoder.dispose();
    }
  });
});

/** Models of each kind, in training mode and with weights that differ. */
async function models(device: Device): Promise<LanguageModel[]> {
  const shared = { vocabSize: V, blockSize: 9, nLayer: 2, nHead: 2, nEmbd: 8, dropout: 0 };
  const made = [
    new GPT({ ...shared, bias: true }),
    new LectureGPT(shared),
    new ModernGPT({ ...shared, ngramOrder: 3, ngramRows: 50 }),
    new BigramLanguageModel({ vocabSize: V, blockSize: 9 }),
  ];
  for (const model of made) {
    for (const [i, parameter] of model.initialize(new Generator(1)).parameters().entries())
      await device.write(parameter, values(parameter.shape, i + 1).data);
  }
  return made;
}

describe('Decoder, several texts together', () => {
  it('says in each what it says by itself, to the last bit of the logits', async () => {
    for (const device of devices) {
      // What the reference remembers in float64 is rounded when it moves to another slot.
      const bitsOf = (logits: ArrayLike<number>) => (device === reference ? [] : Array.from(logits));
      for (const model of await models(device)) {
        const jobs = [4, 1, 30, 9, 2, 8, 1, 5, 10, 3, 7].map((length, i) => ({
          prompt: text(length, i),
          options: { tokens: [15, 3, 9, 1, 20][i % 5]!, generator: new Generator(i), temperature: 2 },
        }));
        const fresh = () =>
          jobs.map(({ prompt, options }, i) => ({
            prompt,
            options: { ...options, generator: new Generator(i) },
          }));
        const alone = await Decoder.create(model, device);
        const expected: unknown[][] = [];
        for (const { prompt, options } of fresh()) {
          const made: unknown[] = [];
          for await (const { token, logits } of alone.choices(prompt, options))
            made.push([token, ...bitsOf(logits)]);
          expected.push(made);
        }
        for (const slots of [3, 16]) {
          const decoder = await Decoder.create(model, device, slots);
          const made: unknown[][] = jobs.map(() => []);
          for await (const choices of decoder.together(fresh())) {
            for (const { index, token, logits } of choices) made[index]!.push([token, ...bitsOf(logits)]);
          }
          expect(made, `${model.constructor.name}, ${slots} slots`).toEqual(expected);
          decoder.dispose();
        }
        alone.dispose();
        device.release(model.parameters());
      }
    }
  });

  it('ends a text when it is told to, and lets the next begin in its place', async () => {
    const { relaxed: device } = cpus;
    const model = await gpt(9, device);
    const decoder = await Decoder.create(model, device, 2);
    const jobs = [3, 1, 4, 2].map((length, i) => ({
      prompt: text(length, i),
      options: { tokens: 50, generator: new Generator(i) },
      ended: false,
    }));
    const made = jobs.map(() => 0);
    let steps = 0;
    for await (const choices of decoder.together(jobs)) {
      steps++;
      for (const { index } of choices) if (++made[index]! === [2, 5, 4, 3][index]!) jobs[index]!.ended = true;
    }
    expect(made).toEqual([2, 5, 4, 3]);
    expect(steps).toBe(8); // 2, 4 and the last's 2 beside 5 and 3 are 8 and 6
    decoder.dispose();
  });

  it('has nothing to say without texts, and stops when one of them is aborted', async () => {
    const { relaxed: device } = cpus;
    const decoder = await Decoder.create(await gpt(9, device), device, 4);
    for await (const _ of decoder.together([])) expect.unreachable();
    const options = { tokens: 5, generator: new Generator(1) };
    const aborted = { ...options, signal: AbortSignal.abort(new Error('enough')) };
    const all = [options, aborted].map((each) => ({ prompt: [1], options: each }));
    await expect(decoder.together(all).next()).rejects.toThrow('enough');
    await expect(Decoder.create(await gpt(9, device), device, 0)).rejects.toThrow('slots must be');
    decoder.dispose();
  });
});

describe('Decoder', () => {
  it('starts each text anew', async () => {
    const decoder = await Decoder.create(await gpt(9, cpus.relaxed), cpus.relaxed);
    const write = (prompt: number[]): Promise<number[]> =>
      collect(decoder, prompt, { tokens: 20, generator: new Generator(5) });
    const first = await write([1, 2, 3]);
    expect(await write([4])).not.toEqual(first);
    expect(await write([1, 2, 3])).toEqual(first);
    decoder.dispose();
  });

  it('draws from the table of a bigram model, which has nothing to remember', async () => {
    const model = new BigramLanguageModel({ vocabSize: V, blockSize: 4 }).initialize(new Generator(1));
    const decoder = await Decoder.create(model, cpus.relaxed);
    const sampler = new Sampler({}, new Generator(2));
    const idx = text(6);
    for (let i = 0; i < 12; i++) idx.push(sampler.next(await uncached(model, cpus.relaxed, idx.slice(-1))));
    expect(await collect(decoder, text(6), { tokens: 12, generator: new Generator(2) })).toEqual(
      idx.slice(6),
    );
    decoder.dispose();
  });

  it('leaves the model in training mode, and gives back the memory of its programs', async () => {
    const { wide: device } = cpus;
    const model = await gpt(40, device);
    const decoder = await Decoder.create(model, device);
    const one = device.bytes;
    await collect(decoder, text(39), { tokens: 1, generator: new Generator(1) }); // a program that reads 40 tokens
    const two = device.bytes;
    expect(two).toBeGreaterThan(one);
    decoder.dispose();
    expect(device.bytes).toBeLessThan(one);
    expect(model.training && model.transformer.drop.training).toBe(true);
  });

  it('refuses an empty prompt and a context that cannot be', async () => {
    const decoder = await Decoder.create(await gpt(9, reference), reference);
    const options = { tokens: 1, generator: new Generator(1) };
    await expect(collect(decoder, [], options)).rejects.toThrow(NanobardError);
    await expect(collect(decoder, [], options)).rejects.toThrow('the prompt must hold at least one token');
    for (const forget of [0, 10, 1.5]) {
      await expect(collect(decoder, [1], { ...options, forget })).rejects.toThrow(
        'forget must be from 1 to the block size 9',
      );
    }
    for (const tokens of [0, -1, 1.5, Number.NaN]) {
      await expect(collect(decoder, [1], { ...options, tokens })).rejects.toThrow(
        `tokens must be a whole number from 1 on, or Infinity, not ${tokens}`,
      );
    }
  });
});
