#!/usr/bin/env node
import { closeSync, createWriteStream, openSync } from 'node:fs';
import { devNull } from 'node:os';
import process from 'node:process';
import { isatty } from 'node:tty';
import { allowWideSimd } from '../../engine/devices/cpu/host.ts';
import { isRelayed } from '../mpi/launched.ts';
import { invocation } from './io.ts';
import { run } from './main.ts';

const { stdin, stderr, env } = process;

// Node waits until a terminal or a pipe has taken what is written. Open MPI's launcher stops reading when it is told to
// end, and then tells its ranks: one that waits for its reader would not hear of it. A file's stream never waits.
const stdout = isRelayed(env) ? createWriteStream('', { fd: 1, autoClose: false }) : process.stdout;

// A reader that has seen enough, such as `head`, closes the pipe: no reason to complain. Commands that have more to lose
// than their output, as `train` has, listen themselves.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (stdout.listenerCount('error') > 1) return;
  if (error.code !== 'EPIPE') process.stderr.write(`error: standard output: ${error.message}\n`);
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});
process.stderr.on('error', () => {}); // there is nobody to tell

allowWideSimd(); // a flag of V8: a program may set it, a library not

const terminals = [0, 1, 2].filter((fd) => isatty(fd));
const io = {
  ...{ stdin, stdout, stderr, env, signals: process },
  exit: (code: number) => process.exit(code),
  command: invocation(process.argv[1] ?? '', process.cwd()),
};
process.exitCode = await run(process.argv.slice(2), io);

// Node aborts when it ends and finds a terminal that it began with gone; it leaves alone what is another file by then.
for (const fd of terminals) {
  if (isatty(fd)) continue;
  closeSync(fd);
  openSync(devNull, 'r+'); // the lowest number that is free: the same
}
