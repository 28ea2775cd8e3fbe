import type { EndEvent } from '../../../language/train/events.ts';
import { RunFolder } from '../../runs/run-folder.ts';
import { type RunOptions, TrainingRun } from '../../runs/training.ts';
import { createDisplay } from '../display/display.ts';
import { exitCodes, type Io, isTerminal, shellWord } from '../io.ts';
import { type MachineFlags, runOptions } from '../recipe-flags.ts';
import { writeNotes } from '../style.ts';
import { Audience } from './audience.ts';

export interface TrainFlags extends MachineFlags, RunOptions {
  readonly profile?: true;
  readonly data?: string;
  readonly out?: string;
  readonly resume?: true;
  readonly json?: true;
}

/** Trains a model and shows how it goes; returns the exit code. */
export async function train(recipe: string | undefined, flags: TrainFlags, io: Io): Promise<number> {
  if (flags.profile) return (await import('./profile.ts')).profile(recipe, flags, io);
  const audience = new Audience(io);
  try {
    const run = await open(recipe, flags, io);
    writeNotes(run.notices, io);
    audience.watch(createDisplay(run, io, flags.json === true));
    let end: EndEvent | undefined;
    for await (const event of run.events(audience.signal)) {
      audience.show(event);
      if (event.type === 'end') end = event;
    }
    const interrupted = end?.reason === 'interrupted';
    if (audience.gone !== undefined) {
      const resume = `${io.command} train --resume --out ${shellWord(run.folder.path)}`;
      const how = interrupted
        ? `has stopped and is saved. Resume it with ${resume}`
        : 'has ended and is saved.';
      writeNotes([`Nothing could be shown any more (${audience.gone}). The run ${how}`], io);
    }
    return interrupted ? exitCodes.interrupted : exitCodes.success;
  } finally {
    audience.close();
  }
}

/** Opening may take seconds, for a download; on a terminal a line says so for as long as it lasts. */
async function open(recipe: string | undefined, flags: TrainFlags, io: Io): Promise<TrainingRun> {
  const told = isTerminal(io.stdout, io.env) && !flags.json;
  if (told) io.stdout.write('Getting the text and the model ready…');
  try {
    const { keep, patience, maxMinutes, onDivergence } = flags;
    const options = { recipe, ...runOptions(flags), keep, patience, maxMinutes, onDivergence };
    if (!flags.resume) return await TrainingRun.create({ ...options, folder: flags.out });
    return await TrainingRun.resume({ ...options, folder: flags.out ?? (await RunFolder.newest()) });
  } finally {
    if (told) io.stdout.write('\r\u001b[K');
  }
}
