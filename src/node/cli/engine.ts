import type { RunFolder } from '../runs/run-folder.ts';
import type { SavedModel } from '../runs/saved-model.ts';
import type {
  Engine,
  EvalOptions,
  ProfileOptions,
  SampleOptions,
  TrainOptions,
  TrainSession,
} from './commands/session.ts';

/** Where runs are kept unless the user names a folder. */
const RUNS = 'runs';

/** The program's engine: every part is loaded when first needed, so that `--help` starts at once. */
export const engine: Engine = {
  async openTraining(options: TrainOptions): Promise<TrainSession> {
    const { TrainingRun } = await import('../runs/training.ts');
    const { device, threads, blas, data } = options;
    const run = options.resume
      ? await TrainingRun.resume({
          folder: options.out ?? (await newestRun()),
          recipeName: options.recipeName,
          overrides: options.overrides,
          data,
          device,
          threads,
          blas,
        })
      : await TrainingRun.create({
          recipeName: options.recipeName,
          recipe: options.recipe,
          folder: options.out,
          data,
          device,
          threads,
          blas,
        });
    const { folder, notices, recipe } = run;
    return {
      folder: folder.path,
      recipeName: folder.config.recipeName,
      recipe,
      notices,
      text: {
        name: folder.config.data.name,
        characters: folder.config.data.characters,
        vocabSize: folder.tokenizer.vocabSize,
      },
      events: () => run.events(options.signal),
    };
  },

  async *sample({ run, prompt, count, seed, device, threads, blas, ...rules }: SampleOptions) {
    const model = await openModel({ run, device, threads, blas });
    try {
      for (let index = 0; index < count; index++) {
        const begin = performance.now();
        let firstTokenMs = Number.NaN;
        let text = '';
        const pieces = model.generate(prompt, { ...rules, seed: seed + index });
        let next = await pieces.next();
        for (; !next.done; next = await pieces.next()) {
          if (text === '') firstTokenMs = performance.now() - begin;
          text += next.value;
          yield { type: 'token', index, text: next.value };
        }
        const ms = performance.now() - begin;
        const { tokens, stopped } = next.value;
        yield {
          type: 'sample',
          index,
          text,
          tokens,
          ms,
          tokensPerSecond: (1000 * tokens) / ms,
          firstTokenMs,
          stopped,
        };
      }
    } finally {
      await model.dispose();
    }
  },

  async evaluate(options: EvalOptions) {
    const begin = performance.now();
    const model = await openModel(options);
    try {
      const { loss, tokens } = await model.evaluate();
      const { iter, path } = model;
      const ms = performance.now() - begin;
      return { loss, perplexity: Math.exp(loss), bitsPerCharacter: loss / Math.LN2, tokens, iter, path, ms };
    } finally {
      await model.dispose();
    }
  },

  async profile(options: ProfileOptions) {
    const { profileRecipe } = await import('../runs/profile.ts');
    return profileRecipe(options);
  },
};

async function openModel({ run, device, threads, blas }: EvalOptions): Promise<SavedModel> {
  const { SavedModel } = await import('../runs/saved-model.ts');
  return SavedModel.load(run ?? (await newestRun()), { device, threads, blas });
}

async function newestRun(): Promise<RunFolder['path']> {
  const { RunFolder } = await import('../runs/run-folder.ts');
  return RunFolder.newest(RUNS);
}
