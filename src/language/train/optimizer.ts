import { NanobardError } from '../../engine/errors.ts';
import { mul } from '../../engine/ops/elementwise/elementwise.ts';
import type { Assignment } from '../../engine/program/compile.ts';
import type { Tensor, Variable } from '../../engine/tensor/tensor.ts';
import type { GroupName, LanguageModel, ParameterGroups } from '../models/language-model.ts';
import { AdamW } from '../optim/adamw.ts';
import { Muon } from '../optim/muon.ts';
import { type Gradients, Optimizer, type OptimizerOptions, type UpdateOperands } from '../optim/optimizer.ts';
import { RowAdaGrad } from '../optim/row-adagrad.ts';
import type { groupFields, TrainingConfig } from './config.ts';

/** What updates some parameters, and at which multiple of the learning rate. */
type Group = readonly [optimizer: Optimizer, rate: number];

/**
 * The optimizer that a model's parameter groups ask for: AdamW for `all` or `plain`; or Muon for the matrices in
 * blocks, AdamW for the scalars there and, at rates of their own, for token embeddings and the output layer,
 * RowAdaGrad for n-gram tables.
 *
 * @throws {NanobardError} code `config` if a parameter is not in exactly one group, or a group's rate is missing.
 */
export function createOptimizer(model: LanguageModel, config: TrainingConfig): Optimizer {
  const groups = model.parameterGroups();
  const parameters = model.parameters();
  checkGroups(model, groups, parameters);
  const { learningRate, weightDecay, gradClip, beta1, beta2 } = config;
  const required = (field: keyof typeof groupFields): number => {
    const value = config[field];
    if (value !== undefined) return value;
    throw new NanobardError('config', `${field} is missing: a parameter group of the model needs it`);
  };
  const adamW = (members: readonly Variable[], weightDecay: number): AdamW =>
    new AdamW(members, { betas: [beta1, beta2], weightDecay });
  // As in nanoGPT: matrices and embeddings decay, biases and normalisation weights do not.
  const nanoGPT = { betas: [beta1, beta2], weightDecay, decays: ({ rank }: Variable) => rank >= 2 } as const;
  const make: Record<GroupName, (members: readonly Variable[]) => Group> = {
    all: (members) => [new AdamW(members, nanoGPT), 1],
    plain: (members) => [adamW(members, weightDecay), 1],
    hidden: (members) => [new Muon(members, { weightDecay, momentum: required('momentum') }), 1],
    head: (members) => [adamW(members, 0), required('headLearningRate') / learningRate],
    embeddings: (members) => [adamW(members, 0), required('embeddingLearningRate') / learningRate],
    scalars: (members) => [adamW(members, 0), 1],
    tables: (members) => [new RowAdaGrad(members), required('tableLearningRate') / learningRate],
  };
  const used = (Object.keys(make) as GroupName[]).flatMap((name) => {
    const members = groups[name] ?? [];
    return members.length > 0 ? [make[name](members)] : [];
  });
  return new GroupedOptimizer(parameters, used, { learningRate, ...(gradClip > 0 && { maxNorm: gradClip }) });
}

/** Several optimizers as one, each for parameters of its own. The norm counts no n-gram table. */
class GroupedOptimizer extends Optimizer {
  override readonly state: ReadonlyMap<string, Variable>;
  private readonly groups: readonly Group[];

  constructor(parameters: readonly Variable[], groups: readonly Group[], options: OptimizerOptions) {
    super(parameters, options);
    this.groups = groups;
    this.state = new Map(groups.flatMap(([optimizer]) => [...optimizer.state]));
  }

  override assignments(gradients: Gradients, operands: UpdateOperands): Assignment[] {
    return this.groups.flatMap(([optimizer, rate]) =>
      optimizer.assignments(
        gradients,
        rate === 1 ? operands : { ...operands, learningRate: mul(operands.learningRate, rate) },
      ),
    );
  }

  override get tables(): readonly Variable[] {
    return this.groups.flatMap(([optimizer]) => optimizer.tables);
  }

  protected override counted(gradients: Gradients): Tensor[] {
    const tables = new Set(this.tables);
    return [...gradients].flatMap(([parameter, gradient]) => (tables.has(parameter) ? [] : gradient));
  }
}

function checkGroups(model: LanguageModel, groups: ParameterGroups, parameters: readonly Variable[]): void {
  const grouped = Object.values(groups).flat();
  for (const parameter of parameters) {
    const times = grouped.filter((member) => member === parameter).length;
    if (times === 1) continue;
    const found = times === 0 ? 'in no parameter group' : `in ${times} parameter groups`;
    throw new NanobardError('config', `${model.constructor.name}: ${parameter.name} is ${found}`, {
      hint: 'parameterGroups() must name every parameter of the model exactly once.',
    });
  }
}
