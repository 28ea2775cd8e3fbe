// Two runs of the command line, watched live in a page: how late each step is shown, and what the server takes.
//
//     npm --prefix studio run bench:watching [-- MINUTES]
//
// MINUTES is 10 by default. Builds of the package and of the studio must be there. Fails where something is shown later
// than a second after the run has told it, or the server takes more than 100 MB.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { launch } from '../tests/chromium.ts';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const minutes = Number(process.argv[2] ?? 10);
const MOST_LATE = 1000;
const MOST_MEMORY = 100;

const runs = await mkdtemp(join(tmpdir(), 'nanobard-watched-'));
const processes: ChildProcess[] = [];

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  processes.push(child);
  return child;
}

/** Steps that a run has told and the page has not shown yet, the oldest first, and when they were told. */
const waiting = new Map<string, { readonly step: number; readonly at: number }[]>();
/** How late what was shown was, in ms. */
const late: number[] = [];

/** Everything up to a step of a run is on the page now. */
function show(run: string, step: number): void {
  const queue = waiting.get(run);
  while (queue?.[0] && queue[0].step <= step) late.push(performance.now() - queue.shift()!.at);
}

const server = start('studio', '--runs', runs, '--port', '0', '--no-open');
const [line] = (await once(createInterface(server.stdout!), 'line')) as [string];
const address = /http:\S+/.exec(line)![0];

for (const [name, rate] of [
  ['one', '1e-3'],
  ['two', '2e-3'],
] as const) {
  const flags = ['--data', 'plays', '--threads', '1', '--max-iters', '1000000', '--learning-rate', rate];
  const run = start('train', 'shakespeare-char-cpu', ...flags, '--json', '--out', join(runs, name));
  const queue: { step: number; at: number }[] = [];
  waiting.set(name, queue);
  createInterface(run.stdout!).on('line', (text) => {
    const { type, step } = JSON.parse(text) as { readonly type: string; readonly step: number };
    if (type === 'step') queue.push({ step, at: performance.now() });
  });
}

const browser = await launch();
const memory: number[] = [];
try {
  const page = await browser.newPage();
  await page.exposeFunction('show', show);
  await page.goto(`${address}&tab=runs&lang=en`);
  for (const name of waiting.keys()) await page.getByLabel(`Draw: ${name}`).check();
  await page.locator('.plot[aria-label*="one"][aria-label*="two"]').waitFor();
  // What a screen reader is told is what the curves end at; it changes when they are drawn.
  await page.evaluate(() => {
    new MutationObserver(() => {
      const label = document.querySelector('.plot')?.getAttribute('aria-label') ?? '';
      for (const [, run, step] of label.matchAll(/(one|two): (\d+)/g))
        (globalThis as unknown as { show(run: string, step: number): void }).show(run!, Number(step));
    }).observe(document.body, { attributes: true, childList: true, subtree: true });
  });
  await page.waitForTimeout(3000);
  late.length = 0; // what was told before the page was there
  for (const end = performance.now() + 60_000 * minutes; performance.now() < end; ) {
    await page.waitForTimeout(1000);
    const kilobytes = Number(
      execFileSync('ps', ['-o', 'rss=', '-p', String(server.pid)], { encoding: 'utf8' }),
    );
    memory.push(kilobytes / 1000);
  }
} finally {
  await browser.close();
  for (const child of processes) child.kill();
  await Promise.all(processes.map((child) => child.exitCode ?? once(child, 'exit')));
  await rm(runs, { recursive: true });
}

late.sort((a, b) => a - b);
const at = (share: number): number => late[Math.min(late.length - 1, Math.floor(share * late.length))]!;
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const minute = Math.min(60, Math.ceil(memory.length / 2));
console.log(`${late.length} steps of two runs in ${minutes} minutes`);
console.log(
  `shown after ${at(0.5).toFixed(0)} ms (median), ${at(0.99).toFixed(0)} (99 %), ${at(1).toFixed(0)} (latest)`,
);
console.log(
  `memory of the server, MB: ${mean(memory.slice(0, minute)).toFixed(0)} in the first minute, ` +
    `${mean(memory.slice(-minute)).toFixed(0)} in the last, ${Math.max(...memory).toFixed(0)} at most`,
);
if (at(1) > MOST_LATE || Math.max(...memory) > MOST_MEMORY) process.exitCode = 1;
