import { basename, dirname, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { NanobardError } from '../../../engine/errors.ts';
import type { EndEvent } from '../../../language/train/events.ts';
import type { Communicator } from '../../mpi/communicator.ts';
import { help } from '../../mpi/help.ts';
import { joinJob } from '../../mpi/mpi.ts';
import { RunFolder } from '../../runs/run-folder.ts';
import { type RunOptions, TrainingRun } from '../../runs/training.ts';
import type { Studio } from '../../studio/server.ts';
import { createDisplay } from '../display/display.ts';
import { exitCodes, type Io, isTerminal, shellWord } from '../io.ts';
import { type MachineFlags, runOptions } from '../recipe-flags.ts';
import { writeNotes } from '../style.ts';
import { recipeAndText } from '../text-source.ts';
import { Audience } from './audience.ts';

export interface TrainFlags extends MachineFlags, Omit<RunOptions, 'job'> {
  readonly mpi: string;
  readonly profile?: true;
  readonly data?: readonly string[];
  readonly field?: string;
  readonly tokenizer?: string;
  readonly out?: string;
  readonly initFrom?: string;
  readonly resume?: true;
  readonly json?: true;
  readonly studio?: true;
}

/** Trains a model and shows how it goes; returns the exit code. */
export async function train(recipe: string | undefined, flags: TrainFlags, io: Io): Promise<number> {
  if (flags.profile) return (await import('./profile.ts')).profile(recipe, flags, io);
  // What lives short in a training is small; V8 would let its place grow to 48 MB, and never give that back.
  setFlagsFromString('--semi-space-growth-factor=1');
  const job = await joinJob(flags.mpi);
  if (job && job.rank > 0) return assist(job, recipe, flags, io);
  const audience = new Audience(io);
  let studio: Studio | undefined;
  try {
    const run = await open(recipe, flags, io, job);
    writeNotes(run.notices, io);
    if (flags.studio) {
      const path = resolve(run.folder.path);
      studio = await (await import('./studio.ts')).studioBeside(dirname(path), basename(path), io);
    }
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
    await studio?.close();
  }
}

async function optionsOf(named: string | undefined, flags: TrainFlags, io: Io) {
  const { keep, patience, maxMinutes, onDivergence } = flags;
  const text = await recipeAndText(named, flags.data, io);
  return { ...runOptions(flags), ...text, keep, patience, maxMinutes, onDivergence };
}

/** What another rank than the first does: it helps, and says nothing but what fails at this rank alone. */
async function assist(
  job: Communicator,
  recipe: string | undefined,
  flags: TrainFlags,
  io: Io,
): Promise<number> {
  const audience = new Audience(io);
  audience.watch({ show: () => {}, stopping: () => {}, close: () => {} });
  try {
    const { initFrom } = flags;
    const options = { ...(await optionsOf(recipe, flags, io)), ...(!flags.resume && { initFrom }) };
    const reason = await help(job, options, audience.signal);
    if (reason === undefined || reason === 'diverged') return exitCodes.failure;
    return reason === 'interrupted' ? exitCodes.interrupted : exitCodes.success;
  } catch (error) {
    if (job.concluded) return exitCodes.failure; // rank 0 says what it is
    if (!(error instanceof NanobardError)) throw error;
    const { code, message, hint, options } = error;
    throw new NanobardError(code, `${job.describe(job.rank)}: ${message}`, { hint, options, cause: error });
  } finally {
    audience.close();
  }
}

/** Opening may take seconds, for a download; on a terminal a line says so for as long as it lasts. */
async function open(
  recipe: string | undefined,
  flags: TrainFlags,
  io: Io,
  job: Communicator | undefined,
): Promise<TrainingRun> {
  const told = isTerminal(io.stdout, io.env) && !flags.json;
  if (told) io.stdout.write('Getting the text and the model ready…');
  try {
    const options = { ...(await optionsOf(recipe, flags, io)), job };
    if (!flags.resume)
      return await TrainingRun.create({ ...options, initFrom: flags.initFrom, folder: flags.out });
    return await TrainingRun.resume({ ...options, folder: flags.out ?? (await RunFolder.newest()) });
  } finally {
    if (told) io.stdout.write('\r\u001b[K');
  }
}
