// Kills a real training again and again, resumes it each time, and holds what it leaves behind against a run that was
// never stopped.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { build } from 'esbuild';
import { Generator } from '../engine/tensor/generator.ts';
import { plays } from '../language/data/plays.ts';
import type { Recipe } from '../language/recipes/recipe.ts';
import { recipes } from '../language/recipes/recipes.ts';
import { outcome } from './outcome.ts';

const tiny = {
  ...{ nLayer: 1, nHead: 2, nEmbd: 16, blockSize: 8, batchSize: 2, seed: 7 },
  ...{ maxIters: 240, lrDecayIters: 240, evalInterval: 3, evalIters: 1 },
};

/** Small runs that save every third step, so that many kills come while something is being written. */
const runs: readonly Recipe[] = [
  { ...recipes['shakespeare-char'].recipe, ...tiny },
  { ...recipes.fast.recipe, ...tiny, ngramOrder: 3, ngramRows: 64 },
  { ...recipes['lecture-gpt'].recipe, ...tiny },
];

export interface Survival {
  readonly kills: number;
  /** Runs that have come to their end. */
  readonly ended: number;
  /** What those left behind, and what the same runs do that were never stopped. */
  readonly pairs: readonly (readonly [killed: object, whole: object])[];
}

/**
 * Kills runs by SIGKILL `kills` times in all, and each of them `each` times at most before it may come to its end. When,
 * is drawn from `seed`: most within 120 ms after training has begun, every eighth while the process still starts.
 */
export async function survive(options: { kills: number; each: number; seed?: number }): Promise<Survival> {
  const { kills, each, seed = 1 } = options;
  const scratch = await mkdtemp(join(tmpdir(), 'nanobard-kill-'));
  try {
    const program = join(scratch, 'run.mjs');
    await build({
      entryPoints: [join(import.meta.dirname, 'killed-run.ts')],
      ...{ bundle: true, platform: 'node', format: 'esm', outfile: program, logLevel: 'silent' },
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    });
    const text = join(scratch, 'plays.txt');
    await writeFile(text, plays({ characters: 2000, seed: 1 }));
    const random = new Generator(seed);
    const pairs: [object, object][] = [];
    let killed = 0;
    for (let round = 0; killed < kills; round++) {
      const recipe = runs[round % runs.length]!;
      const start = (name: string): ChildProcess => {
        const args = [
          program,
          join(scratch, name),
          text,
          JSON.stringify(recipe),
          JSON.stringify({ keep: 3 }),
        ];
        return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      };
      const name = `killed-${round}`;
      const enough = Math.min(kills, killed + each);
      for (let done = false; !done; ) {
        const child = start(name);
        const exit = once(child, 'exit');
        if (killed < enough) {
          const early = random.randint(8) === 0 && existsSync(join(scratch, name, 'config.json'));
          if (early) await wait(random.randint(300));
          else {
            await Promise.race([once(child.stdout!, 'data'), exit]);
            await wait(random.randint(120));
          }
          if (child.kill('SIGKILL')) killed++;
        }
        const [code, signal] = await exit;
        if (code !== 0 && signal !== 'SIGKILL') throw new Error(`a run ended with ${code ?? signal}`);
        done = code === 0;
      }
      await once(start(`whole-${round}`), 'exit');
      pairs.push([await outcome(join(scratch, name)), await outcome(join(scratch, `whole-${round}`))]);
    }
    return { kills: killed, ended: pairs.length, pairs };
  } finally {
    await rm(scratch, { recursive: true });
  }
}
