import { NanobardError } from '../../../engine/errors.ts';
import { exportModel } from '../../../language/formats/export.ts';
import type { WeightType } from '../../../language/formats/model-file.ts';
import { shortened } from '../../../language/formats/shortened.ts';
import { openModel } from '../../load-model.ts';
import { refuseOccupied, writeFolder } from '../../write-folder.ts';
import { exitCodes, type Io, shellWord } from '../io.ts';
import { nameOf, sampleOf, tellFiles, tellSample } from './model-report.ts';

export interface ImportFlags {
  readonly out?: string;
  readonly dtype?: WeightType;
  readonly blockSize?: number;
  readonly json?: true;
}

/** Makes a model file of another program's model; returns the exit code. */
export async function importFrom(source: string, flags: ImportFlags, io: Io): Promise<number> {
  const out = flags.out ?? `${nameOf(source)}-nanobard`;
  await refuseOccupied(out);
  const found = await openModel(source);
  const { blockSize = found.spec.blockSize } = flags;
  if (blockSize > found.spec.blockSize) {
    throw new NanobardError('config', `the model reads ${found.spec.blockSize} tokens, not ${blockSize}`, {
      hint: 'Its block can only become shorter.',
      options: ['blockSize'],
    });
  }
  const files = exportModel(shortened(found, { blockSize }), 'nanobard', flags.dtype);
  await writeFolder(out, files);
  const model = await openModel(out);
  const sample = await sampleOf(model);
  if (flags.json) {
    io.stdout.write(`${JSON.stringify({ type: 'import', path: out, model: model.spec, sample })}\n`);
    return exitCodes.success;
  }
  tellFiles(out, files, io);
  const [path, { command }] = [shellWord(out), io];
  io.stdout.write(`\n${command} sample ${path}\n${command} train --init-from ${path} --data my-text.txt\n\n`);
  tellSample('What it writes, always the likeliest:', sample, io);
  return exitCodes.success;
}
