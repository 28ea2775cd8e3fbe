import type { Command } from 'commander';
import { NanobardError } from '../../engine/errors.ts';

/**
 * Brings nanoGPT's way of writing flags into the usual one: `--n_layer=6` becomes `--n-layer=6`,
 * `--bias=False` becomes `--no-bias`. Values of flags stay as they are.
 */
export function normaliseArguments(args: readonly string[], program: Command): string[] {
  const options = new Map(commandOf(args, program).options.map((option) => [option.long, option]));
  const normalised: string[] = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--') return [...normalised, ...args.slice(i)];
    const [whole, name, value] = /^(--[^=]+)(?:=(.*))?$/s.exec(args[i]!) ?? [args[i]!];
    const flag = name?.replaceAll('_', '-') ?? whole;
    const option = options.get(flag);
    const negative = `--no-${option?.name()}`;
    if (option?.required && value === undefined) normalised.push(flag, ...args.slice(++i, i + 1));
    else if (value === undefined) normalised.push(flag);
    else if (!option?.isBoolean() || !options.has(negative)) normalised.push(`${flag}=${value}`);
    else if (/^(true|false)$/i.test(value)) normalised.push(/^t/i.test(value) ? flag : negative);
    else {
      const message = `option '${flag}' argument '${value}' is invalid. Expected true or false.`;
      throw new NanobardError('usage', message);
    }
  }
  return normalised;
}

/** The command that is called; the program where none is. */
export function commandOf(args: readonly string[], program: Command): Command {
  const words = args.filter((argument) => !argument.startsWith('-'));
  let command = program;
  for (const word of words) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (!next) break;
    command = next;
  }
  return command;
}
