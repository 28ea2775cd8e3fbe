// A GPT's training step on a GPU, by WebGPU and, where a Python with PyTorch is there, by PyTorch:
//
//     npm --prefix gpu ci --ignore-scripts   once: Dawn, for Node
//     npm run bench:gpu [-- --python PYTHON] [--torch DEVICE] [--tflops N] [--gbs N] [--steps N] [--tiny]
//
// Both are timed alike: a step as a share of `--steps` steps (20) between two synchronisations, and as the median of steps
// each of which is waited for.
//
// --tflops and --gbs are what the chip is said to do at most, in f32 and to its memory; shares of them are told. Without
// them what `measurePeak` and `measureBandwidth` reach here stands for it. --tiny --torch cpu tries it all, with a model
// that takes a processor no time. No network is needed: docs/webgpu.md says what to carry.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { AdamW, Constant, Generator, GPT, measureBandwidth, measurePeak } from '../dist/node.js';
import { type GpuSource, WebGpuDevice } from '../dist/webgpu.js';
import { inBench, runChild } from './common/child.ts';
import { circumstances, median, table } from './common/results.ts';
import type { Task } from './peers/task.ts';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    tflops: { type: 'string' },
    gbs: { type: 'string' },
    torch: { type: 'string', default: 'cuda' },
    steps: { type: 'string', default: '20' },
    tiny: { type: 'boolean', default: false },
  },
});
const steps = Number(options.steps);
const WARM_UP_STEPS = 5;

type Config = Omit<Task, 'parameters' | 'batches'>;

const models: Readonly<Record<string, Config>> = options.tiny
  ? { tiny: { nLayer: 1, nHead: 2, nEmbd: 32, blockSize: 16, batchSize: 4, vocabSize: 65 } }
  : {
      'shakespeare-char': { nLayer: 6, nHead: 6, nEmbd: 384, blockSize: 256, batchSize: 64, vocabSize: 65 },
      'GPT-2 small': { nLayer: 12, nHead: 12, nEmbd: 768, blockSize: 1024, batchSize: 8, vocabSize: 50_304 },
    };

interface Dawn {
  create(options: readonly string[]): GpuSource;
  readonly globals: object;
}

interface Report {
  /** Milliseconds a step, of `steps` steps between two synchronisations. */
  readonly stepMs: number;
  /** Milliseconds of steps each of which is waited for. */
  readonly aloneMs: readonly number[];
}

async function train(
  device: WebGpuDevice,
  config: Config,
): Promise<Report & { flops: number; bytes: number }> {
  const model = new GPT({ ...config, dropout: 0, bias: false });
  const optimizer = new AdamW(model.parameters(), { learningRate: 1e-3, maxNorm: 1 });
  const update = device.compile((x, y) => optimizer.minimize(model.loss(x, y)));
  const generator = new Generator(1);
  const shape = [config.batchSize, config.blockSize];
  const ids = () => new Constant(generator.randint(0, config.vocabSize, shape[0]! * shape[1]!), shape);
  const [x, y] = [ids(), ids()];
  const { program } = await update.load(x, y);
  /** Of so many steps, until the last loss has come. Three at most are under way at once, as in training. */
  const milliseconds = async (count: number): Promise<number> => {
    const begin = performance.now();
    const losses: Promise<unknown>[] = [];
    for (let i = 0; i < count; i++) {
      await update.run(x, y);
      losses.push(Promise.resolve(update.read()));
    }
    await Promise.all(losses);
    return performance.now() - begin;
  };
  await milliseconds(WARM_UP_STEPS);
  const stepMs = (await milliseconds(steps)) / steps;
  const aloneMs: number[] = [];
  for (let i = 0; i < steps; i++) aloneMs.push(await milliseconds(1));
  const bytes = program.instructions
    .flatMap(({ inputs, outputs }) => [...inputs, ...outputs])
    .reduce((sum, { shape: extents }) => sum + 4 * extents.reduce((a, b) => a * b, 1), 0);
  update.dispose();
  device.release([...model.parameters(), ...optimizer.state.values()]);
  return { stepMs, aloneMs, flops: program.flops, bytes };
}

const dawn = new URL('../gpu/node_modules/webgpu/index.js', import.meta.url);
if (!existsSync(dawn)) throw new Error('Dawn is not there: npm --prefix gpu ci --ignore-scripts');
const { create, globals }: Dawn = await import(dawn.href);
Object.assign(globalThis, globals);
const device = await WebGpuDevice.create({ gpu: create([]) });
const { name, software } = device.adapter;
const peak = options.tflops
  ? 1000 * Number(options.tflops)
  : (await measurePeak(device, software ? 128 : 4096)).gflops;
const bandwidth = options.gbs
  ? Number(options.gbs)
  : await measureBandwidth(device, software ? 2 ** 18 : 2 ** 26);
console.log(`${name}. ${circumstances('bench:gpu')}`);
console.log(`Peak: ${peak.toPrecision(3)} GFLOP/s, ${bandwidth.toPrecision(3)} GB/s.`);
if (software) console.log('A processor stands in for the GPU: these numbers say nothing of speed.');

const share = (value: number, most: number): string => `${((100 * value) / most).toFixed(0)} %`;

for (const [title, config] of Object.entries(models)) {
  const own = await train(device, config);
  const tokens = config.batchSize * config.blockSize;
  const row = (peer: string, { stepMs, aloneMs }: Report): string[] => [
    peer,
    stepMs.toFixed(1),
    median(aloneMs).toFixed(1),
    Math.round((1000 * tokens) / stepMs).toLocaleString('en'),
    share(own.flops / stepMs / 1e6, peak),
    share(own.bytes / stepMs / 1e6, bandwidth),
  ];
  const rows = [row('nanobard, WebGPU', own)];
  for (const mode of ['eager', 'compile'] as const)
    for (const precision of ['fp32', 'tf32', 'bf16'] as const) {
      const args = [inBench('gpu/step.py'), JSON.stringify(config), steps, mode, precision, options.torch];
      const report = await runChild<Report>(options.python, args);
      const peer = `PyTorch on ${options.torch}, ${mode}, ${precision}`;
      rows.push(
        typeof report === 'string'
          ? [peer, report.trim().split('\n').at(-1)!, '', '', '', '']
          : row(peer, report),
      );
    }
  console.log(`\n${title}, ${steps} steps between two synchronisations\n`);
  // Shares of PyTorch are of the same work: what nanobard's program counts.
  console.log(
    table(['', 'ms a step', 'ms, each waited for', 'tokens/s', 'of f32 peak', 'of bandwidth'], rows),
  );
}
await device.dispose();
