import type { CompiledFunction } from '../../engine/devices/compiled-function.ts';
import type { Device } from '../../engine/devices/device.ts';
import { NanobardError } from '../../engine/errors.ts';
import { reshape } from '../../engine/ops/views/views.ts';
import { Constant, type Generator, type Tensor } from '../../engine/tensor/index.ts';
import { breather } from '../breathe.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { type KVCache, POSITION } from '../nn/kv-cache.ts';
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

/** One of several texts that are made together. */
export interface Job {
  /** At least one token. */
  readonly prompt: ArrayLike<number>;
  readonly options: GenerateOptions;
  /** Ends the text before its length: looked at after each of its tokens. */
  readonly ended?: boolean;
}

/** A token of one of several texts, which is counted from 0. */
export interface JobChoice extends Choice {
  readonly index: number;
}

/** What `tokens` may be. */
export const lengthRule: Rule = {
  accepts: (value) =>
    value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && Number(value) >= 1),
  expected: 'a whole number from 1 on, or Infinity',
};

/** Lengths of prompt that programs are made for: the next one up, the rest is padding. */
const PREFILL_LENGTHS = [8, 32, 128, 512];

/** A text under way, in one place of the cache. */
interface Line {
  readonly index: number;
  readonly job: Job;
  readonly forget: number;
  readonly sampler: Sampler;
  /** The tokens that the next one is drawn from. */
  context: number[];
  /** How many of them the cache holds. */
  cached: number;
  left: number;
}

/**
 * Writes text with a model, one token after another, remembering keys and values: one text or, in as many `slots`,
 * several together. What one says does not depend on the others.
 */
export class Decoder {
  private readonly model: LanguageModel;
  private readonly device: Device;
  private readonly cache: KVCache;
  /** Where prompts are read: the cache itself if it has one slot. */
  private readonly reader: KVCache;
  /** Reads the last token of each text, (B, 1); the logits of the next ones, (B, vocabSize). */
  private readonly last: CompiledFunction<Tensor>;
  /** Puts tokens before it into the reader, (1, T). */
  private readonly before: CompiledFunction<void>;
  /** Makes what the reader holds a slot of the cache. */
  private readonly adopt: CompiledFunction<void>;
  /** Where in the cache each slot's next token stands. */
  private readonly positions: Int32Array;
  private busy = false;

  private constructor(model: LanguageModel, device: Device, slots: number) {
    this.model = model;
    this.device = device;
    this.positions = new Int32Array(slots);
    const cache = model.newCache(slots);
    const reader = slots === 1 ? cache : model.newCache(1);
    this.cache = cache;
    this.reader = reader;
    const forward = (idx: Tensor, memory: KVCache): Tensor =>
      model.evaluating(() => model.forward(idx, memory)); // (B, T, vocabSize)
    this.last = device.compile(
      (idx) => reshape(forward(idx, cache.first(idx.shape[0]!)), [-1, model.vocabSize]),
      { [POSITION]: () => this.positions },
    );
    this.before = device.compile((idx) => void forward(idx, reader), { [POSITION]: () => [0] });
    this.adopt = device.compile((slot) => cache.adopt(reader, slot));
  }

  /**
   * Traces and loads the program of one step; `slots`, 1 by default, is how many texts can be under way at once.
   *
   * @throws {NanobardError} code `memory` if it does not fit.
   */
  static async create(model: LanguageModel, device: Device, slots = 1): Promise<Decoder> {
    checkArgument('Decoder', 'slots', whole(1), slots);
    const decoder = new Decoder(model, device, slots);
    try {
      await decoder.last.load(ids([0], slots, 1));
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
    for await (const choices of this.together([{ prompt, options }])) yield* choices;
  }

  /**
   * The tokens of several texts, those that were made in one step at a time. As many texts are under way as there are
   * slots; where one ends, the next begins. Each is the same as by itself, to the last bit.
   */
  async *together(jobs: Iterable<Job>): AsyncGenerator<readonly JobChoice[], void, void> {
    const lines = Array.from(jobs, (job, index) => this.line(job, index)).values();
    if (this.busy) {
      throw new NanobardError('argument', 'generate: this decoder is writing another text', {
        hint: 'Finish that one first, or create a decoder for each text.',
      });
    }
    const breathe = breather();
    const slots: (Line | undefined)[] = Array(this.positions.length).fill(undefined);
    this.busy = true;
    try {
      while (true) {
        for (const [slot, line] of slots.entries()) {
          if (line && line.left > 0 && !line.job.ended) continue;
          slots[slot] = lines.next().value;
        }
        await this.close(slots);
        if (slots.length === 0) return;
        yield await this.step(slots);
        await breathe();
      }
    } finally {
      this.busy = false;
    }
  }

  /** Frees programs and cache. */
  dispose(): void {
    for (const program of [this.last, this.before, this.adopt]) program.dispose();
    this.device.release([...this.cache.variables(), ...this.reader.variables()]);
  }

  /** @throws {NanobardError} code `argument` for a text that cannot be. */
  private line(job: Job, index: number): Line {
    const { blockSize } = this.model;
    const { prompt, options } = job;
    const { tokens, generator, forget = Math.ceil(blockSize / 2) } = options;
    if (prompt.length === 0)
      throw new NanobardError('argument', 'generate: the prompt must hold at least one token');
    checkArgument('generate', 'tokens', lengthRule, tokens);
    const within = (value: unknown): boolean => whole(1).accepts(value) && Number(value) <= blockSize;
    const forgetRule = { accepts: within, expected: `from 1 to the block size ${blockSize}` };
    checkArgument('generate', 'forget', forgetRule, forget);
    const context = Array.from(prompt).slice(-blockSize);
    const sampler = new Sampler(options, generator);
    return { index, job, forget, sampler, context, cached: 0, left: tokens };
  }

  /**
   * Moves the texts that are left to the first slots, as soon as half of these hold them all: a step costs what its slots
   * cost, whether texts are in them or not.
   */
  private async close(slots: (Line | undefined)[]): Promise<void> {
    const open = slots.filter((line) => line).length;
    const size = open === 0 ? 0 : Math.min(slots.length, 2 ** Math.ceil(Math.log2(open)));
    const moves: (readonly [from: number, to: number])[] = [];
    for (let from = size; from < slots.length; from++) {
      if (!slots[from]) continue;
      const to = slots.indexOf(undefined);
      slots[to] = slots[from];
      moves.push([from, to]);
    }
    slots.length = size;
    if (moves.length === 0) return;
    await this.device.alter(this.cache.variables(), (memories) => {
      for (const memory of memories) {
        const length = memory.length / this.positions.length;
        for (const [from, to] of moves) memory.copyWithin(to * length, from * length, (from + 1) * length);
      }
    });
  }

  /** One more token for each text. */
  private async step(slots: readonly (Line | undefined)[]): Promise<JobChoice[]> {
    const { blockSize, vocabSize } = this.model;
    for (const [slot, line] of slots.entries()) {
      if (!line) continue;
      line.job.options.signal?.throwIfAborted();
      if (line.context.length > blockSize) {
        line.context = line.context.slice(line.forget);
        line.cached = 0;
      }
      const { length } = line.context;
      if (length - line.cached > 1) await this.read(line.context.slice(0, -1), slot);
      line.cached = length;
      this.positions[slot] = length - 1;
    }
    const tokens = slots.map((line) => line?.context.at(-1) ?? 0);
    await this.last.run(ids(tokens, tokens.length, 1));
    const { data } = (await this.last.read()) as Constant;
    return slots.flatMap((line, slot) => {
      if (!line) return [];
      const logits = data.subarray(slot * vocabSize, (slot + 1) * vocabSize);
      const token = line.sampler.next(logits);
      line.context.push(token);
      line.left--;
      return [{ index: line.index, token, logits }];
    });
  }

  /**
   * Puts the first tokens of a text into the cache, alone, since how many there are decides how they are added up. What
   * padding writes after them lies ahead, and is overwritten before it is seen.
   */
  private async read(tokens: readonly number[], slot: number): Promise<void> {
    if (this.cache.layers.length === 0) return;
    const { blockSize } = this.model;
    const length = PREFILL_LENGTHS.find((candidate) => candidate >= tokens.length) ?? blockSize;
    await this.before.run(ids(tokens, 1, Math.min(length, blockSize)));
    if (this.reader !== this.cache) await this.adopt.run(new Constant(Int32Array.of(slot), []));
  }
}

/** Token ids (batch, length), padded with 0. */
function ids(tokens: readonly number[], batch: number, length: number): Constant {
  const data = new Int32Array(batch * length);
  data.set(tokens);
  return new Constant(data, [batch, length]);
}
