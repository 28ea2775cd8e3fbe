import type { StartEvent } from '../../../language/train/events.ts';
import { version } from '../../../version.ts';
import { shellWord } from '../io.ts';
import type { Style } from '../style.ts';
import type { ShownRun } from './display.ts';
import { formatBytes, formatCount, formatDuration, formatLoss } from './format.ts';
import type { RunStatus } from './run-status.ts';
import { printable } from './terminal-text.ts';

/** 1 layer, 2 layers */
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** What is going to be trained, on what and where: lines to begin with. */
export function greeting(run: ShownRun, start: StartEvent, style: Style): string[] {
  const { recipe, folder } = run;
  const { recipeName, data } = folder.config;
  const size =
    recipe.model === 'bigram'
      ? ''
      : `${counted(recipe.nLayer, 'layer')}, ${counted(recipe.nHead, 'head')}, ${recipe.nEmbd} wide, `;
  const threads = counted(start.threads, 'thread');
  const row = (name: string, value: string): string => `${style.dim(name.padEnd(7))} ${value}`;
  const lines = [
    style.bold(`nanobard ${version} · ${recipeName}`),
    row(
      'text',
      `${data.name}, ${formatCount(data.characters)} characters, ${folder.tokenizer.vocabSize} different`,
    ),
    row('model', `${formatCount(start.parameters)} parameters: ${size}block ${recipe.blockSize}`),
    row('device', `${start.device}, ${threads}, ${formatBytes(start.bytes)}`),
    row('folder', folder.path),
  ];
  if (start.step > 0) lines.push(row('resumed', `after step ${formatCount(start.step)}`));
  return lines;
}

/** How the run went, and what can be done now: lines to end with. `command` is how nanobard is called. */
export function farewell(run: ShownRun, status: RunStatus, style: Style, command: string): string[] {
  const { sample, end } = status;
  if (!end) return [];
  const folder = shellWord(run.folder.path);
  const call = (words: string): string => `  ${style.bold(`${command} ${words}`)}`;
  const lines: string[] = [];
  if (end.reason === 'interrupted') {
    const done = `${formatCount(end.step)} of ${formatCount(status.maxIters)} steps`;
    lines.push(
      '',
      `${style.yellow('Stopped')} after ${done}; everything is saved.`,
      'Resume it with',
      call(`train --resume --out ${folder}`),
    );
  } else {
    if (sample) {
      const title = `A sample, after step ${formatCount(sample.step)}:`;
      lines.push('', style.dim(title), '', printable(sample.text).trim());
    }
    const best =
      end.bestVal === null
        ? ''
        : `, best val loss ${formatLoss(end.bestVal)} at ${formatCount(end.bestStep ?? 0)}`;
    lines.push(
      '',
      `${style.green('Done')}: ${formatCount(end.step)} steps in ${formatDuration(end.seconds)}${best}`,
      `Stored in ${run.folder.path}`,
    );
  }
  lines.push('Write more, or measure it, with', call(`sample ${folder}`), call(`eval ${folder}`));
  return lines;
}
