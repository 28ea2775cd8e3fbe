// A model of what more cores bring to one training step, as a table, and as a picture on request:
//
//     npm run bench:cores -- [shakespeare-char-cpu …] [--bandwidth 100] [--calls 16] [--chart docs/cores.svg]
//
// The step is cut as for so many threads, and every piece is timed on this one core, with the kernels alone. Then threads
// are played that take pieces as the engine's do (tape.wasm.ts): each its own, then what others have not begun; where a call
// waits, all wait for the last piece. A wait costs what two threads pay for one here, and as much more as there are threads,
// since all of them write to one line of the cache. What is not in it: other programs, cores that get slower when many
// work, caches that they share. Of `--bandwidth` GB/s a call takes its share if the step does not fit into `--cache` MB.
// The first two rows are held against the clock.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { allowWideSimd } from '../src/engine/devices/cpu/host.ts';
import { loadCorpus } from '../src/node/corpus.ts';
import { panelChart } from './charts/panels.ts';
import { median } from './common/results.ts';
import { bandwidthOfOne, type Call, measureBarrier, piecesOf, recordStep } from './cores/measure.ts';
import { play } from './cores/play.ts';

const CORES = [1, 2, 4, 8, 16, 32, 64];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    bandwidth: { type: 'string', default: '100' },
    cache: { type: 'string', default: '32' },
    calls: { type: 'string' },
    chart: { type: 'string' },
  },
});
const bandwidth = Number(values.bandwidth) * 1e6; // bytes a millisecond

/** Of the largest, the batch is cut, so that a step ends within seconds here. */
const trainings = [
  { name: '4 × 128, batch 12 × 64', recipe: 'shakespeare-char-cpu', changes: {} },
  { name: '6 × 384, batch 4 × 256', recipe: 'shakespeare-char', changes: { batchSize: 4 } },
  { name: 'fast, batch 24 × 64', recipe: 'fast', changes: {} },
] as const;

allowWideSimd();
const { text } = await loadCorpus('plays');
const barrier = await measureBarrier();
const alone = await bandwidthOfOne();
console.log(
  `A wait costs two threads ${(1000 * barrier).toFixed(2)} µs here; one core reads and writes ${(alone / 1e6).toFixed(1)} GB/s.\n`,
);

/** The calls that cores wait for longest. */
function printCalls(calls: readonly Call[], idle: readonly number[]): void {
  const byIdle = calls.map((call, i) => ({ ...call, idle: idle[i]! })).toSorted((a, b) => b.idle - a.idle);
  for (const { op, shape, pieces, idle } of byIdle.slice(0, 12)) {
    const busy = pieces.reduce((sum, ms) => sum + ms, 0);
    const filled = pieces.filter((ms) => ms > 0.05 * Math.max(...pieces)).length;
    console.log(
      `  ${op} ${shape}: ${filled} of ${pieces.length} pieces do work, ${busy.toFixed(2)} ms of work, ${idle.toFixed(2)} ms of waiting for it`,
    );
  }
}

const drawn: { title: string; speedups: number[] }[] = [];
for (const { name, recipe, changes } of trainings) {
  if (positionals.length > 0 && !positionals.includes(recipe)) continue;
  const step = await recordStep({ recipe, text, ...changes });
  const memory = step.bytes > Number(values.cache) * 2 ** 20 ? bandwidth : Number.POSITIVE_INFINITY;
  console.log(`${name} (${(step.bytes / 2 ** 20).toFixed(0)} MB)\n`);
  console.log('| cores | predicted, ms | measured, ms | times as fast | of which idle |');
  console.log('| --- | --- | --- | --- | --- |');
  const predictions: number[] = [];
  for (const cores of CORES) {
    const calls = await piecesOf(step, cores, alone);
    const { ms, idle } = play(calls, cores, { barrier, bandwidth: memory });
    predictions.push(ms);
    const share = idle.reduce((sum, one) => sum + one, 0) / (ms * cores);
    const measured = step.measured[cores - 1];
    const cells = [cores, ms.toFixed(2), measured === undefined ? '' : median(measured).toFixed(2)];
    console.log(
      `| ${[...cells, (predictions[0]! / ms).toFixed(1), `${(100 * share).toFixed(0)} %`].join(' | ')} |`,
    );
    if (cores === Number(values.calls)) printCalls(calls, idle);
  }
  console.log('');
  drawn.push({ title: name, speedups: predictions.map((ms, i) => predictions[0]! / ms / CORES[i]!) });
}

if (values.chart !== undefined) {
  const svg = panelChart({
    title: 'What more cores are predicted to bring',
    subtitle: 'A model, from pieces of one step timed on one core: bench/cores.ts',
    xLabel: 'cores, logarithmic',
    yLabel: "share of N times one core's speed",
    xs: CORES,
    panels: drawn.map(({ title, speedups }) => ({
      title,
      lines: [{ name: 'predicted', colour: 'blue', values: speedups }],
    })),
  });
  await writeFile(values.chart, svg);
}
