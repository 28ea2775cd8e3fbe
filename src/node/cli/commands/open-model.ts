import type { SavedModel } from '../../runs/saved-model.ts';
import type { MachineFlags } from '../recipe-flags.ts';

/** Where runs are kept unless the user names a folder. */
const RUNS = 'runs';

export async function newestRun(): Promise<string> {
  const { RunFolder } = await import('../../runs/run-folder.ts');
  return RunFolder.newest(RUNS);
}

/** The model of a run; of the newest one if none is named. */
export async function openModel(run: string | undefined, flags: MachineFlags): Promise<SavedModel> {
  const { device, threads, blas } = flags;
  const { SavedModel } = await import('../../runs/saved-model.ts');
  return SavedModel.load(run ?? (await newestRun()), { device, threads, blas });
}
