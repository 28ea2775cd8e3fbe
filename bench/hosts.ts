// Two hosts with a link of 1 Gbit/s and 0.1 ms each way (two-hosts.sh), against the same without limits, and against the
// model of network.ts; and with an exchange every 50 steps. As root, on Linux:
//
//     npm run bench:hosts -- [shakespeare-char-cpu …]
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadCorpus } from '../src/node/corpus.ts';
import { inBench } from './common/child.ts';
import { ofType, runUnder, stepMs } from './common/command.ts';
import { exchange, stepTime } from './common/network.ts';
import { circumstances, median, table } from './common/results.ts';

/** GB/s, and µs of one way, half of which are the link's (link.ts) and half the program's that is it. */
const LINK = { bandwidth: 0.125, latency: 200 };
const EVERY = 50;

/** Of each host in one step: a batch that it computes on one thread. */
const trainings = [
  { recipe: 'shakespeare-char-cpu', batch: 6, steps: 100, rounds: 3, apart: true },
  { recipe: 'shakespeare-char', batch: 2, steps: 12, rounds: 1, apart: false },
].filter(({ recipe }) => process.argv.length === 2 || process.argv.includes(recipe));

const folder = await mkdtemp(join(tmpdir(), 'nanobard-hosts-'));
const data = join(folder, 'text.txt'); // short, so that evaluations are
let runs = 0;
const rows: string[][] = [];

/** Milliseconds of a step, and parameters of the model. */
async function train(limited: boolean, { recipe, batch, steps }: (typeof trainings)[number], every: number) {
  const launcher = [inBench('two-hosts.sh'), ...(limited ? [] : ['-n'])];
  const result = await runUnder(
    launcher,
    ...['train', recipe, '--data', data, '--out', join(folder, `run-${runs++}`), '--dropout', '0'],
    ...['--batch-size', String(batch), '--threads', '1', '--max-iters', String(steps)],
    ...['--eval-interval', String(steps), '--eval-iters', '1', '--sync-every', String(every)],
  );
  const [{ parameters }, { trainSeconds }] = [ofType(result, 'start')[0]!, ofType(result, 'end')[0]!];
  // Ranks that are apart tell of steps where they meet; then the time of all steps is divided by their number.
  return { parameters, ms: every === 1 ? stepMs(result) : (1000 * trainSeconds) / steps };
}

/** The same with the limit and without, in turn. */
async function compare(training: (typeof trainings)[number], every: number) {
  const [free, limited]: [number[], number[]] = [[], []];
  let parameters = 0;
  for (let round = 0; round < training.rounds; round++) {
    const without = await train(false, training, every);
    free.push(without.ms);
    ({ parameters } = without);
    limited.push((await train(true, training, every)).ms);
  }
  return { parameters, free: median(free), limited: median(limited) };
}

const ms = (value: number): string => value.toFixed(1);
const share = (part: number, whole: number): string => (part / whole).toFixed(2);

try {
  await writeFile(data, (await loadCorpus('plays')).text.slice(0, 40_000));
  for (const training of trainings) {
    const { parameters, free, limited } = await compare(training, 1);
    const predicted = 1000 * stepTime(free / 1000, 2, { bytes: 4 * parameters, last: 0 }, LINK);
    const row = [training.recipe, 'every step', ms(free), ms(limited), ms(predicted)];
    rows.push([...row, share(predicted, limited), share(free, limited)]);
    if (!training.apart) continue;
    const apart = await compare(training, EVERY);
    const expected = apart.free + (1000 * exchange(2, 4 * parameters, LINK)) / EVERY;
    const numbers = [ms(apart.free), ms(apart.limited), ms(expected)];
    const shares = [share(expected, apart.limited), share(apart.free, apart.limited)];
    rows.push([training.recipe, `every ${EVERY} steps`, ...numbers, ...shares]);
  }
} finally {
  await rm(folder, { recursive: true });
}
const head = [
  ...['training', 'exchange', 'without limit, ms', '1 Gbit/s, ms', 'predicted, ms'],
  ...['of the predicted speed', 'of the speed without limit'],
];
console.log(`${circumstances('bench:hosts')}\n\n${table(head, rows)}`);
