import { type Command, InvalidArgumentError, Option } from 'commander';
import * as v from 'valibot';
import type { DeviceName } from '../../engine/devices/create.ts';
import { recipeRules, settableFields } from '../../language/recipes/choose.ts';
import type { RecipeChanges } from '../../language/recipes/recipe.ts';

type Field = keyof RecipeChanges;

/** Where to compute. */
export interface MachineFlags {
  readonly device: DeviceName;
  readonly threads?: number;
  readonly blas: string;
}

/** What `--help` says about the fields of a recipe, group by group. */
const groups: Readonly<Record<string, Partial<Record<Field, string>>>> = {
  Model: {
    nLayer: 'transformer blocks',
    nHead: 'attention heads in a block; must divide the width',
    nEmbd: 'width of the model',
    blockSize: 'tokens of context',
    dropout: 'share of activations dropped while training',
    bias: 'biases in linear layers and layer norms',
    activation: 'GELU, exact or by tanh as in GPT-2',
    ngramOrder: 'longest n-gram that has a table of embeddings; 1 for none',
    ngramRows: 'rows of each of these tables',
  },
  Training: {
    maxIters: 'updates in all',
    batchSize: 'sequences in a batch',
    gradientAccumulationSteps: 'batches averaged before each update',
    learningRate: 'peak learning rate',
    embeddingLearningRate: 'the same for token embeddings',
    headLearningRate: 'the same for the output layer',
    tableLearningRate: 'the same for n-gram tables',
    decayLr: 'warm up and decay the learning rate by a cosine',
    warmupIters: 'updates of linear warm-up',
    lrDecayIters: 'update at which the learning rate reaches its lowest',
    minLr: 'lowest learning rate',
    momentum: "Muon's decay of the mean",
    beta1: "AdamW's decay of the mean",
    beta2: "AdamW's decay of the variance",
    weightDecay: 'decay of matrices and embeddings',
    gradClip: 'largest norm of the gradient; 0 turns clipping off',
    syncEvery: 'updates between exchanges of ranks, for slow networks (DiLoCo)',
    shardOptimizer: "each rank holds its share of the optimizer's state",
    seed: 'seed of all random numbers',
    sharedStream: "draw all random numbers in nanoGPT's order",
    lectureOrder: "evaluate before drawing a step's batch, as in the lecture",
    evenWindows: 'take training windows side by side, not at random',
  },
  Evaluation: {
    evalInterval: 'updates between evaluations',
    evalIters: 'random batches of each split in an evaluation',
  },
};

const threads = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1, 'must be at least 1'),
  v.maxValue(255, 'must be at most 255'),
);

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

type NumberSchema = v.GenericSchema<number> & { readonly pipe: readonly { readonly type: string }[] };

const isWhole = ({ pipe }: NumberSchema): boolean => pipe.some(({ type }) => type === 'integer');

/** Parses a flag's value as a number that `schema` accepts, or says what was expected. */
export function numberParser(schema: NumberSchema): (text: string) => number {
  const whole = isWhole(schema);
  return (text) => {
    const value = NUMBER.test(text.trim()) ? Number(text) : Number.NaN;
    if (!(whole ? Number.isSafeInteger(value) : Number.isFinite(value)))
      throw new InvalidArgumentError(`Expected a ${whole ? 'whole ' : ''}number.`);
    const { issues } = v.safeParse(schema, value);
    if (issues) throw new InvalidArgumentError(`It ${issues[0].message}.`);
    return value;
  };
}

/** Adds every field of the recipes as a flag; wrong values are refused by the recipes' own schema. */
export function addRecipeFlags(command: Command): void {
  for (const [group, descriptions] of Object.entries(groups)) {
    for (const [field, description] of Object.entries(descriptions)) {
      for (const option of optionsOf(field as Field, description))
        command.addOption(option.helpGroup(`${group} (instead of the recipe's):`));
    }
  }
}

function optionsOf(field: Field, description: string): Option[] {
  const kebab = field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const entry = settableFields[field];
  const schema = entry.type === 'optional' ? entry.wrapped : entry;
  if (schema.type === 'boolean') {
    const negative = `--no-${kebab}`;
    return [new Option(`--${kebab}`, `${description}; or ${negative}`), new Option(negative).hideHelp()];
  }
  if (schema.type === 'picklist')
    return [new Option(`--${kebab} <name>`, description).choices(schema.options)];
  const value = isWhole(schema) ? 'n' : 'x';
  return [new Option(`--${kebab} <${value}>`, description).argParser(numberParser(schema))];
}

/** What a command's flags say about a run: fields of its recipe, how its text is read, and where to compute. */
export function runOptions(
  flags: object,
): RecipeChanges & Partial<MachineFlags> & { readonly field?: string; readonly tokenizer?: string } {
  const known = Object.entries(flags).filter(([name]) => name !== 'data' && Object.hasOwn(recipeRules, name));
  return Object.fromEntries(known);
}

/** Flags that say where to compute. */
export function addMachineFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--device <name>', 'where to compute')
        .choices(['auto', 'cpu', 'webgpu', 'reference'] satisfies DeviceName[])
        .default('auto'),
    )
    .option('--threads <n>', 'threads to use (default: all processors)', numberParser(threads))
    .option('--blas <which>', 'matrix products by a BLAS library: off, auto or its path', 'off');
}
