// Ranks against threads: the same training as one rank on all processors, and as that many ranks on one thread each.
//
//     npm run bench:ranks -- [fast …] [--launcher mpirun.mpich] [--ranks 2] [--rounds 2]
//
// Batches are of one size in all: N ranks take 1/N of the sequences each. They run in turn.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadCorpus } from '../src/node/corpus.ts';
import { run, runUnder, stepMs } from './common/command.ts';
import { circumstances, median, table } from './common/results.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    launcher: { type: 'string', default: 'mpirun.openmpi' },
    ranks: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '2' },
  },
});
const ranks = Number(values.ranks);

/** Of the larger, the batch is cut from 64 sequences, so that a step ends within seconds. */
const trainings = [
  { name: 'shakespeare-char-cpu, 4 × 128, batch 12', recipe: 'shakespeare-char-cpu', batch: 12, steps: 150 },
  { name: 'fast (Muon), batch 24', recipe: 'fast', batch: 24, steps: 100 },
  { name: 'shakespeare-char, 6 × 384, batch 4', recipe: 'shakespeare-char', batch: 4, steps: 16 },
];

process.env.OMPI_ALLOW_RUN_AS_ROOT ??= '1';
process.env.OMPI_ALLOW_RUN_AS_ROOT_CONFIRM ??= '1';
const folder = await mkdtemp(join(tmpdir(), 'nanobard-ranks-'));
const rows: string[][] = [];
let runs = 0;
try {
  const data = join(folder, 'text.txt'); // short, so that evaluations are
  await writeFile(data, (await loadCorpus('plays')).text.slice(0, 40_000));
  for (const { name, recipe, batch, steps } of trainings) {
    if (positionals.length > 0 && !positionals.includes(recipe)) continue;
    const train = (n: number, threads: number): string[] => [
      ...['train', recipe, '--data', data, '--out', join(folder, `run-${runs++}`), '--dropout', '0'],
      ...['--batch-size', String(batch / n), '--threads', String(threads), '--max-iters', String(steps)],
      ...['--eval-interval', String(steps), '--eval-iters', '1'],
    ];
    const launcher = [values.launcher, '-np', values.ranks];
    const [one, several]: [number[], number[]] = [[], []];
    for (let round = 0; round < Number(values.rounds); round++) {
      one.push(stepMs(await run(...train(1, ranks))));
      several.push(stepMs(await runUnder(launcher, ...train(ranks, 1))));
    }
    const times = [one, several].map(median);
    rows.push([name, ...times.map((ms) => ms.toFixed(1)), (times[0]! / times[1]!).toFixed(2)]);
  }
} finally {
  await rm(folder, { recursive: true });
}
const head = [
  'training',
  `1 rank × ${ranks} threads, ms`,
  `${ranks} ranks × 1 thread, ms`,
  'ratio of speeds',
];
console.log(`${circumstances('bench:ranks')}\n\n${table(head, rows)}`);
