import type { EndEvent } from '../../../language/train/events.ts';
import { RunFolder } from '../../runs/run-folder.ts';
import { TrainingRun } from '../../runs/training.ts';
import { createDisplay, type Display } from '../display/display.ts';
import { exitCodes, type Io, isTerminal } from '../io.ts';
import { type MachineFlags, runOptions } from '../recipe-flags.ts';
import { writeNotes } from '../style.ts';
import { recipeAndText } from '../text-source.ts';

export interface TrainFlags extends MachineFlags {
  readonly profile?: true;
  readonly data?: readonly string[];
  readonly field?: string;
  readonly tokenizer?: string;
  readonly out?: string;
  readonly resume?: true;
  readonly json?: true;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Trains a model and shows how it goes; returns the exit code. */
export async function train(recipe: string | undefined, flags: TrainFlags, io: Io): Promise<number> {
  if (flags.profile) return (await import('./profile.ts')).profile(recipe, flags, io);
  const controller = new AbortController();
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
  for (const signal of SIGNALS) io.signals.on(signal, interrupt);
  try {
    const run = await open(recipe, flags, io);
    writeNotes(run.notices, io);
    display = createDisplay(run, io, flags.json === true);
    let end: EndEvent | undefined;
    for await (const event of run.events(controller.signal)) {
      display.show(event);
      if (event.type === 'end') end = event;
    }
    return end?.reason === 'interrupted' ? exitCodes.interrupted : exitCodes.success;
  } finally {
    display?.close();
    for (const signal of SIGNALS) io.signals.off(signal, interrupt);
  }
}

/** Opening may take seconds, for a download; on a terminal a line says so for as long as it lasts. */
async function open(named: string | undefined, flags: TrainFlags, io: Io): Promise<TrainingRun> {
  const told = isTerminal(io.stdout, io.env) && !flags.json;
  if (told) io.stdout.write('Getting the text and the model ready…');
  try {
    const options = { ...runOptions(flags), ...(await recipeAndText(named, flags.data, io)) };
    if (!flags.resume) return await TrainingRun.create({ ...options, folder: flags.out });
    return await TrainingRun.resume({ ...options, folder: flags.out ?? (await RunFolder.newest()) });
  } finally {
    if (told) io.stdout.write('\r\u001b[K');
  }
}
