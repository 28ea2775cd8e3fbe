// The race to a good model, on this machine: a recipe of ours against nanoGPT's for a CPU on PyTorch:
//
//     npm run bench:race [-- --data TEXT] [--recipe fast] [--seeds 3] [--blas off|auto|PATH] [--python PYTHON]
//
// TEXT is a file, or the name of a corpus; tinyshakespeare by default. For each seed from 1337 on all train in
// turn, each in a process of its own, with two threads. PyTorch trains eagerly and compiled, and the faster counts;
// compilation (which needs a C++ compiler) is not in its time. The clock stops while losses are measured: by the same
// pass over the last tenth of the text, in windows of 64 tokens, each token predicted once.
//
// The table also goes to RESULTS.md, the curves to race/curves.json, their picture to docs/race.svg. With
// --steps N, which ends both sides after so many updates, it is a rehearsal: all that goes to dist/.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CharTokenizer, loadCorpus, type RecipeName, recipes } from '../dist/node.js';
import { lineChart, type Point } from './charts/lines.ts';
import { bundle, inBench, runChild } from './common/child.ts';
import { circumstances, mean, table, writeSection } from './common/results.ts';

/** What race/nanobard.ts and race/nanogpt.py print. */
interface Report {
  readonly name: string;
  readonly parameters: number;
  readonly points: readonly (readonly [update: number, seconds: number, loss: number])[];
}

const FIRST_SEED = 1337;
const NANOGPT_STEPS = 2000;
const BLOCK_SIZE = 64;
/** In how many parts losses divide a run. */
const PARTS = { nanobard: 40, pytorch: 20 };
/** An untrained model takes all characters for equally likely; how far its loss may be from saying so. */
const START_TOLERANCE = 0.1;

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: 'tinyshakespeare' },
    recipe: { type: 'string', default: 'fast' },
    seeds: { type: 'string', default: '3' },
    steps: { type: 'string' },
    blas: { type: 'string', default: 'off' },
    python: { type: 'string', default: 'python3' },
  },
});
const seeds = Array.from({ length: Number(options.seeds) }, (_, i) => FIRST_SEED + i);
const cut = Number(options.steps ?? Number.POSITIVE_INFINITY);
const recipe = recipes[options.recipe as RecipeName]?.recipe;
if (!recipe) throw new Error(`--recipe is one of ${Object.keys(recipes).join(', ')}, not ${options.recipe}`);
if (recipe.blockSize !== BLOCK_SIZE) {
  throw new Error(
    `the race measures windows of ${BLOCK_SIZE} tokens, ${options.recipe} has ${recipe.blockSize}`,
  );
}
if (!(seeds.length > 0 && cut > 0)) throw new Error('--seeds and --steps are numbers from 1');

const corpus = await loadCorpus(options.data);
/** Ended before its time. */
const rehearsal = options.steps !== undefined;
const chance = Math.log(CharTokenizer.fromText(corpus.text).vocabSize);

async function race(command: string, args: readonly (string | number)[]): Promise<Report> {
  const report = await runChild<Report>(command, args);
  if (typeof report === 'string') throw new Error(report);
  const start = report.points[0]![2];
  if (!(Math.abs(start - chance) < START_TOLERANCE)) {
    throw new Error(`${report.name} starts at ${start.toFixed(3)}, not near ${chance.toFixed(3)}`);
  }
  const [, seconds, loss] = report.points.at(-1)!;
  console.error(`${report.name}: ${loss.toFixed(4)} after ${seconds.toFixed(1)} s`);
  return report;
}

const folder = await mkdtemp(join(tmpdir(), 'nanobard-race-'));
const text = join(folder, 'text.txt');
await writeFile(text, corpus.text);
await bundle({ race: 'race/nanobard.ts' });
const ours: Report[] = [];
const pytorch: Record<'eager' | 'compile', Report[]> = { eager: [], compile: [] };
for (const seed of seeds) {
  console.error(`seed ${seed}`);
  const [steps, nanogptSteps] = [Math.min(cut, recipe.maxIters), Math.min(cut, NANOGPT_STEPS)];
  const every = { ours: Math.ceil(steps / PARTS.nanobard), theirs: Math.ceil(nanogptSteps / PARTS.pytorch) };
  const { python, blas } = options;
  for (const [mode, reports] of Object.entries(pytorch)) {
    reports.push(
      await race(python, [inBench('race/nanogpt.py'), text, seed, nanogptSteps, every.theirs, mode]),
    );
  }
  const script = inBench('dist/race.js');
  ours.push(await race(process.execPath, [script, text, seed, steps, every.ours, options.recipe, blas]));
}
await rm(folder, { recursive: true });

/** Mean seconds of whole trainings. */
const duration = (reports: readonly Report[]): number => mean(reports.map(({ points }) => points.at(-1)![1]));
const [theirs, slower] = Object.values(pytorch).toSorted((a, b) => duration(a) - duration(b)) as [
  Report[],
  Report[],
];

/** What is read off the two curves of a seed; NaN for what did not happen. */
const results = seeds.map((_, i) => {
  const [, theirSeconds, target] = theirs[i]!.points.at(-1)!;
  const { points } = ours[i]!;
  const [, seconds = Number.NaN] = points.find(([, , loss]) => loss <= target) ?? [];
  const inTheirTime = points.findLast(([, at]) => at <= theirSeconds)![2];
  const [, total, last] = points.at(-1)!;
  return { theirSeconds, target, seconds, inTheirTime, total, last };
});
type Result = (typeof results)[number];
const average = Object.fromEntries(
  Object.keys(results[0]!).map((key) => [key, mean(results.map((result) => result[key as keyof Result]))]),
) as unknown as Result;

const number = (value: number, digits: number): string => (Number.isNaN(value) ? '–' : value.toFixed(digits));
const ratio = ({ seconds, theirSeconds }: Result): string =>
  Number.isNaN(seconds) ? '–' : `1/${(theirSeconds / seconds).toFixed(1)}`;
const row = (name: string, result: Result): string[] => [
  name,
  number(result.theirSeconds, 1),
  number(result.target, 4),
  number(result.seconds, 2),
  ratio(result),
  number(result.inTheirTime, 4),
  number(result.total, 1),
  number(result.last, 4),
];
const rows = [...results.map((result, i) => row(`${seeds[i]}`, result)), row('mean', average)];
const head = [
  ...['seed', 'PyTorch, s', 'its loss at the end', 'nanobard until that loss, s', 'ratio'],
  ...["nanobard's loss in PyTorch's time", 'nanobard in all, s', 'its loss at the end'],
];
const [our, their] = [ours[0]!, theirs[0]!];
const measured = circumstances('bench:race');
const entry = (report: Report): string =>
  `${report.name} (${(report.parameters / 1e6).toFixed(2)} M parameters, ${report.points.at(-1)![0].toLocaleString('en')} updates)`;
const section = `## The race to nanoGPT's loss

${measured}

- ${entry(our)}
- nanoGPT's recipe for a CPU on ${entry(their)}; ${slower[0]!.name} took ${duration(slower).toFixed(1)} s instead of ${duration(theirs).toFixed(1)} s

Two threads each, in turn, on ${corpus.name}. Seconds are of training (batches, forward, backward, update), not of
start-up and not of evaluation. Losses are of the whole validation split, by the same pass on both sides: windows of
${BLOCK_SIZE} characters that do not overlap, each character predicted once. What nanobard needs until PyTorch's last
loss is counted up to the first measurement at or below it.

${table(head, rows)}
`;

const curve = ({ points }: Report): Point[] => points.map(([, seconds, loss]) => [seconds, loss]);
const { target, seconds, theirSeconds } = average;
const chart = lineChart({
  title: `To a loss of ${target.toFixed(2)} in ${Number.isNaN(seconds) ? '…' : seconds.toFixed(1)} s instead of ${theirSeconds.toFixed(0)} s`,
  subtitle: `nanobard's recipe ${options.recipe} and nanoGPT's on PyTorch, the same two cores, ${seeds.length} seeds each`,
  xLabel: 'training time, logarithmic',
  yLabel: 'loss over the whole validation text, nats per character',
  xUnit: 's',
  yMax: rehearsal ? chance + START_TOLERANCE : 3.5,
  series: [
    { name: `nanobard, ${options.recipe}`, colour: 'blue', lines: ours.map(curve) },
    { name: 'nanoGPT on PyTorch', colour: 'orange', lines: theirs.map(curve) },
  ],
  span: Number.isNaN(seconds)
    ? undefined
    : {
        y: target,
        from: seconds,
        to: theirSeconds,
        label: `${(theirSeconds / seconds).toFixed(1)} × sooner`,
      },
});

const rounded = (report: Report): Report => ({
  ...report,
  points: report.points.map(([update, at, loss]) => [update, Number(at.toFixed(4)), Number(loss.toFixed(6))]),
});
const curves = {
  measured,
  text: { name: corpus.name, sha256: corpus.sha256 },
  points: 'update, training seconds, loss over the whole validation split',
  runs: seeds.flatMap((seed, i) => [
    ...Object.values(pytorch).map((reports) => ({ seed, ...rounded(reports[i]!) })),
    { seed, ...rounded(ours[i]!) },
  ]),
};
// A point a line, as the formatter has it.
const json = JSON.stringify(curves, null, 2).replace(
  /\[\s+([^,[\]]+),\s+([^,]+),\s+([^,]+?)\s+\]/g,
  '[$1, $2, $3]',
);
await writeSection(inBench(rehearsal ? 'dist/RESULTS.md' : 'RESULTS.md'), 'race', section);
await writeFile(inBench(rehearsal ? 'dist/curves.json' : 'race/curves.json'), `${json}\n`);
await writeFile(inBench(rehearsal ? 'dist/race.svg' : '../docs/race.svg'), chart);
console.log(section);
