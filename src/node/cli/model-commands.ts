import { type Command, Option } from 'commander';
import { wholeFrom1 } from '../../language/fields.ts';
import { exportFormats } from '../../language/formats/export.ts';
import type { ExportFlags } from './commands/export.ts';
import type { ImportFlags } from './commands/import.ts';
import type { Io } from './io.ts';
import { numberParser } from './recipe-flags.ts';

const dtype = (): Option =>
  new Option('--dtype <type>', 'how weights are stored (default: f32)').choices(['f32', 'f16', 'q8']);

/** Adds the commands for models that come from other programs and go to them. */
export function addModelCommands(program: Command, io: Io, finish: (exitCode: number) => void): void {
  program
    .command('export')
    .summary('write a model for another program')
    .description('Writes a trained model as a folder that another program opens, with its tokenizer.')
    .argument('[run]', 'run folder, or another model (default: the newest in ./runs)')
    .addOption(
      new Option('--to <format>', 'what to write').choices(Object.keys(exportFormats)).makeOptionMandatory(),
    )
    .addOption(dtype())
    .option('--out <folder>', 'where to, a new or empty folder (default: <run>-<format>)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', exportExamples)
    .action(async (run: string | undefined, flags: ExportFlags) =>
      finish(await (await import('./commands/export.ts')).exportTo(run, flags, io)),
    );

  program
    .command('import')
    .summary('read a model of another program')
    .description(
      "Makes a model file of a GPT-2 in Hugging Face's form. Most commands read such folders themselves.",
    )
    .argument('<model>', 'a folder, or hf:org/name[@revision]')
    .addOption(dtype())
    .option('--block-size <n>', 'tokens of context, fewer than it has', numberParser(wholeFrom1))
    .option('--out <folder>', 'where to, a new or empty folder (default: <model>-nanobard)')
    .option('--json', 'print one JSON object')
    .addHelpText('after', importExamples)
    .action(async (model: string, flags: ImportFlags) =>
      finish(await (await import('./commands/import.ts')).importFrom(model, flags, io)),
    );
}

const exportExamples = `
Examples:
  nanobard export --to hf                   # the newest run, for transformers
  nanobard export runs/mine --to nanobard --dtype q8 --out small`;

const importExamples = `
Examples:
  nanobard import ./my-gpt2 --block-size 256
  nanobard import hf:openai-community/gpt2`;
