import { inspect } from 'node:util';
import { CommanderError } from 'commander';
import { NanobardError } from '../../engine/errors.ts';
import { normaliseArguments } from './arguments.ts';
import { type Context, exitCodes } from './context.ts';
import { createProgram } from './program.ts';
import { styleFor } from './style.ts';

/**
 * Runs one command line, without the name of the program, and returns the exit code: 0 for success, 1 for
 * failure, 2 for wrong usage, 130 if training was interrupted. Errors are printed, never thrown.
 */
export async function run(args: readonly string[], context: Context): Promise<number> {
  let exitCode: number = exitCodes.success;
  try {
    const program = createProgram(context, (code) => {
      exitCode = code;
    });
    await program.parseAsync(normaliseArguments(args, program), { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed the help or the error already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
    report(error, context, args.includes('--debug'));
    return error instanceof NanobardError && error.code === 'usage' ? exitCodes.usage : exitCodes.failure;
  }
}

function report(error: unknown, { io }: Context, debug: boolean): void {
  const style = styleFor(io.stderr, io.env);
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof NanobardError ? error.hint : 'Add --debug to see where this came from.';
  io.stderr.write(`${style.red('error:')} ${message}\n${hint === undefined ? '' : `${hint}\n`}`);
  if (debug) io.stderr.write(`${inspect(error)}\n`);
}
