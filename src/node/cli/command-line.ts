import { Command, Option } from 'commander';
import * as v from 'valibot';
import { notNegative, positive, wholeFrom0, wholeFrom1 } from '../../language/fields.ts';
import { defaultRecipe, recipes } from '../../language/recipes/recipes.ts';
import { version } from '../../version.ts';
import { onDivergence } from '../runs/run-policy.ts';
import type { ChartFlags } from './commands/chart.ts';
import type { DoctorFlags } from './commands/doctor.ts';
import type { EvalFlags } from './commands/eval.ts';
import type { SampleFlags } from './commands/sample.ts';
import type { StudioFlags } from './commands/studio.ts';
import type { TrainFlags } from './commands/train.ts';
import { type Io, sizeOf } from './io.ts';
import { addModelCommands } from './model-commands.ts';
import { addMachineFlags, addRecipeFlags, numberParser } from './recipe-flags.ts';
import { styleFor } from './style.ts';
import { addTokenizerCommands, dataOption, fieldOption } from './text-flags.ts';

/**
 * The command line: what can be said, and how `--help` explains it. What commands do is loaded only when one
 * runs, so that none waits for what another needs. `finish` receives the exit code.
 */
export function createCommandLine(io: Io, finish: (exitCode: number) => void): Command {
  const program = new Command('nanobard')
    .description('Train and run GPT language models in TypeScript.')
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .option('--debug', 'print the stack of an error')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => sizeOf(io.stdout).columns,
      getErrHelpWidth: () => sizeOf(io.stderr).columns,
      outputError: (text, write) => write(text.replace(/^error:/, styleFor(io.stderr, io.env).red('error:'))),
    });

  const train = program
    .command('train')
    .summary('train a model on a text')
    .description('Trains a model on a text and stores it in a run folder. Ctrl-C stops and saves.')
    .argument('[recipe]', `what to train (default: ${defaultRecipe})`)
    .addOption(dataOption('default: tinyshakespeare'))
    .addOption(fieldOption())
    .addOption(
      new Option(
        '--tokenizer <which>',
        'char, bytes, bpe:<size>, or where a tokenizer.json is (default: char)',
      ).conflicts('resume'),
    )
    .addOption(
      new Option(
        '--init-from <model>',
        'begin with its weights and tokenizer: a run, a folder of Hugging Face or hf:org/name',
      ).conflicts(['resume', 'profile', 'tokenizer']),
    )
    .option('--out <folder>', 'run folder (default: runs/<recipe>-<date>)')
    .option('--resume', 'resume the run in --out, or the newest one')
    .option('--keep <n>', 'states of the newest evaluations to keep', numberParser(wholeFrom1))
    .option('--patience <n>', 'end after as many evaluations without a better loss', numberParser(wholeFrom1))
    .option('--max-minutes <x>', 'end, saved, after as many minutes', numberParser(positive))
    .addOption(
      new Option('--on-divergence <what>', 'end, or go on from the last state at half the rate').choices(
        onDivergence,
      ),
    );
  train.option('--mpi <which>', 'train with other ranks of mpirun or srun: auto, off or a library', 'auto');
  const profile = new Option('--profile', 'show where the time of a step goes, and train nothing');
  addMachineFlags(train)
    .addOption(
      new Option(
        '--dtype <type>',
        'how a GPU stores activations (default: f32; a resumed run keeps its own)',
      ).choices(['f32', 'f16']),
    )
    .addOption(profile.conflicts(['resume', 'out']));
  addRecipeFlags(
    train
      .option('--json', 'print one JSON object a line')
      .option('--studio', 'show the run in the browser while it is trained'),
  );
  train
    .addHelpText('after', trainHelp)
    .action(async (recipe: string | undefined, flags: TrainFlags) =>
      finish(await (await import('./commands/train.ts')).train(recipe, flags, io)),
    );

  const sample = program
    .command('sample')
    .summary('write text in the style of a trained model')
    .description('Writes text in the style of a trained model, as it is made.')
    .argument('[run]', 'run folder, or another model (default: the newest in ./runs)')
    .option('--prompt <text>', 'text to continue; - reads it from standard input', '')
    .option('--tokens <n>', 'most tokens in a sample', numberParser(wholeFrom1), 500)
    .option(
      '--temperature <x>',
      'below 1 safer, above 1 wilder, 0 always the likeliest',
      numberParser(notNegative),
      0.8,
    )
    .option('--top-k <n>', 'choose among the n likeliest tokens', numberParser(wholeFrom1))
    .option('--top-p <x>', 'choose among the likeliest tokens that make up this probability', probability)
    .addOption(
      new Option('--stop <text>', 'end a sample before this text; may be given several times')
        .argParser((text: string, texts: string[]) => [...texts, text])
        .default([], 'none'),
    )
    .option(
      '--forget <n>',
      'oldest tokens to forget when the context is full (default: half; 1: as the tutorial, slower)',
      numberParser(wholeFrom1),
    )
    .option('--count <n>', 'samples to write', numberParser(wholeFrom1), 1)
    .option(
      '--seed <n>',
      'seed of the random numbers (default: another one each time)',
      numberParser(wholeFrom0),
    );
  addMachineFlags(sample)
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', sampleExamples)
    .action(async (run: string | undefined, flags: SampleFlags) =>
      finish(await (await import('./commands/sample.ts')).sample(run, flags, io)),
    );

  const evaluate = program
    .command('eval')
    .summary('measure a trained model on its validation text')
    .description('Prints loss, perplexity and bits per character over the whole validation split.')
    .argument('[run]', 'run folder, or another model (default: the newest in ./runs)')
    .option('--data <files...>', 'the text it was trained on, if that has moved; for another model any text');
  addMachineFlags(evaluate)
    .option('--json', 'print one JSON object')
    .addHelpText('after', evalExamples)
    .action(async (run: string | undefined, flags: EvalFlags) =>
      finish(await (await import('./commands/eval.ts')).evaluate(run, flags, io)),
    );

  addTokenizerCommands(program, io, finish);
  addModelCommands(program, io, finish);

  program
    .command('doctor')
    .summary('check what this machine offers')
    .description('Prints devices, threads, SIMD level and memory, and tries the devices out.')
    .option('--json', 'print one JSON object')
    .option('--mpi [which]', 'try MPI out, too, by itself or with the ranks of mpirun', 'auto')
    .addHelpText('after', doctorExamples)
    .action(async (flags: DoctorFlags) =>
      finish(await (await import('./commands/doctor.ts')).doctor(flags, io)),
    );

  program
    .command('chart')
    .summary('draw the losses of runs as an SVG')
    .description('Draws the losses of runs, training and validation, into one SVG.')
    .argument('[runs...]', 'run folders (default: the newest in ./runs)')
    .option('-o, --output <file>', 'file to write (default: standard output)')
    .addHelpText('after', chartExamples)
    .action(async (runs: readonly string[], flags: ChartFlags) =>
      finish(await (await import('./commands/chart.ts')).chart(runs, flags, io)),
    );

  program
    .command('studio')
    .summary('open the studio in the browser: tutorial, training, runs')
    .description(
      'Serves the studio to the browsers of this machine, and to nobody else: the tutorial, a workbench to train in the ' +
        'page, and the runs of a folder. Ctrl-C stops it.',
    )
    .option('--runs <folder>', 'folder whose runs are shown', 'runs')
    .option('--port <n>', 'port to listen on (default: the first free one from 4240 on)', numberParser(port))
    .option('--no-open', 'print the address only')
    .addHelpText('after', studioExamples)
    .action(async (flags: StudioFlags) =>
      finish(await (await import('./commands/studio.ts')).studio(flags, io)),
    );

  for (const command of program.commands)
    if (command.commands.length === 0) command.showHelpAfterError(`See nanobard ${command.name()} --help.`);
  return program.addHelpText('after', generalExamples);
}

const probability = numberParser(
  v.pipe(v.number(), v.gtValue(0, 'must be greater than 0'), v.maxValue(1, 'must be at most 1')),
);

const port = v.pipe(wholeFrom0, v.maxValue(65_535, 'must be at most 65,535'));

const chartExamples = `
Examples:
  nanobard chart > losses.svg                   # the newest run
  nanobard chart runs/one runs/two -o both.svg  # two runs compared`;

const studioExamples = `
Examples:
  nanobard studio
  nanobard studio --port 8080 --no-open  # open it yourself`;

const generalExamples = `
Examples:
  nanobard train         # a small GPT on Shakespeare, in a minute or two
  nanobard sample        # what it writes
  nanobard train --help  # all that can be set`;

const recipeLines = Object.entries(recipes).map(
  ([name, { description }]) => `  ${name.padEnd(21)} ${description}`,
);

const trainHelp = `
Recipes:
${recipeLines.join('\n')}

Examples:
  nanobard train                              # ${defaultRecipe} on tinyshakespeare
  nanobard train bigram --data my.txt         # your own text; several, folders and '*.txt' work too
  nanobard train --tokenizer bpe:1024         # tokens of several characters
  nanobard train --n-layer 2 --max-iters 500  # another size; --n_layer=2 works too
  nanobard train --resume --max-iters 4000    # train the newest run for longer
  nanobard train --profile --blas auto        # what each operation takes`;

const sampleExamples = `
Examples:
  nanobard sample                                           # from the newest run
  nanobard sample runs/mine --prompt "ROMEO:" --tokens 200
  echo "JULIET:" | nanobard sample --prompt - --count 3     # three answers`;

const evalExamples = `
Examples:
  nanobard eval                   # the newest run
  nanobard eval runs/mine --json`;

const doctorExamples = `
Examples:
  nanobard doctor
  nanobard doctor --json  # for a bug report`;
