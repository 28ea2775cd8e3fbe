import { isAbsolute, join } from 'node:path';
import { type ExportedFile, type ExportFormatName, exportModel } from '../../../language/formats/export.ts';
import type { WeightType } from '../../../language/formats/model-file.ts';
import { openModel } from '../../load-model.ts';
import { RunFolder } from '../../runs/run-folder.ts';
import { refuseOccupied, writeFolder } from '../../write-folder.ts';
import { exitCodes, type Io, shellWord } from '../io.ts';
import { nameOf, sampleOf, tellFiles, tellSample } from './model-report.ts';

export interface ExportFlags {
  readonly to: ExportFormatName;
  readonly dtype?: WeightType;
  readonly out?: string;
  readonly json?: true;
}

/** Formats that are read back for the sample that proves them. */
const READABLE: readonly string[] = ['hf', 'gguf', 'nanobard', 'nanogpt'];

/** Writes a model in another program's form; returns the exit code. */
export async function exportTo(run: string | undefined, flags: ExportFlags, io: Io): Promise<number> {
  const { to, dtype } = flags;
  const source = run ?? (await RunFolder.newest());
  const out = flags.out ?? `${nameOf(source)}-${to}`;
  await refuseOccupied(out);
  const model = await openModel(source);
  const files = exportModel(model, to, dtype);
  await writeFolder(out, files);
  const readBack = READABLE.includes(to);
  const sample = await sampleOf(readBack ? await openModel(out) : model);
  if (flags.json) {
    const names = files.map(({ name, data }) => ({ name, bytes: Buffer.byteLength(data) }));
    io.stdout.write(`${JSON.stringify({ type: 'export', to, path: out, files: names, sample })}\n`);
    return exitCodes.success;
  }
  tellFiles(out, files, io);
  io.stdout.write(`\n${usage(to, shellWord(out), files, io)}\n\n`);
  tellSample(
    `${readBack ? 'What it writes, read back' : 'What the model writes'}, always the likeliest:`,
    sample,
    io,
  );
  return exitCodes.success;
}

/** How the other side opens the folder. */
function usage(to: ExportFormatName, out: string, files: readonly ExportedFile[], io: Io): string {
  const gguf = files.find(({ name }) => name.endsWith('.gguf'))?.name ?? '';
  const here = isAbsolute(out) || out.startsWith('.') ? out : `./${out}`; // a bare name would be one of the hub
  const lines: Record<string, string> = {
    hf: `In Python:  from transformers import pipeline; print(pipeline('text-generation', '${out}')('The '))`,
    onnx: `In JavaScript:  const { pipeline } = await import('@huggingface/transformers'); await pipeline('text-generation', '${here}')`,
    gguf: `llama-completion -m ${join(out, gguf)} -no-cnv -n 200 -p 'The '`,
    nanogpt: `In a clone of nanoGPT:  python ${out}/from_nanobard.py ${out}/model.safetensors out\nand then:  python sample.py --out_dir=out --device=cpu`,
    nanobard: `${io.command} sample ${out}`,
  };
  return lines[to] ?? '';
}
