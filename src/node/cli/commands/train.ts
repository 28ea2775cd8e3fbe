import { defaultRecipe } from '../../../language/recipes/recipes.ts';
import type { EndEvent } from '../../../language/train/events.ts';
import { type Context, exitCodes } from '../context.ts';
import { createDisplay, type Display } from '../display/display.ts';
import { type Io, isTerminal } from '../io.ts';
import { checkFields, chooseRecipe } from '../recipe-choice.ts';
import { overridesFrom } from '../recipe-flags.ts';
import { styleFor } from '../style.ts';
import type { Engine, MachineOptions, TrainOptions, TrainSession } from './session.ts';

export interface TrainFlags extends MachineOptions {
  readonly profile?: true;
  readonly data?: string;
  readonly out?: string;
  readonly resume?: true;
  readonly json?: true;
}

/** Trains a model and shows how it goes; returns the exit code. */
export async function train(
  name: string | undefined,
  flags: TrainFlags,
  { io, engine }: Context,
): Promise<number> {
  if (flags.profile) {
    const { profile } = await import('./profile.ts');
    return profile(chooseRecipe(name ?? defaultRecipe, overridesFrom({ ...flags })), flags, { io, engine });
  }
  const controller = new AbortController();
  const options = trainOptions(name, flags, controller.signal);
  let display: Display | undefined;
  // Until training has begun there is nothing to save; a second signal means that saving takes too long.
  const interrupt = (): void => {
    if (!display || controller.signal.aborted) {
      display?.close();
      io.exit(exitCodes.interrupted);
    } else {
      controller.abort();
      display.stopping();
    }
  };
  io.signals.on('SIGINT', interrupt);
  io.signals.on('SIGTERM', interrupt);
  io.signals.on('SIGHUP', interrupt);
  try {
    const session = await openTraining(engine, options, io, flags.json === true);
    const style = styleFor(io.stderr, io.env);
    for (const notice of session.notices) io.stderr.write(`${style.yellow('note:')} ${notice}\n`);
    display = await createDisplay(session, io, flags.json === true);
    let end: EndEvent | undefined;
    for await (const event of session.events()) {
      display.show(event);
      if (event.type === 'end') end = event;
    }
    return end?.reason === 'interrupted' ? exitCodes.interrupted : exitCodes.success;
  } finally {
    display?.close();
    io.signals.off('SIGINT', interrupt);
    io.signals.off('SIGTERM', interrupt);
    io.signals.off('SIGHUP', interrupt);
  }
}

function trainOptions(name: string | undefined, flags: TrainFlags, signal: AbortSignal): TrainOptions {
  const overrides = overridesFrom({ ...flags });
  const { data, device, threads, blas } = flags;
  const common = { data, device, threads, blas, overrides, signal };
  if (flags.resume) {
    if (name !== undefined) checkFields(name, overrides);
    return { ...common, resume: true, recipeName: name, out: flags.out };
  }
  const recipeName = name ?? defaultRecipe;
  const recipe = chooseRecipe(recipeName, overrides);
  const out = flags.out ?? newRunFolder(recipeName, new Date());
  return { ...common, resume: false, recipeName, recipe, out };
}

/** `runs/<recipe>-<yyyymmdd-hhmmss>`, in local time: names of runs sort by age. */
export function newRunFolder(recipeName: string, date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `runs/${recipeName}-${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

/** Opening may take seconds, for a download; on a terminal a line says so for as long as it lasts. */
async function openTraining(
  engine: Engine,
  options: TrainOptions,
  io: Io,
  json: boolean,
): Promise<TrainSession> {
  const told = isTerminal(io.stdout, io.env) && !json;
  if (told) io.stdout.write('Getting the text and the model ready…');
  try {
    return await engine.openTraining(options);
  } finally {
    if (told) io.stdout.write('\r\u001b[K');
  }
}
