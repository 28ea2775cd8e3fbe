// The same training step in nanobard, PyTorch, jax-js and TensorFlow.js, on this machine:
//
//     npm run bench:peers [-- --recipe small|large] [--rounds N] [--python PYTHON] [--node NODE]
//
// Both recipes, 5 rounds and `python3` by default. PyTorch runs eagerly and compiled (`torch.compile`, which needs a C++
// compiler); all are compared with the faster. With --node, nanobard also runs on another version of Node. All run in
// turn, each in a process of its own and from the same weights and batches, and have to find the same losses.
// The tables also go to bench/RESULTS.md, the medians as a chart to docs/step.svg.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CharTokenizer, Dataset, Generator, GPT, plays, safetensors } from '../dist/node.js';
import type { Colour } from '../src/node/charts/svg.ts';
import { barChart, type Panel } from './charts/bars.ts';
import { aboutNode, bundle, inBench, runChild } from './common/child.ts';
import { circumstances, median, table, writeSection } from './common/results.ts';

const RECIPES = {
  small: { nLayer: 4, nHead: 4, nEmbd: 128, blockSize: 64, batchSize: 12, vocabSize: 65 },
  large: { nLayer: 6, nHead: 6, nEmbd: 384, blockSize: 256, batchSize: 4, vocabSize: 65 },
} as const;
/** Per round: timed steps, and seconds after which a slow peer starts no further one. */
const LIMITS = { small: [30, 4], large: [8, 6] } as const;
const BATCHES = 8;
/** How far the losses of two peers may be apart, relatively: the first, and those after updates. */
const TOLERANCE = { first: 1e-3, later: 1e-2 };
const PYTORCH = ['PyTorch, eager', 'PyTorch, compile'] as const;
/** A peer whose slowest round takes so many times its fastest was disturbed; PyTorch's threads suffer most. */
const RESTLESS = 1.2;

const CHART_ORDER = ['nanobard, BLAS', 'nanobard, WebAssembly', ...PYTORCH, 'jax-js', 'TensorFlow.js'];
const COLOURS: Readonly<Record<string, Colour>> = {
  'nanobard, BLAS': 'blue',
  'nanobard, WebAssembly': 'azure',
  'PyTorch, eager': 'orange',
  'PyTorch, compile': 'orange',
};

const milliseconds = (value: number): string =>
  `${value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ms`;

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
    node: { type: 'string' },
  },
});
if (options.recipe !== undefined && !(options.recipe in RECIPES)) {
  throw new Error(`--recipe is small or large, not ${options.recipe}`);
}
const recipeNames = (options.recipe ? [options.recipe] : Object.keys(RECIPES)) as RecipeName[];
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds is 1 or more, not ${options.rounds}`);

/** Our own kernels on another Node, if there is one. */
const node = options.node === undefined ? undefined : aboutNode(options.node);
const otherNode = node && {
  name: `nanobard, Node ${node.version.slice(1).split('.')[0]}`,
  command: node.command,
  flags: node.flags,
  script: inBench('dist/nanobard.js'),
  variant: 'off',
};

/** What to run, and the argument that follows those all peers take. */
const PEERS: readonly {
  name: string;
  command: string;
  flags?: readonly string[];
  script: string;
  variant?: string;
}[] = [
  ...PYTORCH.map((name) => ({
    name,
    command: options.python,
    script: inBench('peers/pytorch.py'),
    variant: name.slice('PyTorch, '.length),
  })),
  {
    name: 'nanobard, WebAssembly',
    command: process.execPath,
    script: inBench('dist/nanobard.js'),
    variant: 'off',
  },
  { name: 'nanobard, BLAS', command: process.execPath, script: inBench('dist/nanobard.js'), variant: 'auto' },
  ...(otherNode ? [otherNode] : []),
  { name: 'jax-js', command: process.execPath, script: inBench('dist/jax-js.js') },
  { name: 'TensorFlow.js', command: process.execPath, script: inBench('dist/tensorflow.js') },
];

/** One file with the recipe, initial weights and batches. */
async function writeTask(file: string, recipe: (typeof RECIPES)[RecipeName]): Promise<void> {
  const { blockSize, batchSize } = recipe;
  const generator = new Generator(1337);
  const model = new GPT({ ...recipe, dropout: 0, bias: false }).initialize(generator);
  const tensors = new Map<string, safetensors.SafetensorsTensor>();
  for (const [name, { shape, initial }] of model.namedParameters()) {
    tensors.set(name, { dtype: 'F32', shape, data: initial as Float32Array });
  }
  const text = plays({ characters: 200_000, seed: 1 });
  const dataset = new Dataset(CharTokenizer.fromText(text).encode(text), blockSize);
  const [x, y] = dataset.batch('train', BATCHES * batchSize, generator).map(({ data }) => data as Int32Array);
  tensors.set('x', { dtype: 'I32', shape: [BATCHES, batchSize, blockSize], data: x! });
  tensors.set('y', { dtype: 'I32', shape: [BATCHES, batchSize, blockSize], data: y! });
  await writeFile(file, safetensors.encodeSafetensors(tensors, { config: JSON.stringify(recipe) }));
}

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

/** Runs all peers in turn and returns their section of the results, and of the chart. */
async function compare(name: RecipeName, folder: string): Promise<{ section: string; panel: Panel }> {
  const recipe = RECIPES[name];
  const file = join(folder, `${name}.safetensors`);
  await writeTask(file, recipe);
  const reports = new Map<string, Report[]>(PEERS.map((peer) => [peer.name, []]));
  const failures = new Map<string, string>();
  let reference: Report | undefined;
  for (let round = 1; round <= rounds; round++) {
    for (const { name: peer, command, flags = [], script, variant } of PEERS) {
      if (failures.has(peer)) continue;
      const result = await runChild<Report>(command, [
        ...flags,
        script,
        file,
        ...LIMITS[name],
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
  const baseline = Math.min(
    ...PYTORCH.filter((peer) => !failures.has(peer)).map((peer) => median(perRound(peer))),
  );
  const rows = PEERS.map(({ name: peer }) => {
    const failure = failures.get(peer);
    if (failure !== undefined) return [peer, `no result: ${failure}`, '', '', ''];
    const { peer: label, version } = reports.get(peer)![0]!;
    const times = perRound(peer);
    const ratio = median(times) / baseline;
    return [
      `${label} ${version}`,
      median(times).toFixed(1),
      `${Math.min(...times).toFixed(1)} – ${Math.max(...times).toFixed(1)}`,
      Number.isFinite(baseline) ? ratio.toFixed(2) : '–',
      median(reports.get(peer)!.map(({ peakRssMb }) => peakRssMb)).toFixed(0),
    ];
  });
  const restless = PEERS.filter(({ name: peer }) => {
    const times = failures.has(peer) ? [1] : perRound(peer);
    return Math.max(...times) > RESTLESS * Math.min(...times);
  }).map(({ name: peer }) => peer);
  const { nLayer, nHead, nEmbd, blockSize, batchSize } = recipe;
  const section = [
    `### ${name}: ${nLayer} layers, ${nHead} heads, ${nEmbd} wide, block ${blockSize}, batch ${batchSize}`,
    '',
    table(['', 'ms per step', 'fastest – slowest round', '× PyTorch', 'peak memory, MB'], rows),
    '',
    ...(restless.length > 0
      ? [`**The machine was not quiet**: rounds differ by more than a fifth for ${restless.join('; ')}.`, '']
      : []),
  ].join('\n');
  const bars = [...(otherNode ? [otherNode.name] : []), ...CHART_ORDER]
    .filter((peer) => !failures.has(peer))
    .map((peer) => {
      const value = median(perRound(peer));
      return {
        label: peer,
        value,
        text: milliseconds(value),
        colour: COLOURS[peer] ?? (otherNode && peer === otherNode.name ? 'azure' : 'grey'),
      } as const;
    });
  return {
    section,
    panel: { title: `${nLayer} layers × ${nEmbd}, block ${blockSize}, batch ${batchSize}`, bars },
  };
}

const folder = await mkdtemp(join(tmpdir(), 'nanobard-peers-'));
await bundle({
  nanobard: 'peers/nanobard.ts',
  'jax-js': 'peers/jax-js.ts',
  tensorflow: 'peers/tensorflow.ts',
});
const sections: string[] = [];
const panels: Panel[] = [];
for (const name of recipeNames) {
  const { section, panel } = await compare(name, folder);
  sections.push(section);
  panels.push(panel);
}
await rm(folder, { recursive: true });

const results = `## The same training step in nanobard and other libraries

${circumstances('bench:peers')}

nanoGPT in float32: vocabulary 65, no biases, no dropout, exact GELU, tied output layer; AdamW with learning
rate 10⁻³, β 0.9 and 0.99, decay 0.1 on matrices; gradients clipped to 1. Two threads each, except TensorFlow.js,
whose WebAssembly backend has one in Node. All start from the same weights, see the same batches, and agree on the
loss: within ${TOLERANCE.first} before the first update, ${TOLERANCE.later} after each. They ran in turn, rounds: ${rounds}; the time is the median over
rounds of the median step. × PyTorch compares with the faster of eager and compiled, whose compilation is not counted.

${sections.join('\n')}`;
await writeSection(inBench('RESULTS.md'), 'peers', results);
const subtitle = 'the same step of nanoGPT in float32, in turn on the same two cores; less is better';
await writeFile(
  inBench('../docs/step.svg'),
  barChart({ title: 'Milliseconds per training step', subtitle, panels }),
);
console.log(results);
