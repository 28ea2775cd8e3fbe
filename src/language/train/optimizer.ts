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
 * RowAdaGrad for n-gram tables. Of groups that peers share out, each rank updates only its own parameters and has state
 * only for these: see `isShared`.
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
  const shared = (Object.keys(make) as GroupName[]).filter((name) => isShared(name, config));
  const divided = shared.flatMap((name) => groups[name] ?? []);
  const shards = peers.size > 1 && divided.length > 0 ? new Shards(divided, peers) : undefined;
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

/**
 * Whether ranks share a group out: the matrices that Muon makes orthogonal, since that is most of the work of an update;
 * with `shardOptimizer` all but n-gram tables, of which little is remembered. None where each rank trains for itself.
 */
export function isShared(
  group: GroupName,
  { shardOptimizer, syncEvery = 1 }: Pick<TrainingConfig, 'shardOptimizer' | 'syncEvery'>,
): boolean {
  if (syncEvery > 1 || group === 'tables') return false;
  return shardOptimizer === true || group === 'hidden';
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
