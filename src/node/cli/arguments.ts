import type { Command } from 'commander';
import { NanobardError } from '../../engine/errors.ts';

/**
 * Brings nanoGPT's way of writing flags into the usual one: `--n_layer=6` becomes `--n-layer=6`,
 * `--bias=False` becomes `--no-bias`. Values of flags stay as they are.
 */
export function normaliseArguments(args: readonly string[], program: Command): string[] {
  const command = commandOf(args, program);
  const options = new Map(command.options.map((option) => [option.long, option]));
  const normalised: string[] = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--') return [...normalised, ...args.slice(i)];
    const [flag, value] = splitFlag(args[i]!);
    const option = options.get(flag);
    if (option?.required && value === undefined) {
      normalised.push(flag, ...args.slice(i + 1, i + 2));
      i++;
    } else if (option?.isBoolean() && value !== undefined && options.has(`--no-${option.name()}`)) {
      normalised.push(parseBoolean(flag, value) ? flag : `--no-${option.name()}`);
    } else {
      normalised.push(value === undefined ? flag : `${flag}=${value}`);
    }
  }
  return normalised;
}

/** The command that is called; the program where none is. */
export function commandOf(args: readonly string[], program: Command): Command {
  const name = args.find((argument) => !argument.startsWith('-'));
  return program.commands.find((candidate) => candidate.name() === name) ?? program;
}

/** `--some_flag=value` → `--some-flag` and `value`; what is not a long flag stays whole. */
function splitFlag(argument: string): [flag: string, value: string | undefined] {
  if (!argument.startsWith('--')) return [argument, undefined];
  const equals = argument.indexOf('=');
  const flag = equals < 0 ? argument : argument.slice(0, equals);
  return [flag.replaceAll('_', '-'), equals < 0 ? undefined : argument.slice(equals + 1)];
}

function parseBoolean(flag: string, value: string): boolean {
  if (/^(true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  throw new NanobardError(
    'usage',
    `option '${flag}' argument '${value}' is invalid. Expected true or false.`,
  );
}
