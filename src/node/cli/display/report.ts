import type { StartEvent } from '../../../language/train/events.ts';
import { version } from '../../../version.ts';
import type { TrainSession } from '../commands/session.ts';
import { shellWord } from '../io.ts';
import type { Style } from '../style.ts';
import { formatBytes, formatCount, formatDuration, formatLoss } from './format.ts';
import type { Progress } from './progress.ts';
import { printable } from './text.ts';

/** What is going to be trained, on what and where: lines to begin with. */
export function greeting(session: TrainSession, start: StartEvent, style: Style): string[] {
  const { recipe, text } = session;
  const size =
    recipe.model === 'bigram' ? '' : `${recipe.nLayer} layers, ${recipe.nHead} heads, ${recipe.nEmbd} wide, `;
  const threads = `${start.threads} ${start.threads === 1 ? 'thread' : 'threads'}`;
  const row = (name: string, value: string): string => `${style.dim(name.padEnd(7))} ${value}`;
  const lines = [
    style.bold(`nanobard ${version} · ${session.recipeName}`),
    row('text', `${text.name}, ${formatCount(text.characters)} characters, ${text.vocabSize} different`),
    row('model', `${formatCount(start.parameters)} parameters: ${size}block ${recipe.blockSize}`),
    row('device', `${start.device}, ${threads}, ${formatBytes(start.bytes)}`),
    row('folder', session.folder),
  ];
  if (start.iter > 0) lines.push(row('resumed', `after step ${formatCount(start.iter)}`));
  return lines;
}

/** How the run went, and what can be done now: lines to end with. `command` is how nanobard is called. */
export function farewell(session: TrainSession, progress: Progress, style: Style, command: string): string[] {
  const { sample, end } = progress;
  if (!end) return [];
  const folder = shellWord(session.folder);
  const call = (words: string): string => `  ${style.bold(`${command} ${words}`)}`;
  const lines: string[] = [];
  if (end.reason === 'interrupted') {
    const done = `${formatCount(end.iter)} of ${formatCount(progress.maxIters)} steps`;
    lines.push(
      '',
      `${style.yellow('Stopped')} after ${done}; everything is saved.`,
      'Go on with',
      call(`train --resume --out ${folder}`),
    );
  } else {
    if (sample) {
      const title = `A sample, after step ${formatCount(sample.iter)}:`;
      lines.push('', style.dim(title), '', printable(sample.text).trim());
    }
    const best =
      end.bestVal === null
        ? ''
        : `, best val loss ${formatLoss(end.bestVal)} at ${formatCount(end.bestIter ?? 0)}`;
    lines.push(
      '',
      `${style.green('Done')}: ${formatCount(end.iter)} steps in ${formatDuration(end.seconds)}${best}`,
      `Stored in ${session.folder}`,
    );
  }
  lines.push('Write more, or measure it, with', call(`sample ${folder}`), call(`eval ${folder}`));
  return lines;
}
