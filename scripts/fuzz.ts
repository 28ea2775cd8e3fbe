// Gives every reader of files a million damaged ones:
//
//     npm run fuzz                          all readers, a million cases each
//     npm run fuzz -- safetensors           one of them
//     npm run fuzz -- safetensors 4711      one case, as a failure names it
//     npm run fuzz -- --cases 1000 --from 7 fewer of them, others
//
// Each reader runs in a process of its own, with a heap of 512 MB; one that hangs for two minutes or dies is a failure.

import { type ChildProcess, fork } from 'node:child_process';
import { parseArgs } from 'node:util';
import { fuzz, report } from '../src/testing/fuzz.ts';
import { readers } from '../src/testing/readers.ts';

/** Cases after which a process tells how far it has come; one by one where a failure is near. */
const BLOCK = 1000;
const HANGS_AFTER_MS = 120_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cases: { type: 'string', default: '1000000' },
    from: { type: 'string', default: '0' },
    block: { type: 'string', default: String(BLOCK) },
  },
});
const [name, single] = positionals;
const from = Number(single ?? values.from);
const cases = single === undefined ? Number(values.cases) : 1;
const chosen = readers.filter((reader) => name === undefined || reader.name === name);
if (chosen.length === 0) throw new Error(`there is no reader ${name}: ${readers.map((each) => each.name)}`);

if (process.send) await child();
else {
  for (const reader of chosen) {
    const begin = performance.now();
    const failure = await inProcess(reader.name, { from, cases, block: BLOCK });
    const seconds = ((performance.now() - begin) / 1000).toFixed(0);
    console.log(failure ?? `${reader.name}: ${cases} cases from ${from}, ${seconds} s`);
    if (failure !== undefined) process.exitCode = 1;
  }
}

/** A part of the work, told on the way: block by block, each read to its end before it is told. */
async function child(): Promise<void> {
  const [reader] = chosen as [(typeof readers)[number]];
  const block = Number(values.block);
  process.on('disconnect', () => process.exit()); // nobody waits any more
  for (let at = from; at < from + cases; at += block) {
    process.send?.({ at });
    await new Promise(setImmediate); // the message goes out
    const fuzzed = await fuzz(reader, { from: at, cases: Math.min(block, from + cases - at) });
    if (fuzzed.failures.length === 0) continue;
    process.send?.({ failure: report(reader, fuzzed) });
    await new Promise(setImmediate);
    break;
  }
  process.disconnect?.();
}

/** What went wrong, if anything did. */
async function inProcess(
  reader: string,
  { from, cases, block }: { from: number; cases: number; block: number },
): Promise<string | undefined> {
  const args = [reader, '--from', `${from}`, '--cases', `${cases}`, '--block', `${block}`];
  const execArgv = [...process.execArgv, '--max-old-space-size=512'];
  const told: { at: number; failure?: string } = { at: from };
  const ended = await watch(fork(import.meta.filename, args, { execArgv }), told);
  if (told.failure !== undefined || ended === 'finished') return told.failure;
  if (block > 1) return inProcess(reader, { from: told.at, cases: block, block: 1 });
  return `${reader}, case ${told.at} (npm run fuzz -- ${reader} ${told.at}) ${ended}`;
}

function watch(process: ChildProcess, told: { at: number; failure?: string }): Promise<string> {
  return new Promise((resolve) => {
    const hang = (): void => {
      process.kill('SIGKILL');
      resolve('hangs');
    };
    let timer = setTimeout(hang, HANGS_AFTER_MS);
    process.on('message', (message: object) => {
      Object.assign(told, message);
      clearTimeout(timer);
      timer = setTimeout(hang, HANGS_AFTER_MS);
    });
    process.on('exit', (code, signal) => {
      clearTimeout(timer);
      resolve(code === 0 ? 'finished' : `ends the process (${signal ?? `exit code ${code}`})`);
    });
  });
}
