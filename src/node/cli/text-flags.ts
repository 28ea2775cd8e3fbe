import { type Command, Option } from 'commander';
import * as v from 'valibot';
import { wholeFrom1 } from '../../language/fields.ts';
import type { DecodeFlags, EncodeFlags, TrainTokenizerFlags } from './commands/tokenizer.ts';
import type { Io } from './io.ts';
import { numberParser } from './recipe-flags.ts';

/** --data, which may be given several times and takes several values. */
export function dataOption(note: string): Option {
  const what = 'texts: files, folders, patterns, - for standard input, tinyshakespeare or plays';
  return new Option('--data <files...>', `${what} (${note})`);
}

export function fieldOption(): Option {
  return new Option('--field <name>', 'where JSON lines and Parquet have the text (default: text)');
}

const vocabSize = v.pipe(wholeFrom1, v.minValue(257, 'must be at least 257'));

/** The commands that make and use tokenizers. */
export function addTokenizerCommands(program: Command, io: Io, finish: (exitCode: number) => void): void {
  const tokenizer = program
    .command('tokenizer')
    .summary('learn a tokenizer, and use one')
    .description('Learns a tokenizer from texts, and makes tokens of texts and texts of tokens.');
  const load = () => import('./commands/tokenizer.ts');
  tokenizer
    .command('train')
    .description('Learns a byte-level BPE tokenizer, as GPT-2 has one.')
    .addOption(dataOption('needed').makeOptionMandatory())
    .addOption(fieldOption())
    .option(
      '--vocab-size <n>',
      '256 bytes, what is learned, and <|endoftext|>',
      numberParser(vocabSize),
      1024,
    )
    .option('-o, --out <file>', 'file to write', 'tokenizer.json')
    .action(async (flags: TrainTokenizerFlags) => finish(await (await load()).trainTokenizer(flags, io)));
  tokenizer
    .command('encode')
    .description("Writes texts as nanoGPT's train.bin and val.bin, which --data takes in place of texts.")
    .addOption(dataOption('needed').makeOptionMandatory())
    .addOption(fieldOption())
    .option('--tokenizer <which>', 'char, bytes, bpe:<size>, or where a tokenizer.json is', 'bpe:1024')
    .requiredOption('-o, --out <folder>', 'folder to write to')
    .action(async (flags: EncodeFlags) => finish(await (await load()).encode(flags, io)));
  tokenizer
    .command('decode')
    .description('Writes the text of the tokens on standard input.')
    .option('--tokenizer <path>', 'a tokenizer.json, or a folder that holds one', 'tokenizer.json')
    .action(async (flags: DecodeFlags) => finish(await (await load()).decode(flags, io)));
  tokenizer.addHelpText('after', examples);
  for (const command of tokenizer.commands)
    command.showHelpAfterError(`See nanobard tokenizer ${command.name()} --help.`);
}

const examples = `
Examples:
  nanobard tokenizer train --data my.txt --vocab-size 1024 -o tokenizer.json
  nanobard tokenizer encode --data texts/ --tokenizer tokenizer.json -o tokens
  nanobard train --data tokens                # a text may be larger than memory this way
  echo 72 105 | nanobard tokenizer decode --tokenizer tokens`;
