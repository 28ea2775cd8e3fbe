// How fast a GPT writes, one text and several together, beside llama.cpp with the same weights, on this machine:
//
//     npm run bench:generation [-- --size small|medium|large] [--rounds N] [--texts N] [--node PATH]
//
// All sizes, 3 rounds and 32 texts by default. llama.cpp takes part where `npm run conformance` has installed it. Each
// runs in a process of its own, ours in PATH (this Node by default), from Node 24 on with the flag that the command line
// sets; the table also goes to bench/RESULTS.md.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CharTokenizer, CpuDevice, Generator, GPT, plays, TextModel } from '../dist/node.js';
import { exportModel } from '../src/language/formats/export.ts';
import { aboutNode, bundle, inBench, runChild } from './common/child.ts';
import { circumstances, median, table, writeSection } from './common/results.ts';

const SIZES = {
  small: { nLayer: 4, nHead: 4, nEmbd: 128, blockSize: 256, tokens: 240 },
  medium: { nLayer: 6, nHead: 6, nEmbd: 384, blockSize: 256, tokens: 240 },
  large: { nLayer: 12, nHead: 12, nEmbd: 768, blockSize: 256, tokens: 120 },
} as const;
type Size = keyof typeof SIZES;

const { values: options } = parseArgs({
  options: {
    size: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    texts: { type: 'string', default: '32' },
    node: { type: 'string', default: process.execPath },
  },
});
if (options.size !== undefined && !(options.size in SIZES))
  throw new Error(`--size is small, medium or large, not ${options.size}`);
const sizes = (options.size ? [options.size] : Object.keys(SIZES)) as Size[];
const { version, flags } = aboutNode(options.node);
const folder = await mkdtemp(join(tmpdir(), 'nanobard-generation-'));
await bundle({
  'generation-nanobard': 'generation/nanobard.ts',
  'generation-llama-cpp': 'generation/llama-cpp.mjs',
});

/** A model of first weights, as our file and as GGUF. */
async function files(size: Size, dtype: 'f32' | 'q8'): Promise<{ ours: string; gguf: string }> {
  const tokenizer = CharTokenizer.fromText(plays({ characters: 200_000, seed: 1 }));
  const config = { ...SIZES[size], vocabSize: tokenizer.vocabSize, dropout: 0, bias: true };
  const network = new GPT(config).initialize(new Generator(1337));
  const model = new TextModel(network, tokenizer, await CpuDevice.create({ threads: 1 }), {
    ownsDevice: true,
  });
  const [ours, gguf] = [join(folder, `${size}.safetensors`), join(folder, `${size}.gguf`)];
  await writeFile(ours, await model.save({ dtype }));
  for (const { name, data } of exportModel(await model.modelFile(), 'gguf', dtype))
    if (name.endsWith('.gguf')) await writeFile(gguf, data);
  await model.dispose();
  return { ours, gguf };
}

const rate = (values: readonly number[]): string => Math.round(median(values)).toLocaleString('en');

const rows: string[][] = [];
for (const [size, dtype] of sizes.flatMap((size) => [[size, 'f32'] as const, [size, 'q8'] as const])) {
  const { nLayer, nEmbd, blockSize, tokens } = SIZES[size];
  const { ours, gguf } = await files(size, dtype);
  const nanobard = await runChild<{ one: number[]; many: number[]; simd: string }>(options.node, [
    ...flags,
    inBench('dist/generation-nanobard.js'),
    ...[ours, tokens, options.texts, options.rounds],
  ]);
  if (typeof nanobard === 'string') throw new Error(nanobard);
  const llama = await runChild<{ speeds: number[][] }>(process.execPath, [
    inBench('dist/generation-llama-cpp.js'),
    ...[gguf, tokens, blockSize, options.rounds],
  ]);
  const alone = median(nanobard.one);
  const theirs = typeof llama === 'string' ? [] : llama.speeds.map(median);
  rows.push([
    `${nLayer} × ${nEmbd}, ${dtype}, SIMD ${nanobard.simd}`,
    rate(nanobard.one),
    typeof llama === 'string' ? `no result: ${llama}` : theirs.map((value) => rate([value])).join(' / '),
    theirs.length > 0 ? `${(alone / Math.max(...theirs)).toFixed(2)} ×` : '',
    rate(nanobard.many),
    `${(median(nanobard.many) / alone).toFixed(2)} ×`,
  ]);
  console.error(rows.at(-1)!.join(' | '));
}
await rm(folder, { recursive: true });

const head = [
  'tokens/s',
  'one text',
  'llama.cpp, 1 / 2 threads',
  'against its faster',
  `${options.texts} together`,
  'against one',
];
const results = `## Generation

${circumstances('bench:generation')}

Ours on Node ${version}. GPTs of first weights, in f32 and in 8 bits (llama.cpp: q8_0), vocabulary 65, block 256, from one
token on, drawn at temperature 1; two threads at most.
Medians of ${options.rounds} rounds after one that compiles. Texts made together have the tokens that each has by itself.

${table(head, rows)}`;
await writeSection(inBench('RESULTS.md'), 'generation', results);
console.log(results);
