import { grad } from '../../engine/ops/grad.ts';
import { compile } from '../../engine/program/compile.ts';
import { type Lifetime, planMemory } from '../../engine/program/plan-memory.ts';
import type { Program } from '../../engine/program/program.ts';
import { trace } from '../../engine/program/trace.ts';
import { Input } from '../../engine/tensor/tensor.ts';
import { trainLength } from '../data/dataset.ts';
import { createModel } from '../models/create.ts';
import { createOptimizer } from '../train/optimizer.ts';
import { checkMemory } from './check-memory.ts';
import type { Recipe } from './recipe.ts';

/** What a training will take, known before it starts. */
export interface TrainingPlan {
  readonly parameters: number;
  /** Weights, what the optimizer remembers, and a step's activations and gradients: about what a device needs. */
  readonly bytes: number;
  readonly flopsPerStep: number;
  /** What starts a kernel, but for adding up the gradients of several batches. */
  readonly instructionsPerStep: number;
  /** Of measuring the loss of one batch, in evaluations. */
  readonly flopsPerLoss: number;
  readonly tokensPerStep: number;
  /** How often the training split is read. */
  readonly passes: number;
  /** The number of steps that read it once. */
  readonly onePass: number;
  /**
   * Whether the text is short for the training: tables of n-grams learn by heart what they see twice, and models
   * without dropout what they see ten times.
   */
  readonly repeats: boolean;
}

/** Passes over the text from which on a model without dropout, and one with tables of n-grams, learns it by heart. */
const MANY_PASSES = { plain: 10, tables: 2 } as const;

/**
 * What a recipe will take for a text of `tokens` tokens of `vocabSize` kinds: one step is traced, nothing is computed.
 * `device` is the name of the one that is to train, `cpu` by default.
 *
 * @throws {NanobardError} code `memory` if there is far too little of it for the model.
 */
export function planTraining(
  recipe: Recipe,
  vocabSize: number,
  tokens: number,
  device = 'cpu',
): TrainingPlan {
  checkMemory(recipe, vocabSize, device);
  const {
    batchSize,
    blockSize,
    gradientAccumulationSteps: batches,
    maxIters,
    dropout = 0,
  } = withDropout(recipe);
  const model = createModel({ ...recipe, vocabSize }).train();
  const parameters = model.parameters();
  const { optimizer } = createOptimizer(model, recipe);
  const [x, y] = ['x', 'y'].map((name) => new Input(name, [batchSize, blockSize], 'i32')) as [Input, Input];
  const step = trace(() => {
    const loss = model.loss(x, y);
    return { loss, gradNorm: optimizer.update(grad(loss, parameters)) };
  });
  const { program, variables } = compile({ outputs: step.result, assign: step.assign });
  const measure = compile({ outputs: { loss: model.evaluating(() => model.loss(x, y)) } }).program;
  const persistent = new Set([...variables, ...optimizer.state.values()]);
  const tokensPerStep = batchSize * blockSize * batches;
  const trainTokens = trainLength(tokens);
  const onePass = Math.max(1, Math.ceil(trainTokens / tokensPerStep));
  const passes = (maxIters * tokensPerStep) / Math.max(1, trainTokens);
  const tables = recipe.model === 'modern' && recipe.ngramOrder > 1;
  return {
    parameters: model.parameterCount(),
    bytes: 4 * [...persistent].reduce((sum, { size }) => sum + size, 0) + arenaBytes(program),
    flopsPerStep: program.flops * batches,
    instructionsPerStep: program.instructions.length * batches,
    flopsPerLoss: measure.flops,
    tokensPerStep,
    passes,
    onePass,
    repeats: dropout === 0 && recipe.model !== 'bigram' && passes >= MANY_PASSES[tables ? 'tables' : 'plain'],
  };
}

const withDropout = (recipe: Recipe): Recipe & { readonly dropout?: number } => recipe;

/** What a program's temporary values take, laid out by lifetime as devices do. */
function arenaBytes({ instructions, buffers, outputs }: Program): number {
  const lives = new Map<number, Lifetime>();
  const extend = (buffer: number, at: number): void => {
    const kind = buffers[buffer]!;
    if (kind.kind !== 'temporary') return;
    const { first = at } = lives.get(buffer) ?? {};
    lives.set(buffer, { bytes: kind.bytes, first, last: at });
  };
  for (const [at, { inputs, outputs }] of instructions.entries())
    for (const { buffer } of [...inputs, ...outputs]) extend(buffer, at);
  for (const { view } of outputs) extend(view.buffer, instructions.length);
  return planMemory([...lives.values()]).bytes;
}
