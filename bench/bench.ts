// What nanobard's own numbers are, on this machine:
//
//     npm run bench [-- --data TEXT] [--quick]
//
// TEXT is a file, or the name of a corpus; tinyshakespeare by default. Losses are those of the text that is used.
// --quick leaves out the two whole trainings and their losses.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CpuDevice, loadCorpus, recipes, TrainingRun } from '../dist/node.js';
import { inBench } from './common/child.ts';
import { ofType, run, secondsUntil, stepMs } from './common/command.ts';
import { circumstances, median, table, writeSection } from './common/results.ts';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: 'tinyshakespeare' },
    quick: { type: 'boolean', default: false },
  },
});
const { data } = options;
const scratch = await mkdtemp(join(tmpdir(), 'nanobard-bench-'));

/** What is measured, how much it is, and how much it should be. */
type Row = readonly [name: string, measured: string, target: string];

/** The two models that speed is measured with, as `train` is told them; a text on which nothing takes long. */
const short = join(scratch, 'short.txt');
await writeFile(short, (await loadCorpus(data)).text.slice(0, 50_000));
const MODELS = {
  small: { train: ['shakespeare-char-cpu'], steps: 60, tokens: 10_000, target: '≥ 10,000' },
  large: {
    train: ['shakespeare-char', '--batch-size', '4', '--dropout', '0'],
    steps: 14,
    tokens: 400,
    target: '≥ 300',
  },
} as const;
type ModelName = keyof typeof MODELS;
const NAMES = { small: '4 layers × 128, block 64, batch 12', large: '6 layers × 384, block 256, batch 4' };

const folderOf = (model: ModelName): string => join(scratch, model);

async function trainBriefly(model: ModelName, folder: string, ...flags: string[]): Promise<number> {
  const { train, steps } = MODELS[model];
  const brief = ['--data', short, '--out', folder, '--max-iters', `${steps}`, '--eval-iters', '1'];
  return stepMs(await run('train', ...train, ...brief, ...flags));
}

/** A step with WebAssembly, by one thread and two, and with BLAS; leaves a run of the model to sample from. */
async function steps(model: ModelName, blas: string | undefined): Promise<Row[]> {
  const two = await trainBriefly(model, folderOf(model), '--threads', '2');
  const one = await trainBriefly(model, join(scratch, `${model}-1`), '--threads', '1');
  const rows: Row[] = [
    [`step, ${NAMES[model]}, WebAssembly`, `${two.toFixed(1)} ms`, ''],
    ['– two threads against one', `${(one / two).toFixed(2)} ×`, '≥ 1.8 ×'],
  ];
  if (blas === undefined) return [...rows, ['– BLAS', 'no library found', '']];
  const library = await trainBriefly(model, join(scratch, `${model}-blas`), '--threads', '2', '--blas', blas);
  return [...rows, [`– ${basename(blas)}`, `${library.toFixed(1)} ms`, '']];
}

async function generation(model: ModelName): Promise<Row> {
  const { tokens, target } = MODELS[model];
  const { events } = await run('sample', folderOf(model), '--tokens', `${tokens}`, '--seed', '1');
  const { tokensPerSecond } = events.at(-1) as unknown as { tokensPerSecond: number };
  const measured = `${Math.round(tokensPerSecond).toLocaleString('en')} tokens/s`;
  return [`generation, one sequence, ${NAMES[model]}`, measured, target];
}

/** Medians over several starts, since the first reads files that the others find in memory. */
async function starts(): Promise<Row[]> {
  const [sample, train, fast]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < 5; i++) {
    sample.push(await secondsUntil('token', 'sample', folderOf('small')));
    const out = join(scratch, `start-${i}`);
    train.push(await secondsUntil('step', 'train', ...MODELS.small.train, '--data', data, '--out', out));
    fast.push(await secondsUntil('step', 'train', 'fast', '--data', data, '--out', `${out}-fast`));
  }
  return [
    ['start: `sample`, first token', `${median(sample).toFixed(2)} s`, '≤ 0.35 s'],
    ['start: `train`, first step', `${median(train).toFixed(2)} s`, '≤ 0.8 s'],
    ['start: `train fast`, first step', `${median(fast).toFixed(2)} s`, '≤ 0.8 s'],
  ];
}

/** The JavaScript heap after a collection, early in a run of a tiny model and 10,000 steps later. */
async function heapGrowth(): Promise<Row> {
  const [first, count] = [4000, 10_000]; // by then all code is compiled
  const maxIters = first + count;
  const tiny = { nLayer: 1, nHead: 1, nEmbd: 16, blockSize: 8, batchSize: 1 };
  const { recipe: base } = recipes['shakespeare-char-cpu'];
  const recipe = { ...base, ...tiny, maxIters, evalInterval: maxIters, evalIters: 1 };
  const folder = join(scratch, 'heap');
  const training = await TrainingRun.create({ recipeName: 'tiny', recipe, data: short, folder });
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heap: number[] = [];
  for await (const event of training.events()) {
    if (event.type !== 'step' || (event.step !== first && event.step !== maxIters)) continue;
    collect();
    heap.push(process.memoryUsage().heapUsed);
  }
  const growth = `${((heap[1]! - heap[0]!) / 1024).toFixed(0)} kB`;
  return [`heap growth over ${count.toLocaleString('en')} steps, 1 layer × 16`, growth, 'none: < 100 kB'];
}

/** Our own recipe, nanoGPT's for a CPU and the lecture's bigram model, from beginning to end. */
async function trainings(): Promise<Row[]> {
  const gpt = await run('train', 'shakespeare-char-cpu', '--data', data, '--out', join(scratch, 'gpt'));
  const fast = await run('train', 'fast', '--data', data, '--out', join(scratch, 'fast'));
  const rows: Row[] = [
    ['fast: whole validation split at the end', ofType(fast, 'eval').at(-1)!.valFull!.toFixed(4), ''],
    ['– whole run', `${fast.seconds.toFixed(1)} s`, ''],
    ['– peak memory', `${fast.peakMegabytes.toFixed(0)} MB`, ''],
    [
      'shakespeare-char-cpu, 2,000 steps: best validation loss, random windows',
      ofType(gpt, 'end')[0]!.bestVal!.toFixed(4),
      '≤ 1.90',
    ],
    ['– whole validation split at the end', ofType(gpt, 'eval').at(-1)!.valFull!.toFixed(4), ''],
    ['– whole run', `${gpt.seconds.toFixed(1)} s`, '≤ 150 s'],
    ['– step, median', `${stepMs(gpt).toFixed(1)} ms`, '≤ 60 ms'],
    ['– peak memory', `${gpt.peakMegabytes.toFixed(0)} MB`, '≤ 200 MB'],
  ];
  for (const [batch, loss, time] of [
    ['4', '≤ 2.57', '≤ 1.5 s'],
    ['32', '≤ 2.49', ''],
  ] as const) {
    const out = join(scratch, `bigram${batch}`);
    const bigram = await run('train', 'bigram', '--data', data, '--batch-size', batch, '--out', out);
    const { trainSeconds } = ofType(bigram, 'end')[0]!;
    const valFull = ofType(bigram, 'eval').at(-1)!.valFull!.toFixed(4);
    rows.push([`bigram, batch ${batch}, 10,000 steps: whole validation split`, valFull, loss]);
    rows.push(['– training', `${trainSeconds.toFixed(2)} s`, time]);
  }
  return rows;
}

const device = await CpuDevice.create({ blas: 'auto' });
const { blas, simd } = device;
await device.dispose();

const rows: Row[] = [];
for (const model of ['small', 'large'] as const) rows.push(...(await steps(model, blas)));
for (const model of ['small', 'large'] as const) rows.push(await generation(model));
rows.push(...(await starts()), await heapGrowth());
if (!options.quick) rows.push(...(await trainings()));
const results = `## nanobard by itself\n\n${circumstances('bench')} SIMD ${simd}.\n\n${table(['', 'measured', 'target'], rows)}`;
if (!options.quick) await writeSection(inBench('RESULTS.md'), 'bench', results);
console.log(results);
await rm(scratch, { recursive: true });
