import type { TextModel } from '../../../language/text-model.ts';
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
export async function openModel(run: string | undefined, flags: MachineFlags, io: Io): Promise<TextModel> {
  const { device, threads, blas } = flags;
  const { loadModel } = await import('../../load-model.ts');
  const model = await loadModel(run ?? (await newestRun()), { device, threads, blas });
  writeNotes(model.device.notes, io);
  return model;
}
