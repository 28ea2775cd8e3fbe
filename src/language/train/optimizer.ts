import { NanobardError } from '../../engine/errors.ts';
import { mul } from '../../engine/ops/elementwise/elementwise.ts';
import type { Assignment } from '../../engine/program/compile.ts';
import type { Tensor, Variable } from '../../engine/tensor/tensor.ts';
import type { GroupName, LanguageModel, ParameterGroups } from '../models/language-model.ts';
import { AdamW } from '../optim/adamw.ts';
import { Muon } from '../optim/muon.ts';
import { groupBy } from '../optim/newton-schulz.ts';
import { type Gradients, Optimizer, type OptimizerOptions, type UpdateOperands } from '../optim/optimizer.ts';
import { RowAdaGrad } from '../optim/row-adagrad.ts';
import type { groupFields, TrainingConfig } from './config.ts';
import { alone, type Peers } from './peers.ts';
import { Shards } from './shards.ts';

/** What updates some parameters, and at which multiple of the learning rate. */
type Group = readonly [optimizer: Optimizer, rate: number];

/** A group, and whether its parameters are updated here. */
type Placed = readonly [...group: Group, here: boolean];

/**
 * The optimizer that a model's parameter groups ask for: AdamW for `all` or `plain`; or Muon for the matrices in
 * blocks, AdamW for the scalars there and, at rates of their own, for token embeddings and the output layer,
 * RowAdaGrad for n-gram tables. With `shards`, of all but these tables, for which it is little, each rank updates only
 * its own and has state only for these.
 *
 * @throws {NanobardError} code `config` if a parameter is not in exactly one group, or a group's rate is missing.
 */
export function createOptimizer(
  model: LanguageModel,
  config: TrainingConfig,
  peers: Peers = alone,
): { readonly optimizer: Optimizer; readonly shards: Shards | undefined } {
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
  const { tables: _, ...dense } = groups;
  const shards =
    config.shardOptimizer && peers.size > 1 ? new Shards(Object.values(dense).flat(), peers) : undefined;
  const used = (Object.keys(make) as GroupName[]).flatMap((name): Placed[] => {
    const members = groups[name] ?? [];
    const shares = groupBy(members, (member) => shards?.ownerOf(member));
    return shares.map((share) => {
      const owner = shards?.ownerOf(share[0]!);
      const [optimizer, rate] = make[name](share);
      if (owner !== undefined) shards?.add(owner, optimizer.state.values());
      return [optimizer, rate, owner === undefined || owner === peers.rank];
    });
  });
  const optimizer = new GroupedOptimizer(parameters, used, {
    learningRate,
    ...(gradClip > 0 && { maxNorm: gradClip }),
  });
  return { optimizer, shards };
}

/** Several optimizers as one, each for parameters of its own. The norm counts no n-gram table. */
class GroupedOptimizer extends Optimizer {
  override readonly state: ReadonlyMap<string, Variable>;
  private readonly groups: readonly Placed[];

  constructor(parameters: readonly Variable[], groups: readonly Placed[], options: OptimizerOptions) {
    super(parameters, options);
    this.groups = groups;
    this.state = new Map(groups.flatMap(([optimizer]) => [...optimizer.state]));
  }

  override assignments(gradients: Gradients, operands: UpdateOperands): Assignment[] {
    return this.groups.flatMap(([optimizer, rate, here]) => {
      if (!here) return [];
      const learningRate = rate === 1 ? operands.learningRate : mul(operands.learningRate, rate);
      return optimizer.assignments(gradients, { ...operands, learningRate });
    });
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
