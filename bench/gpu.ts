// A GPT's training step on a GPU, by WebGPU and, where a Python with PyTorch is there, by PyTorch:
//
//     npm --prefix gpu ci --ignore-scripts   once: Dawn, for Node
//     npm run bench:gpu [-- --python PYTHON] [--tflops N] [--gbs N] [--steps N] [--tiny]
//
// --tflops and --gbs are what the chip is said to do at most, in f32 and to its memory; shares of them are told. Without
// them what `measurePeak` and `measureBandwidth` reach here stands for it. --tiny tries it all with a model that takes a
// processor no time. No network is needed.
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
  readonly stepMs: readonly number[];
}

/** Milliseconds between the ends of steps, of which three are under way at once, as in training. */
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
  const losses: Promise<unknown>[] = [];
  const stepMs: number[] = [];
  let last = 0;
  for (let i = 0; i < WARM_UP_STEPS + steps; i++) {
    await update.run(x, y);
    losses.push(Promise.resolve(update.read()));
    if (i < 2) continue;
    await losses[i - 2];
    if (i >= WARM_UP_STEPS) stepMs.push(performance.now() - last);
    last = performance.now();
  }
  await Promise.all(losses);
  const bytes = program.instructions
    .flatMap(({ inputs, outputs }) => [...inputs, ...outputs])
    .reduce((sum, { shape: extents }) => sum + 4 * extents.reduce((a, b) => a * b, 1), 0);
  update.dispose();
  device.release([...model.parameters(), ...optimizer.state.values()]);
  return { stepMs, flops: program.flops, bytes };
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
  const row = (peer: string, { stepMs }: Report): string[] => {
    const ms = median(stepMs);
    return [
      peer,
      ms.toFixed(1),
      Math.round((1000 * tokens) / ms).toLocaleString('en'),
      share(own.flops / ms / 1e6, peak),
      share(own.bytes / ms / 1e6, bandwidth),
    ];
  };
  const rows = [row('nanobard, WebGPU', own)];
  for (const mode of ['eager', 'compile'] as const)
    for (const precision of ['fp32', 'tf32', 'bf16'] as const) {
      const args = [inBench('gpu/step.py'), JSON.stringify(config), steps, mode, precision];
      const report = await runChild<Report>(options.python, args);
      const peer = `PyTorch, ${mode}, ${precision}`;
      rows.push(
        typeof report === 'string'
          ? [peer, report.trim().split('\n').at(-1)!, '', '', '']
          : row(peer, report),
      );
    }
  console.log(`\n${title}\n`);
  // Shares of PyTorch are of the same work: what nanobard's program counts.
  console.log(table(['', 'ms a step', 'tokens/s', 'of f32 peak', 'of bandwidth'], rows));
}
await device.dispose();
