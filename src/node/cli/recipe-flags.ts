import { type Command, InvalidArgumentError, Option } from 'commander';
import * as v from 'valibot';
import type { DeviceName } from '../../engine/devices/create.ts';
import { settableFields } from '../../language/recipes/choose.ts';
import type { RecipeChanges } from '../../language/recipes/recipe.ts';
import { inRange, parseNumber, parseWhole } from './number-flags.ts';

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

const kebab = (field: string): string => field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const flagOf = (field: string): string => `--${kebab(field)}`;

/** Adds every field of the recipes as a flag; wrong values are refused by the recipes' own schema. */
export function addRecipeFlags(command: Command): void {
  for (const [group, descriptions] of Object.entries(groups)) {
    for (const [field, description] of Object.entries(descriptions)) {
      const heading = `${group} (instead of the recipe's):`;
      for (const option of optionsOf(field as Field, description))
        command.addOption(option.helpGroup(heading));
    }
  }
}

function optionsOf(field: Field, description: string): Option[] {
  const entry = settableFields[field];
  const schema = entry.type === 'optional' ? entry.wrapped : entry;
  if (schema.type === 'boolean') {
    const negative = `--no-${kebab(field)}`;
    return [new Option(flagOf(field), `${description}; or ${negative}`), new Option(negative).hideHelp()];
  }
  const whole = schema.pipe.some((action) => action.type === 'integer');
  const parse = (text: string): number => {
    const value = whole ? parseWhole(text) : parseNumber(text);
    const { issues } = v.safeParse<v.GenericSchema>(schema, value);
    if (issues) throw new InvalidArgumentError(`It ${issues[0].message}.`);
    return value;
  };
  return [new Option(`${flagOf(field)} <${whole ? 'n' : 'x'}>`, description).argParser(parse)];
}

/** The recipe fields among a command's parsed flags. */
export function recipeChanges(flags: object): RecipeChanges {
  return Object.fromEntries(Object.entries(flags).filter(([name]) => Object.hasOwn(settableFields, name)));
}

/** Flags that say where to compute. */
export function addMachineFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--device <name>', 'where to compute').choices(['auto', 'cpu', 'reference']).default('auto'),
    )
    .option(
      '--threads <n>',
      'threads to use (default: all processors)',
      inRange(parseWhole, { min: 1, max: 255 }),
    )
    .option('--blas <which>', 'matrix products by a BLAS library: off, auto or its path', 'off');
}
