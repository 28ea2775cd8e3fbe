import { inspect } from 'node:util';
import { type Command, CommanderError } from 'commander';
import { NanobardError } from '../../engine/errors.ts';
import { commandOf, normaliseArguments } from './arguments.ts';
import { createCommandLine } from './command-line.ts';
import { exitCodes, type Io } from './io.ts';
import { styleFor } from './style.ts';

/**
 * Runs one command line, without the name of the program, and returns the exit code: 0 for success, 1 for
 * failure, 2 for wrong usage, 130 if training was interrupted. Errors are printed, never thrown.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let exitCode: number = exitCodes.success;
  const program = createCommandLine(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(normaliseArguments(args, program), { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed the help or the error already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
    report(error, io, commandOf(args, program), args.includes('--debug'));
    const misused = error instanceof NanobardError && ['usage', 'argument'].includes(error.code);
    return misused ? exitCodes.usage : exitCodes.failure;
  }
}

function report(error: unknown, io: Io, command: Command, debug: boolean): void {
  const style = styleFor(io.stderr, io.env);
  const message = error instanceof Error ? error.message : String(error);
  const hint =
    error instanceof NanobardError ? hintOf(error, command) : 'Add --debug to see where this came from.';
  io.stderr.write(`${style.red('error:')} ${message}\n${hint === '' ? '' : `${hint}\n`}`);
  if (debug) io.stderr.write(`${inspect(error)}\n`);
}

/** An error's hint, with the flags that are meant by the options it names. */
function hintOf({ hint = '', options }: NanobardError, command: Command): string {
  const names = options.map((option) => (option === 'folder' ? 'out' : option));
  const flags = command.options.filter(
    (option) => names.includes(option.attributeName()) && !option.negate && option.long !== undefined,
  );
  if (flags.length === 0) return hint;
  const list = new Intl.ListFormat('en').format(flags.map(({ long }) => `${long}`));
  return `${hint} See ${list}.`.trimStart();
}
