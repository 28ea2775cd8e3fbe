import type { TextModel } from '../../../language/text-model.ts';
import type { MachineFlags } from '../recipe-flags.ts';

/** Where runs are kept unless the user names a folder. */
const RUNS = 'runs';

export async function newestRun(): Promise<string> {
  const { RunFolder } = await import('../../runs/run-folder.ts');
  return RunFolder.newest(RUNS);
}

/** The model of a run; of the newest one if none is named. */
export async function openModel(run: string | undefined, flags: MachineFlags): Promise<TextModel> {
  const { device, threads, blas } = flags;
  const { loadModel } = await import('../../load-model.ts');
  return loadModel(run ?? (await newestRun()), { device, threads, blas });
}
