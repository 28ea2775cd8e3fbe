// What `export` and `import` tell of a model.
import { basename, resolve } from 'node:path';
import type { ExportedFile } from '../../../language/formats/export.ts';
import type { ModelFile } from '../../../language/formats/model-file.ts';
import { placeModel } from '../../../language/load-model.ts';
import { formatBytes } from '../display/format.ts';
import { printable } from '../display/terminal-text.ts';
import { type Io, isTerminal } from '../io.ts';
import { styleFor } from '../style.ts';

/** Length of the sample that proves a model, in tokens. */
const TOKENS = 64;

/** What a model is called by where it is: the last part of a path or of an address, without the revision. */
export function nameOf(source: string): string {
  if (/^\w[\w+.-]+:/.test(source))
    return source.replace(/@.*$/, '').split('/').filter(Boolean).at(-1) ?? 'model';
  return basename(resolve(source)).replace(/\.safetensors$/, '') || 'model';
}

/** What a model writes when it always takes the likeliest token. */
export async function sampleOf(file: ModelFile): Promise<string> {
  const model = await placeModel(file, {});
  try {
    return await model.write('', { tokens: TOKENS, temperature: 0 });
  } finally {
    await model.dispose();
  }
}

/** Shows a sample; a terminal gets no control characters. */
export function tellSample(title: string, sample: string, io: Io): void {
  const shown = isTerminal(io.stdout, io.env) ? printable(sample) : sample;
  io.stdout.write(`${styleFor(io.stdout, io.env).dim(title)}\n${shown}\n`);
}

export function tellFiles(folder: string, files: readonly ExportedFile[], io: Io): void {
  const { bold, dim } = styleFor(io.stdout, io.env);
  const width = Math.max(...files.map(({ name }) => name.length));
  const lines = files.map(
    ({ name, data }) => `  ${name.padEnd(width)}  ${dim(formatBytes(Buffer.byteLength(data)))}`,
  );
  io.stdout.write(`${[bold(folder), ...lines].join('\n')}\n`);
}
