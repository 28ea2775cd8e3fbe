// What nanobard's own numbers are, on this machine: `npm run bench [-- TEXT]`. TEXT is a file, or the name
// of a corpus; tinyshakespeare by default. Losses are those of the text that is used.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { TrainEvent } from '../src/train/events.ts';

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const data = process.argv[2] ?? 'tinyshakespeare';
const scratch = await mkdtemp(join(tmpdir(), 'nanobard-bench-'));

/** Prints the peak memory when the process ends, on a line of its own. */
const REPORT_MEMORY =
  'data:text/javascript,process.on("exit",()=>console.error("peak",process.resourceUsage().maxRSS))';

interface Result {
  readonly events: readonly (TrainEvent & { readonly at: number })[];
  readonly seconds: number;
  readonly peakMegabytes: number;
}

/** Runs the command line and collects its JSON events, each with the milliseconds since the start. */
async function run(...args: string[]): Promise<Result> {
  const begin = performance.now();
  const child = spawn(process.execPath, ['--import', REPORT_MEMORY, cli, ...args, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const events: (TrainEvent & { at: number })[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    events.push({ ...(JSON.parse(line) as TrainEvent), at: performance.now() - begin });
  }
  if ((await ended) !== 0) throw new Error(`nanobard ${args.join(' ')} failed:\n${errors}`);
  const peak = Number(/peak (\d+)/.exec(errors)?.[1]) / 1024;
  return { events, seconds: (performance.now() - begin) / 1000, peakMegabytes: peak };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const ofType = <T extends TrainEvent['type']>(result: Result, type: T) =>
  result.events.filter(
    (event): event is Extract<TrainEvent, { type: T }> & { at: number } => event.type === type,
  );

const rows: [what: string, measured: string, must: string][] = [];

const gpt = await run('train', 'shakespeare-char-cpu', '--data', data, '--out', join(scratch, 'gpt'));
const steps = ofType(gpt, 'step');
const end = ofType(gpt, 'end')[0]!;
rows.push(
  ['GPT, 2,000 steps: best val (random windows)', end.bestVal!.toFixed(4), '≤ 1.90'],
  ['  whole validation split at the end', ofType(gpt, 'eval').at(-1)!.valFull.toFixed(4), ''],
  ['  whole run', `${gpt.seconds.toFixed(1)} s`, '≤ 150 s'],
  ['  step, median', `${median(steps.map(({ ms }) => ms)).toFixed(1)} ms`, '≤ 60 ms'],
  ['  first step after the command', `${(steps[0]!.at / 1000).toFixed(2)} s`, ''],
  ['  peak memory', `${gpt.peakMegabytes.toFixed(0)} MB`, '≤ 400 MB'],
);

for (const [batch, must] of [
  [4, '≤ 2.57'],
  [32, '≤ 2.49'],
] as const) {
  const bigram = await run(
    'train',
    'bigram',
    '--data',
    data,
    '--batch-size',
    `${batch}`,
    '--out',
    join(scratch, `bigram${batch}`),
  );
  const { trainSeconds } = ofType(bigram, 'end')[0]!;
  rows.push([
    `bigram, batch ${batch}, 10,000 steps: whole validation`,
    ofType(bigram, 'eval').at(-1)!.valFull.toFixed(4),
    must,
  ]);
  rows.push(['  training', `${trainSeconds.toFixed(2)} s`, batch === 4 ? '≤ 1.5 s' : '']);
}

const sample = await run('sample', join(scratch, 'gpt'), '--tokens', '2000');
const text = sample.events.at(-1) as unknown as { tokensPerSecond: number };
rows.push(
  ['sample, 2,000 tokens', `${Math.round(text.tokensPerSecond).toLocaleString('en')} tokens/s`, '≥ 2,000'],
  ['  first token after the command', `${(sample.events[0]!.at / 1000).toFixed(2)} s`, '≤ 0.6 s'],
);

console.log(
  `\nnode ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model.trim()}, ${new Date().toISOString().slice(0, 10)}, ${data}\n`,
);
console.log('| | measured | must |\n|---|---|---|');
for (const row of rows) console.log(`| ${row.join(' | ')} |`);
await rm(scratch, { recursive: true });
