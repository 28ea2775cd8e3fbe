import { availableMemory } from '../../engine/devices/cpu/host.ts';
import { NanobardError } from '../../engine/errors.ts';
import { createModel, type ModelSpec } from '../models/create.ts';
import type { GroupName } from '../models/language-model.ts';
import { isShared } from '../train/optimizer.ts';
import type { Recipe } from './recipe.ts';

type Size = { readonly parameters: number; readonly bytes: number };

/** What WebAssembly's 32-bit addresses reach: a limit of the CPU device alone. */
const ADDRESSABLE = 2 ** 32;

/**
 * Refuses a recipe whose model cannot be trained in the memory there is, before its weights are drawn: that takes
 * minutes where there are thousands of millions. `device` is the name of the one that is to train, `cpu` by default; what
 * activations take, it counts itself when it loads the program. Of `ranks` that train together, each holds its share of
 * the optimizer's state, as far as that is shared out.
 *
 * @throws {NanobardError} code `memory`, saying what is needed at least and what there is.
 */
export function checkMemory(
  recipe: Recipe,
  vocabSize: number,
  device = 'cpu',
  available = availableMemory(),
  ranks = 1,
): void {
  const { parameters, bytes: all } = trainingSize(recipe, vocabSize, ranks);
  const onGpu = device === 'webgpu';
  // What a GPU has WebGPU does not say, and it refuses itself when it is loaded; but weights are drawn on this side.
  const bytes = onGpu ? 4 * parameters : all;
  const limit = onGpu ? available : Math.min(available, ADDRESSABLE);
  if (bytes <= limit) return;
  const megabytes = (count: number): string => `${Math.ceil(count / 2 ** 20).toLocaleString('en')} MB`;
  throw new NanobardError(
    'memory',
    `a model of ${parameters.toLocaleString('en')} parameters needs ${megabytes(bytes)} at least to be trained, ` +
      `but ${megabytes(limit)} are available`,
    {
      hint: 'Use a smaller model, or fewer rows in its tables.',
      options: ['nLayer', 'nEmbd', 'blockSize', 'ngramRows'].filter((field) => field in recipe),
    },
  );
}

/** Counts from shapes: models without a generator hold no weights. All layers are alike, so that two tell of a million. */
function trainingSize(recipe: Recipe, vocabSize: number, ranks: number): Size {
  const holders = (group: GroupName): number => (isShared(group, recipe) ? ranks : 1);
  if (recipe.model === 'bigram') return sizeOf({ ...recipe, vocabSize }, holders);
  const [one, two] = [1, 2].map((nLayer) => sizeOf({ ...recipe, nLayer, vocabSize }, holders)) as [
    Size,
    Size,
  ];
  const more = recipe.nLayer - 1;
  return {
    parameters: one.parameters + more * (two.parameters - one.parameters),
    bytes: one.bytes + more * (two.bytes - one.bytes),
  };
}

/** `holders` is among how many ranks a group's state is shared out. */
function sizeOf(spec: ModelSpec, holders: (group: GroupName) => number): Size {
  const size = { parameters: 0, bytes: 0 };
  for (const [name, members] of Object.entries(createModel(spec).parameterGroups())) {
    const group = name as GroupName;
    const values = members.reduce((sum, member) => sum + member.size, 0);
    size.parameters += values;
    const { own, state } = BYTES_PER_VALUE[group] ?? ADAM_W;
    size.bytes += values * (own + state / holders(group));
  }
  return size;
}

/** A weight in f32 and its gradient, and what its optimizer remembers: two means for AdamW. */
const ADAM_W = { own: 8, state: 8 };

/** One mean for Muon; of a table's rows neither gradient nor mean is kept. */
const BYTES_PER_VALUE: Partial<Record<GroupName, typeof ADAM_W>> = {
  tables: { own: 4, state: 0 },
  hidden: { own: 8, state: 4 },
};
