// The same training step as PyTorch, jax-js and TensorFlow.js take it, on this machine:
//
//     npm run bench:peers [-- --recipe small|large] [--rounds N] [--python PYTHON]
//
// Both recipes, 5 rounds and `python3` by default. Peers run in turn, each in a process of its own and from the
// same weights and batches; all must find the same losses. The table also goes to bench/RESULTS.md.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import {
  CharTokenizer,
  Dataset,
  encodeSafetensors,
  Generator,
  GPT,
  plays,
  type SafetensorsTensor,
} from '../dist/node.js';

const RECIPES = {
  small: { nLayer: 4, nHead: 4, nEmbd: 128, blockSize: 64, batchSize: 12, vocabSize: 65 },
  large: { nLayer: 6, nHead: 6, nEmbd: 384, blockSize: 256, batchSize: 4, vocabSize: 65 },
} as const;
/** Per round: timed steps, and seconds after which a slow peer starts no further one. */
const LIMITS = { small: [30, 4], large: [8, 6] } as const;
const BATCHES = 8;
/** How far the losses of two peers may be apart, relatively: the first, and those after updates. */
const TOLERANCE = { first: 1e-3, later: 1e-2 };
const BASELINE = 'PyTorch';
/** A peer whose slowest round takes so many times its fastest was disturbed; PyTorch's threads suffer most. */
const RESTLESS = 1.2;

type RecipeName = keyof typeof RECIPES;

interface Report {
  readonly peer: string;
  readonly version: string;
  readonly losses: readonly number[];
  readonly stepMs: readonly number[];
  readonly peakRssMb: number;
}

const { values: options } = parseArgs({
  options: {
    recipe: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    python: { type: 'string', default: 'python3' },
  },
});
if (options.recipe !== undefined && !(options.recipe in RECIPES)) {
  throw new Error(`--recipe is small or large, not ${options.recipe}`);
}
const recipeNames = (options.recipe ? [options.recipe] : Object.keys(RECIPES)) as RecipeName[];
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds is 1 or more, not ${options.rounds}`);

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** What to run, and the argument that follows those all peers take. */
const PEERS: readonly { name: string; command: string; script: string; variant?: string }[] = [
  { name: BASELINE, command: options.python, script: path('peers/pytorch.py') },
  { name: 'nanobard', command: process.execPath, script: path('dist/nanobard.js'), variant: 'off' },
  { name: 'nanobard, BLAS', command: process.execPath, script: path('dist/nanobard.js'), variant: 'auto' },
  { name: 'jax-js', command: process.execPath, script: path('dist/jax-js.js') },
  { name: 'TensorFlow.js', command: process.execPath, script: path('dist/tensorflow.js') },
];

/** To plain JavaScript, so that no measured process carries a TypeScript loader. */
async function buildPeers(): Promise<void> {
  await build({
    entryPoints: ['nanobard', 'jax-js', 'tensorflow'].map((name) => path(`peers/${name}.ts`)),
    outdir: path('dist'), // as deep as peers/, so that relative imports hold
    bundle: true,
    packages: 'external',
    external: ['../../dist/*'],
    platform: 'node',
    format: 'esm',
    target: 'es2022',
  });
}

/** One file with the recipe, initial weights and batches. */
async function writeTask(file: string, recipe: (typeof RECIPES)[RecipeName]): Promise<void> {
  const { blockSize, batchSize } = recipe;
  const generator = new Generator(1337);
  const model = new GPT({ ...recipe, dropout: 0, bias: false }, generator);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, { shape, initial }] of model.namedParameters()) {
    tensors.set(name, { dtype: 'F32', shape, data: initial as Float32Array });
  }
  const text = plays({ characters: 200_000, seed: 1 });
  const dataset = new Dataset(CharTokenizer.fromText(text).encode(text), blockSize);
  const size = batchSize * blockSize;
  const [x, y] = [new Int32Array(BATCHES * size), new Int32Array(BATCHES * size)];
  dataset.batch('train', generator, x, y);
  tensors.set('x', { dtype: 'I32', shape: [BATCHES, batchSize, blockSize], data: x });
  tensors.set('y', { dtype: 'I32', shape: [BATCHES, batchSize, blockSize], data: y });
  await writeFile(file, encodeSafetensors(tensors, { config: JSON.stringify(recipe) }));
}

/** The peer's report, or why there is none. */
function run(command: string, args: readonly string[]): Promise<Report | string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => {
      const line = output.trim().split('\n').at(-1)!;
      if (code === 0 && line.startsWith('{')) return resolve(JSON.parse(line) as Report);
      const reasons = errors.split('\n').filter((text) => /^\S*Error\b/.test(text));
      resolve(reasons.at(-1) ?? `it ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Where a peer's losses leave the reference's, over the steps that both have taken. */
function disagreement(report: Report, reference: Report): string | undefined {
  for (const [i, expected] of reference.losses.entries()) {
    const loss = report.losses[i];
    if (loss === undefined) return undefined;
    const tolerance = i === 0 ? TOLERANCE.first : TOLERANCE.later;
    // Written so that NaN disagrees.
    if (!(Math.abs(loss - expected) <= tolerance * expected)) {
      return `its loss at step ${i + 1} is ${loss.toFixed(4)}, ${reference.peer}'s ${expected.toFixed(4)}`;
    }
  }
  return undefined;
}

/** Markdown, with columns padded as the formatter has them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...rows].map((row) => row[i]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((text, i) => text.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

/** Runs all peers in turn and returns their section of the results. */
async function compare(name: RecipeName, folder: string): Promise<string> {
  const recipe = RECIPES[name];
  const file = join(folder, `${name}.safetensors`);
  await writeTask(file, recipe);
  const reports = new Map<string, Report[]>(PEERS.map((peer) => [peer.name, []]));
  const failures = new Map<string, string>();
  let reference: Report | undefined;
  for (let round = 1; round <= rounds; round++) {
    for (const { name: peer, command, script, variant } of PEERS) {
      if (failures.has(peer)) continue;
      const result = await run(command, [
        script,
        file,
        ...LIMITS[name].map(String),
        ...(variant ? [variant] : []),
      ]);
      let said: string;
      if (typeof result === 'string') {
        failures.set(peer, result);
        said = result;
      } else {
        reference ??= result;
        const difference = disagreement(result, reference);
        if (difference === undefined) reports.get(peer)!.push(result);
        else {
          failures.set(peer, difference);
          process.exitCode = 1;
        }
        said = difference ?? `${median(result.stepMs).toFixed(1)} ms`;
      }
      console.error(`${name}, round ${round} of ${rounds}: ${peer}: ${said}`);
    }
  }

  const perRound = (peer: string): number[] => reports.get(peer)!.map(({ stepMs }) => median(stepMs));
  const rows = PEERS.map(({ name: peer }) => {
    const failure = failures.get(peer);
    if (failure !== undefined) return [peer, `no result: ${failure}`, '', '', ''];
    const { peer: label, version } = reports.get(peer)![0]!;
    const times = perRound(peer);
    const ratio = median(times) / median(perRound(BASELINE));
    return [
      `${label} ${version}`,
      median(times).toFixed(1),
      `${Math.min(...times).toFixed(1)} – ${Math.max(...times).toFixed(1)}`,
      failures.has(BASELINE) ? '–' : ratio.toFixed(2),
      median(reports.get(peer)!.map(({ peakRssMb }) => peakRssMb)).toFixed(0),
    ];
  });
  const restless = PEERS.filter(({ name: peer }) => {
    const times = failures.has(peer) ? [1] : perRound(peer);
    return Math.max(...times) > RESTLESS * Math.min(...times);
  }).map(({ name: peer }) => peer);
  const { nLayer, nHead, nEmbd, blockSize, batchSize } = recipe;
  return [
    `## ${name}: ${nLayer} layers, ${nHead} heads, ${nEmbd} wide, block ${blockSize}, batch ${batchSize}`,
    '',
    ...table(['', 'ms per step', 'fastest – slowest round', `× ${BASELINE}`, 'peak memory, MB'], rows),
    '',
    ...(restless.length > 0
      ? [`**The machine was not quiet**: rounds differ by more than a fifth for ${restless.join('; ')}.`, '']
      : []),
  ].join('\n');
}

const folder = await mkdtemp(join(tmpdir(), 'nanobard-peers-'));
await mkdir(path('dist'), { recursive: true });
await buildPeers();
const tables: string[] = [];
for (const name of recipeNames) tables.push(await compare(name, folder));
await rm(folder, { recursive: true });

const command = ['npm run bench:peers', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])];
const results = `# The same training step in nanobard and its peers

${availableParallelism()} × ${cpus()[0]?.model.trim()}, Node ${process.version}, ${process.platform} ${process.arch}, ${new Date().toISOString().slice(0, 10)}, by \`${command.join(' ')}\`.

nanoGPT in float32: vocabulary 65, no biases, no dropout, exact GELU, tied output layer; AdamW with learning
rate 10⁻³, β 0.9 and 0.99, decay 0.1 on matrices; gradients clipped to 1. Two threads each, except TensorFlow.js,
whose WebAssembly backend has one in Node. All start from the same weights, see the same batches, and agree on the
loss: within ${TOLERANCE.first} before the first update, ${TOLERANCE.later} after each. Peers ran in turn, rounds: ${rounds}; the time is the median over
rounds of the median step.

${tables.join('\n')}`;
await writeFile(path('RESULTS.md'), results);
console.log(results);
