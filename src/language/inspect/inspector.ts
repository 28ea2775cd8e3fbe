import type { CompiledFunction } from '../../engine/devices/compiled-function.ts';
import type { Device } from '../../engine/devices/device.ts';
import { NanobardError } from '../../engine/errors.ts';
import { reshape, stack } from '../../engine/ops/views/views.ts';
import { Constant, type Tensor } from '../../engine/tensor/index.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { attentionWeights, lookupLengths } from './graph.ts';

/** What a model makes of T tokens. */
export interface Inspection {
  /** Logits of the next token after each one, (T, vocabSize). */
  readonly logits: Float32Array;
  /** The same as they would be if the model ended at its embeddings, or after each block: (T, vocabSize) each. */
  readonly lens: readonly Float32Array[];
  /** For each head, layer after layer, how much each token (row) takes of each: (T, T) each. */
  readonly attention: readonly Float32Array[];
  /** Heads of a layer; 0 where there are none. */
  readonly heads: number;
  /** For the embedding of tokens, and each table of n-grams, how long what it adds at each position is: (T) each. */
  readonly lookups: readonly Float32Array[];
}

/** Lengths that programs are made for: what is shorter is padded, and what follows a token does not change it. */
const LENGTHS = [16, 64, 256];

type Outputs = {
  readonly lens: Tensor;
  readonly attention?: Tensor;
  readonly lookups?: Tensor;
};

/**
 * Looks into a model as it stands on a device, between training steps too; models need not know. The residual stream
 * after each block is read as if it were the last ("logit lens", nostalgebraist, 2020).
 */
export class Inspector {
  private readonly model: LanguageModel;
  private readonly run: CompiledFunction<Outputs>;
  private heads = 0;

  constructor(model: LanguageModel, device: Device) {
    this.model = model;
    this.run = device.compile((idx) => model.evaluating(() => this.trace(idx)));
  }

  /**
   * @throws {NanobardError} code `shape` if there are more tokens than the block size, or none; `memory` if what is to
   *   be seen does not fit.
   */
  async look(tokens: ArrayLike<number>): Promise<Inspection> {
    const T = tokens.length;
    const { blockSize, vocabSize: V } = this.model;
    if (T === 0 || T > blockSize)
      throw new NanobardError('shape', `Inspector.look: needs 1 to ${blockSize} tokens, not ${T}`);
    const length = Math.min(LENGTHS.find((candidate) => candidate >= T) ?? blockSize, blockSize);
    const ids = new Int32Array(length);
    ids.set(Array.from(tokens));
    const { lens, attention, lookups } = await this.run(new Constant(ids, [1, length]));
    const layers = parts(lens).map((all) => all.slice(0, T * V));
    return {
      logits: layers.at(-1)!,
      lens: layers,
      attention: parts(attention).map((all) => corner(all, length, T)),
      heads: this.heads,
      lookups: parts(lookups).map((all) => all.slice(0, T).map(Math.sqrt)),
    };
  }

  dispose(): void {
    this.run.dispose();
  }

  private trace(idx: Tensor): Outputs {
    const { vocabSize, config } = this.model;
    const T = idx.shape[1]!;
    const stream = [...this.model.stream(idx)];
    const last = stream.at(-1)!;
    const lens = stream.map((x) => reshape(this.model.head(x), [T, vocabSize]));
    const attention = attentionWeights(last).map((weights) => reshape(weights, [-1, T, T]));
    const heads = attention.flatMap((weights) => weights.shape[0]!).reduce((a, b) => a + b, 0);
    this.heads = heads / (config.nLayer ?? 1);
    const lookups = lookupLengths(last);
    return {
      lens: stack(lens),
      ...(attention.length > 0 && { attention: reshape(stack(attention), [-1, T, T]) }),
      ...(lookups && { lookups: reshape(lookups, [-1, T]) }),
    };
  }
}

/** What lies along the first dimension of a result. */
function parts(result: Constant | number | undefined): Float32Array[] {
  if (!(result instanceof Constant)) return [];
  const size = result.size / result.shape[0]!;
  const data = Float32Array.from(result.data);
  return Array.from({ length: result.shape[0]! }, (_, i) => data.subarray(i * size, (i + 1) * size));
}

/** The first T rows and columns of a matrix with rows of `length`. */
function corner(matrix: Float32Array, length: number, T: number): Float32Array {
  const part = new Float32Array(T * T);
  for (let row = 0; row < T; row++) part.set(matrix.subarray(row * length, row * length + T), row * T);
  return part;
}
