// A model of what more ranks bring, as a table, and as a picture on request:
//
//     npx tsx bench/machines.ts --gflops 30 [--bandwidth 0.125 --latency 200] [--sync 50] [--chart docs/machines.svg]
//
// A step of N ranks with a batch each takes as long as one's, and what its backward pass does not hide of the exchange of the
// gradients (common/network.ts); `--sync` exchanges parameters, which nothing hides. The step's floating-point operations are
// 6 for each parameter and token (Kaplan et al., "Scaling Laws", 2020, without attention).
// What a machine computes is measured by `nanobard doctor`, what its network does by `mpirun … nanobard doctor`.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Colour } from '../src/node/charts/svg.ts';
import { panelChart } from './charts/panels.ts';
import { exchange, type Network, stepTime } from './common/network.ts';
import { table } from './common/results.ts';

interface Model {
  readonly name: string;
  readonly parameters: number;
  /** Those of the table of embeddings. */
  readonly embeddings: number;
  /** Of a rank, in one step. */
  readonly tokens: number;
}

const models: readonly Model[] = [
  { name: '4 × 128, 0.8 M (shakespeare-char-cpu)', parameters: 0.8e6, embeddings: 65 * 128, tokens: 12 * 64 },
  { name: '6 × 384, 10.6 M (shakespeare-char)', parameters: 10.6e6, embeddings: 65 * 384, tokens: 64 * 256 },
  { name: '12 × 768, 124 M (GPT-2 small)', parameters: 124e6, embeddings: 50_257 * 768, tokens: 12 * 1024 },
];

/** What the names of these networks promise: nominal numbers, not measurements. */
const nominal: readonly Network[] = [
  { name: '1 Gbit/s, 200 µs', bandwidth: 0.125, latency: 200 },
  { name: '10 Gbit/s, 50 µs', bandwidth: 1.25, latency: 50 },
  { name: '100 Gbit/s, 5 µs', bandwidth: 12.5, latency: 5 },
];

const COLOURS: readonly Colour[] = ['orange', 'blue', 'azure'];

const RANKS = [2, 4, 8, 16, 64, 256, 1024];

const { values } = parseArgs({
  options: {
    gflops: { type: 'string' },
    bandwidth: { type: 'string' },
    latency: { type: 'string', default: '0' },
    sync: { type: 'string', default: '1' },
    chart: { type: 'string' },
  },
});
const gflops = Number(values.gflops);
const every = Number(values.sync);
if (!(gflops > 0) || !(every >= 1)) {
  console.error('Give what a rank computes, as doctor tells: npx tsx bench/machines.ts --gflops 30');
  process.exit(2);
}
const own = {
  name: 'the network given',
  bandwidth: Number(values.bandwidth),
  latency: Number(values.latency),
};
const networks = values.bandwidth === undefined ? nominal : [own];

const what = `${gflops} GFLOP/s a rank, exchange every ${every === 1 ? 'step' : `${every} steps`}`;
const predictions = models.map(({ name, parameters, embeddings, tokens }) => {
  const compute = (6 * parameters * tokens) / (gflops * 1e9);
  const gradients = { bytes: 4 * parameters, last: 4 * embeddings };
  const time = (ranks: number, network: Network): number =>
    every === 1
      ? stepTime(compute, ranks, gradients, network)
      : compute + exchange(ranks, gradients.bytes, network) / every;
  const share = (ranks: number, network: Network): number => compute / time(ranks, network);
  const shares = networks.map((network) => RANKS.map((ranks) => share(ranks, network)));
  return { name, compute, shares };
});

console.log(`Predicted share of N times one rank's speed; ${what}\n`);
const rows = predictions.flatMap(({ name, compute, shares }) => {
  const step = compute < 1 ? `${(1000 * compute).toFixed(0)} ms` : `${compute.toFixed(1)} s`;
  return networks.map((network, i) => [
    name,
    network.name,
    step,
    ...shares[i]!.map((share) => share.toFixed(2)),
  ]);
});
console.log(table(['model', 'network', 'step', ...RANKS.map(String)], rows));

if (values.chart !== undefined) {
  const svg = panelChart({
    title: 'What more ranks are predicted to bring',
    subtitle: `A model, not measurements: ${what}`,
    xLabel: 'ranks, logarithmic',
    yLabel: "share of N times one rank's speed",
    xs: RANKS,
    panels: predictions.map(({ name, shares }) => ({
      title: name.replace(/ \(.*/, ''),
      lines: networks.map((network, i) => ({
        name: network.name,
        colour: COLOURS[i]!,
        values: shares[i]!,
      })),
    })),
  });
  await writeFile(values.chart, svg);
}
