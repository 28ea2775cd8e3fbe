import { mul } from '../../engine/ops/arithmetic/arithmetic.ts';
import { scalar } from '../../engine/ops/constant/constant.ts';
import { clipScale, globalNorm } from '../../engine/ops/global-norm/global-norm.ts';
import type { Assignment } from '../../engine/program/compile.ts';
import { Input, type Tensor, type Variable } from '../../engine/tensor/tensor.ts';
import { AdamW, type UpdateOperands } from '../optim/adamw.ts';
import { Muon } from '../optim/muon.ts';
import { RowAdaGrad } from '../optim/row-adagrad.ts';
import type { Recipe } from '../recipes/recipe.ts';

type Parameters = ReadonlyMap<string, Variable>;
type Gradients = ReadonlyMap<string, Tensor>;

/** Some parameters and what updates them. */
interface Group {
  readonly state: ReadonlyMap<string, Variable>;
  update(gradients: Gradients, operands: UpdateOperands): Assignment[];
}

/** What updates all of a model's parameters. Its programs have the inputs `learningRate` and `step`. */
export interface Optimizer {
  readonly state: ReadonlyMap<string, Variable>;
  /** Clips the gradients and updates every parameter; the norm is that of the gradients before clipping. */
  update(gradients: Gradients): { readonly gradNorm: Tensor; readonly assign: Assignment[] };
}

/**
 * The optimizer that a recipe asks for. A modern model's parameters have several: Muon for the matrices in blocks,
 * AdamW for the scalars there and, at rates of their own, for token embeddings and the output layer, RowAdaGrad for
 * tables. The norm counts no table: what does not occur in a batch has no gradient, and none is computed for all rows.
 */
export function createOptimizer(parameters: Parameters, recipe: Recipe): Optimizer {
  const learningRate = new Input('learningRate', []);
  const step = new Input('step', [], 'i32');
  const groups = recipe.model === 'modern' ? modernGroups(parameters, recipe) : [adamW(parameters, recipe)];
  return {
    state: new Map(groups.flatMap(({ state }) => [...state])),
    update(gradients) {
      const gradNorm = globalNorm(
        [...gradients].flatMap(([name, gradient]) => (isTable(name) ? [] : gradient)),
      );
      const gradientScale = recipe.gradClip > 0 ? clipScale(gradNorm, recipe.gradClip) : scalar(1);
      const operands = { learningRate, step, gradientScale };
      return { gradNorm, assign: groups.flatMap((group) => group.update(gradients, operands)) };
    },
  };
}

function adamW(parameters: Parameters, recipe: Recipe): AdamW {
  return new AdamW(parameters, { betas: [recipe.beta1, recipe.beta2], weightDecay: recipe.weightDecay });
}

const isTable = (name: string): boolean => name.startsWith('transformer.ngrams.');
const isInBlock = (name: string): boolean => name.startsWith('transformer.h.');
const isHead = (name: string): boolean => name.startsWith('lm_head.');

function modernGroups(parameters: Parameters, recipe: Extract<Recipe, { model: 'modern' }>): Group[] {
  const { learningRate, momentum, weightDecay } = recipe;
  const select = (accept: (name: string, parameter: Variable) => boolean): Parameters =>
    new Map([...parameters].filter(([name, parameter]) => accept(name, parameter)));
  const tables = select(isTable);
  const hidden = select((name, { rank }) => isInBlock(name) && rank === 2);
  const scalars = select((name, { rank }) => isInBlock(name) && rank < 2);
  const head = select(isHead);
  const embeddings = select((name) => ![tables, hidden, scalars, head].some((group) => group.has(name)));
  const muon = new Muon(hidden, { weightDecay });
  return [
    { state: muon.state, update: (gradients, operands) => muon.update(gradients, { ...operands, momentum }) },
    atRate(recipe.headLearningRate / learningRate, adamW(head, { ...recipe, weightDecay: 0 })),
    atRate(recipe.embeddingLearningRate / learningRate, adamW(embeddings, { ...recipe, weightDecay: 0 })),
    adamW(scalars, recipe),
    atRate(recipe.tableLearningRate / learningRate, new RowAdaGrad(tables)),
  ];
}

/** A group whose learning rate is `ratio` times that of the others, all the time. */
function atRate(ratio: number, group: Group): Group {
  return {
    state: group.state,
    update: (gradients, operands) =>
      group.update(gradients, { ...operands, learningRate: mul(operands.learningRate, ratio) }),
  };
}
