import type { SavedModel } from '../../runs/saved-model.ts';
import type { Io } from '../io.ts';
import type { MachineFlags } from '../recipe-flags.ts';
import { writeNotes } from '../style.ts';

/** Where runs are kept unless the user names a folder. */
const RUNS = 'runs';

export async function newestRun(): Promise<string> {
  const { RunFolder } = await import('../../runs/run-folder.ts');
  return RunFolder.newest(RUNS);
}

/** The model of a run; of the newest one if none is named. What its device has to say goes to standard error. */
export async function openModel(run: string | undefined, flags: MachineFlags, io: Io): Promise<SavedModel> {
  const { device, threads, blas } = flags;
  const { SavedModel } = await import('../../runs/saved-model.ts');
  const model = await SavedModel.load(run ?? (await newestRun()), { device, threads, blas });
  writeNotes(model.device.notes, io);
  return model;
}
