import type { CompiledFunction } from '../../engine/devices/compiled-function.ts';
import type { Device } from '../../engine/devices/device.ts';
import { NanobardError } from '../../engine/errors.ts';
import { reshape } from '../../engine/ops/views/views.ts';
import { Constant, type Generator, type Tensor } from '../../engine/tensor/index.ts';
import { breather } from '../breathe.ts';
import type { LanguageModel } from '../models/language-model.ts';
import type { KVCache } from '../nn/kv-cache.ts';
import { checkArgument, type Rule, whole } from '../options.ts';
import { Sampler, type SamplingRule } from './sampling.ts';

export interface GenerateOptions extends SamplingRule {
  /** How many tokens to make; `Infinity` goes on until the caller stops. */
  readonly tokens: number;
  readonly generator: Generator;
  /** Stops when it aborts: the iterator throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How many of the oldest tokens to forget when the context is full; half of it by default, so that the
   * rest is read anew only now and then. 1 keeps the context as long as possible, as the tutorial does, and
   * reads all of it anew for every token.
   */
  readonly forget?: number | undefined;
}

/** A token that was drawn, and the logits, (vocabSize), that it was drawn from: valid until the next. */
export interface Choice {
  readonly token: number;
  readonly logits: ArrayLike<number>;
}

/** What `tokens` may be. */
export const lengthRule: Rule = {
  accepts: (value) =>
    value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && Number(value) >= 1),
  expected: 'a whole number from 1 on, or Infinity',
};

/** Lengths of prompt that programs are made for: the next one up, the rest is padding. */
const PREFILL_LENGTHS = [8, 32, 128, 512];

/** Writes text with a model, one token after another, remembering keys and values. */
export class Decoder {
  private readonly model: LanguageModel;
  private readonly device: Device;
  private readonly cache: KVCache;
  /** Reads the last token, (1, 1); the logits of the next one, (vocabSize). */
  private readonly last: CompiledFunction<Tensor>;
  /** Puts tokens before it into the cache, (1, T). */
  private readonly before: CompiledFunction<void>;
  /** Where in the cache a run begins to write. */
  private position = 0;
  private busy = false;

  private constructor(model: LanguageModel, device: Device) {
    this.model = model;
    this.device = device;
    const cache = model.newCache(1);
    this.cache = cache;
    const forward = (idx: Tensor): Tensor => model.evaluating(() => model.forward(idx, cache)); // (1, T, vocabSize)
    const sources = { [cache.position.name]: () => [this.position] };
    this.last = device.compile((idx) => reshape(forward(idx), [model.vocabSize]), sources);
    this.before = device.compile((idx) => void forward(idx), sources);
  }

  /**
   * Traces and loads the program of one step.
   *
   * @throws {NanobardError} code `memory` if it does not fit.
   */
  static async create(model: LanguageModel, device: Device): Promise<Decoder> {
    const decoder = new Decoder(model, device);
    try {
      await decoder.last.load(sequence([0], 1));
      return decoder;
    } catch (error) {
      decoder.dispose(); // some variables may have been allocated before the program did not fit
      throw error;
    }
  }

  /**
   * Yields `tokens` new tokens after `prompt`, which must hold at least one. Text longer than the block goes
   * on with the context cropped. One text at a time: a decoder has one cache.
   */
  async *generate(prompt: ArrayLike<number>, options: GenerateOptions): AsyncGenerator<number, void, void> {
    for await (const { token } of this.choices(prompt, options)) yield token;
  }

  /** The tokens that `generate` yields, with what each was drawn from. */
  async *choices(prompt: ArrayLike<number>, options: GenerateOptions): AsyncGenerator<Choice, void, void> {
    const { blockSize } = this.model;
    const { tokens, generator, signal, forget = Math.ceil(blockSize / 2) } = options;
    if (prompt.length === 0)
      throw new NanobardError('argument', 'generate: the prompt must hold at least one token');
    checkArgument('generate', 'tokens', lengthRule, tokens);
    const within = (value: unknown): boolean => whole(1).accepts(value) && Number(value) <= blockSize;
    const forgetRule = { accepts: within, expected: `from 1 to the block size ${blockSize}` };
    checkArgument('generate', 'forget', forgetRule, forget);
    if (this.busy) {
      throw new NanobardError('argument', 'generate: this decoder is writing another text', {
        hint: 'Finish that one first, or create a decoder for each text.',
      });
    }
    const sampler = new Sampler(options, generator);
    const breathe = breather();
    this.busy = true;
    try {
      let context = Array.from(prompt).slice(-blockSize);
      let cached = 0; // how many tokens of the context the cache holds
      for (let i = 0; i < tokens; i++) {
        signal?.throwIfAborted();
        if (context.length > blockSize) {
          context = context.slice(forget);
          cached = 0;
        }
        if (context.length - cached > 1) await this.prefill(context.slice(cached, -1), cached);
        cached = context.length;
        this.position = cached - 1;
        await this.last.run(sequence(context.slice(-1), 1));
        const logits = (await this.last.read()) as Constant;
        const token = sampler.next(logits.data);
        context.push(token);
        yield { token, logits: logits.data };
        await breathe();
      }
    } finally {
      this.busy = false;
    }
  }

  /** Frees programs and cache. */
  dispose(): void {
    this.last.dispose();
    this.before.dispose();
    this.device.release(this.cache.variables());
  }

  /** Puts tokens into the cache. What padding writes after them lies ahead, and is overwritten before it is seen. */
  private async prefill(tokens: readonly number[], position: number): Promise<void> {
    if (this.cache.layers.length === 0) return;
    const { blockSize } = this.model;
    const length = PREFILL_LENGTHS.find((candidate) => candidate >= tokens.length) ?? blockSize;
    this.position = position;
    await this.before.run(sequence(tokens, Math.min(length, blockSize)));
  }
}

/** Tokens (1, length), padded with 0. */
function sequence(tokens: readonly number[], length: number): Constant {
  const ids = new Int32Array(length);
  ids.set(tokens);
  return new Constant(ids, [1, length]);
}
