// Holds the recipe `nanogpt-replay` against the losses that nanoGPT's train.py logs on a CPU:
//
//     npm run replay [-- TEXT [UPDATES]]
//
// TEXT is tinyshakespeare by default, UPDATES 2000. Fails where a figure is off by more than its bound.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recipes, TrainingRun } from '../dist/node.js';

/** Update, train loss, validation loss: PyTorch, seed 1337. */
const NANOGPT = [
  [0, 4.1676, 4.1649],
  [250, 2.4293, 2.4447],
  [500, 2.2732, 2.3141],
  [750, 2.1338, 2.1905],
  [1000, 1.9714, 2.0528],
  [1250, 1.8756, 2.0089],
  [1500, 1.8557, 1.9225],
  [1750, 1.779, 1.8921],
  [2000, 1.7648, 1.8857],
] as const;

const [data = 'tinyshakespeare', steps = '2000'] = process.argv.slice(2);
const scratch = await mkdtemp(join(tmpdir(), 'nanobard-replay-'));
const recipe = { ...recipes['nanogpt-replay'].recipe, maxIters: Number(steps) };
const run = await TrainingRun.create({
  recipeName: 'nanogpt-replay',
  recipe,
  data,
  folder: join(scratch, 'run'),
});
let compared = 0;
console.log('| step | train, nanoGPT | here | validation, nanoGPT | here |\n|---|---|---|---|---|');
for await (const event of run.events()) {
  if (event.type !== 'eval') continue;
  const expected = NANOGPT.find(([iter]) => iter === event.step);
  if (!expected) continue;
  const [iter, train, val] = expected;
  console.log(`| ${iter} | ${train} | ${event.train.toFixed(4)} | ${val} | ${event.val.toFixed(4)} |`);
  const bound = iter <= 500 ? 0.002 : 0.01;
  if (Math.abs(event.train - train) > bound || Math.abs(event.val - val) > bound) process.exitCode = 1;
  compared++;
}
await rm(scratch, { recursive: true });
if (compared < 2) process.exitCode = 1;
if (process.exitCode) console.error('The curve is not nanoGPT’s.');
else console.log(`All ${compared} evaluations agree.`);
