// The training whose bits all hosts are asked for: nanoGPT's recipe for a CPU, 60 steps on nanobard's own plays, then a sample.
import {
  CharTokenizer,
  CpuDevice,
  createModel,
  Dataset,
  Decoder,
  Generator,
  generateText,
  plays,
  recipes,
  type SimdLevel,
  Trainer,
} from 'nanobard';

export interface Result {
  readonly simd: SimdLevel;
  readonly threads: number;
  /** The median of the steps. */
  readonly ms: number;
  readonly losses: number[];
  readonly sample: string;
  /** SHA-256 of the losses' bits and the sample, the first 12 digits. */
  readonly hash: string;
}

export async function trainingBits(simd?: SimdLevel): Promise<Result> {
  const text = plays({ characters: 100_000, seed: 1 });
  const recipe = { ...recipes['shakespeare-char-cpu'].recipe, maxIters: 60, lrDecayIters: 60, evalIters: 1 };
  const tokenizer = CharTokenizer.fromText(text);
  const generator = new Generator(recipe.seed);
  const model = createModel(recipe, tokenizer.vocabSize, generator);
  const device = new CpuDevice(simd === undefined ? {} : { simd });
  const dataset = new Dataset(tokenizer.encode(text), recipe.blockSize);
  const trainer = await Trainer.create({ model, dataset, device, recipe, generator });
  const losses: number[] = [];
  const times: number[] = [];
  for await (const event of trainer.run()) {
    if (event.type === 'eval') losses.push(event.val);
    if (event.type !== 'step') continue;
    losses.push(event.loss, event.gradNorm);
    times.push(event.ms);
  }
  const decoder = await Decoder.create(model, device);
  const options = { tokens: 200, temperature: 0.8, generator: new Generator(1) };
  let sample = '';
  for await (const piece of generateText(decoder, tokenizer, tokenizer.encode('The '), options)) sample += piece;
  await device.dispose();

  const bytes = new Uint8Array([...new Uint8Array(Float64Array.from(losses).buffer), ...new TextEncoder().encode(sample)]);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('').slice(0, 12);
  const ms = times.sort((a, b) => a - b)[times.length >> 1]!;
  return { simd: device.simd, threads: device.threads, ms, losses, sample, hash };
}
