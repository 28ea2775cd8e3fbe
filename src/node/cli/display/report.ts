import { CharTokenizer } from '../../../language/data/tokenizer/char.ts';
import type { Tokenizer } from '../../../language/data/tokenizer/tokenizer.ts';
import type { EndEvent, StartEvent } from '../../../language/train/events.ts';
import { version } from '../../../version.ts';
import type { RunConfig } from '../../runs/run-config.ts';
import { shellWord } from '../io.ts';
import type { Style } from '../style.ts';
import type { ShownRun } from './display.ts';
import { formatBytes, formatCount, formatDuration, formatLoss } from './format.ts';
import type { RunStatus } from './run-status.ts';
import { printable } from './terminal-text.ts';

/** 1 layer, 2 layers */
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const amountOf = ({ characters, tokens = 0 }: RunConfig['data']): string =>
  characters === undefined ? `${formatCount(tokens)} tokens` : `${formatCount(characters)} characters`;

const vocabularyOf = (tokenizer: Tokenizer): string =>
  `${formatCount(tokenizer.vocabSize)} different${tokenizer instanceof CharTokenizer ? '' : ' tokens'}`;

/** What is going to be trained, on what and where: lines to begin with. */
export function greeting(run: ShownRun, start: StartEvent, style: Style): string[] {
  const { recipe, folder } = run;
  const { recipeName, data } = folder.config;
  const row = (name: string, value: string): string => `${style.dim(name.padEnd(7))} ${value}`;
  const size =
    recipe.model === 'bigram'
      ? ''
      : `${counted(recipe.nLayer, 'layer')}, ${counted(recipe.nHead, 'head')}, ${recipe.nEmbd} wide, `;
  const text = `${data.name}, ${amountOf(data)}, ${vocabularyOf(folder.tokenizer)}`;
  const together = start.ranks > 1 ? `${start.ranks} ranks, here ` : '';
  const threads = start.device === 'webgpu' ? '' : `${counted(start.threads, 'thread')}, `;
  const device = `${together}${start.device}, ${threads}${formatBytes(start.bytes)}`;
  return [
    style.bold(`nanobard ${version} · ${recipeName}`),
    row('text', text),
    row('model', `${formatCount(start.parameters)} parameters: ${size}block ${recipe.blockSize}`),
    row('device', device),
    row('folder', folder.path),
    ...(start.step > 0 ? [row('resumed', `after step ${formatCount(start.step)}`)] : []),
  ];
}

/** How the run went, and what can be done now: lines to end with. `command` is how nanobard is called. */
export function farewell(run: ShownRun, status: RunStatus, style: Style, command: string): string[] {
  const { sample, end, maxIters } = status;
  if (!end) return [];
  const folder = shellWord(run.folder.path);
  const call = (words: string): string => `  ${style.bold(`${command} ${words}`)}`;
  const more = ['Write more, or measure it, with', call(`sample ${folder}`), call(`eval ${folder}`)];
  const text = sample && [
    ...['', style.dim(`A sample, after step ${formatCount(sample.step)}:`)],
    ...['', printable(sample.text).trim()],
  ];
  const { bestVal, bestStep } = end;
  const steps = formatCount(end.step);
  const best =
    bestVal === null ? '' : `, best val loss ${formatLoss(bestVal)} at ${formatCount(bestStep ?? 0)}`;
  if (end.reason === 'diverged') return ['', `${style.red('Diverged')} after ${steps} steps${best}.`];
  if (end.reason === 'finished') {
    const done = `${style.green('Done')}: ${steps} steps in ${formatDuration(end.seconds)}${best}`;
    return [...(text ?? []), '', done, `Stored in ${run.folder.path}`, ...more];
  }
  const stopped = `${style.yellow('Stopped')} after ${steps} of ${formatCount(maxIters)} steps`;
  const resume = ['Resume it with', call(`train --resume --out ${folder}`)];
  return [
    ...(text ?? []),
    ...['', `${stopped}${why(end, best)}; everything is saved.`],
    ...(end.reason === 'patience' ? [] : resume), // with the same patience it would stop again
    ...more,
  ];
}

function why({ reason }: EndEvent, best: string): string {
  if (reason === 'patience') return `: the validation loss falls no more${best}`;
  return reason === 'time' ? ', since the time is up' : '';
}
