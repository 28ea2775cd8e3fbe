import type { Device, Executable } from '../../engine/devices/device.ts';
import { NanobardError } from '../../engine/errors.ts';
import { reshape } from '../../engine/ops/reshape/reshape.ts';
import { compile } from '../../engine/program/compile.ts';
import type { Generator } from '../../engine/tensor/generator.ts';
import { Input } from '../../engine/tensor/tensor.ts';
import { breather } from '../breathe.ts';
import type { LanguageModel } from '../models/language-model.ts';
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

/** Lengths of prompt that programs are made for: the next one up, the rest is padding. */
const PREFILL_LENGTHS = [8, 32, 128, 512];

/** Writes text with a model, one token after another, remembering keys and values. */
export class Decoder {
  private readonly model: LanguageModel;
  private readonly device: Device;
  private readonly cache: ReturnType<LanguageModel['newCache']>;
  private readonly step: Executable;
  private readonly prefills = new Map<number, Executable>();
  private busy = false;

  private constructor(model: LanguageModel, device: Device, cache: Decoder['cache'], step: Executable) {
    this.model = model;
    this.device = device;
    this.cache = cache;
    this.step = step;
  }

  /**
   * Traces and loads the program of one step.
   *
   * @throws {NanobardError} code `memory` if it does not fit.
   */
  static async create(model: LanguageModel, device: Device): Promise<Decoder> {
    const cache = model.newCache(1);
    const idx = new Input('idx', [1, 1], 'i32');
    const logits = model.evaluating(() => model.forward(idx, cache)); // (1, 1, vocabSize)
    const outputs = { logits: reshape(logits, [model.vocabSize]) };
    try {
      const step = await device.load(compile({ outputs, assign: cache.takeAssignments() }));
      return new Decoder(model, device, cache, step);
    } catch (error) {
      device.release(cache.variables()); // some may have been allocated before the program did not fit
      throw error;
    }
  }

  /**
   * Yields `tokens` new tokens after `prompt`, which must hold at least one. Text longer than the block goes
   * on with the context cropped. One text at a time: a decoder has one cache.
   */
  async *generate(prompt: ArrayLike<number>, options: GenerateOptions): AsyncGenerator<number, void, void> {
    const { blockSize } = this.model;
    const forget = options.forget ?? Math.ceil(blockSize / 2);
    const { tokens } = options;
    if (prompt.length === 0)
      throw new NanobardError('argument', 'generate: the prompt must hold at least one token');
    if (!((Number.isInteger(tokens) || tokens === Number.POSITIVE_INFINITY) && tokens >= 1)) {
      throw new NanobardError('argument', `generate: tokens must be a whole number from 1 on, not ${tokens}`);
    }
    if (!(Number.isInteger(forget) && forget >= 1 && forget <= blockSize)) {
      throw new NanobardError(
        'argument',
        `generate: forget must be from 1 to the block size ${blockSize}, not ${forget}`,
      );
    }
    if (this.busy) {
      throw new NanobardError('argument', 'generate: this decoder is writing another text', {
        hint: 'Finish that one first, or create a decoder for each text.',
      });
    }
    this.busy = true;
    try {
      yield* this.write(prompt, forget, options);
    } finally {
      this.busy = false;
    }
  }

  private async *write(
    prompt: ArrayLike<number>,
    forget: number,
    options: GenerateOptions,
  ): AsyncGenerator<number, void, void> {
    const { blockSize } = this.model;
    const sampler = new Sampler(options, options.generator);
    const breathe = breather();
    let context = Array.from(prompt).slice(-blockSize);
    let cached = 0; // how many tokens of the context the cache holds
    for (let i = 0; i < options.tokens; i++) {
      options.signal?.throwIfAborted();
      if (context.length > blockSize) {
        context = context.slice(forget);
        cached = 0;
      }
      if (context.length - cached > 1) await this.prefill(context.slice(cached, -1), cached);
      cached = context.length;
      const token = sampler.next(await this.logits(context.at(-1)!, cached - 1));
      context.push(token);
      yield token;
      await breathe();
    }
  }

  /** Frees programs and cache. */
  dispose(): void {
    this.step.dispose();
    for (const prefill of this.prefills.values()) prefill.dispose();
    this.device.release(this.cache.variables());
  }

  /** The logits after `token` at `position`, everything before being in the cache. */
  private async logits(token: number, position: number): Promise<ArrayLike<number>> {
    this.step.input('idx')[0] = token;
    this.setPosition(this.step, position);
    await this.step.run();
    return this.step.read('logits');
  }

  /** Puts tokens into the cache. What padding writes after them lies ahead, and is overwritten before it is seen. */
  private async prefill(tokens: readonly number[], position: number): Promise<void> {
    if (this.cache.layers.length === 0) return;
    const length = PREFILL_LENGTHS.find((candidate) => candidate >= tokens.length) ?? this.model.blockSize;
    const program = await this.prefillProgram(Math.min(length, this.model.blockSize));
    const idx = program.input('idx').fill(0);
    tokens.forEach((token, i) => {
      idx[i] = token;
    });
    this.setPosition(program, position);
    await program.run();
  }

  private async prefillProgram(length: number): Promise<Executable> {
    let program = this.prefills.get(length);
    if (!program) {
      const idx = new Input('idx', [1, length], 'i32');
      this.model.evaluating(() => this.model.forward(idx, this.cache));
      program = await this.device.load(compile({ assign: this.cache.takeAssignments() }));
      this.prefills.set(length, program);
    }
    return program;
  }

  private setPosition(program: Executable, position: number): void {
    const { name } = this.cache.position;
    if (program.program.inputs.some((input) => input.name === name)) program.input(name)[0] = position;
  }
}
