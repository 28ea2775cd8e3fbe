import type { Style } from '../style.ts';
import { lossChart } from './chart.ts';
import { formatCount, formatDuration, formatLoss, formatMilliseconds, formatRate } from './format.ts';
import type { RunStatus } from './run-status.ts';
import { flow } from './terminal-text.ts';

/** Rows kept free for the message about stopping, at its longest, and for the cursor. */
const RESERVED = 4;
/** Columns that stand beside the bar: `100%  100,000/100,000  10 min 10 s left` and spaces. */
const LABEL = 41;
/** Wider than this, lines are tiring to read. */
const MAX_COLUMNS = 88;

/** What the live display shows at this moment; no line is wider than the terminal. */
export function frame(
  status: RunStatus,
  { columns: all, rows, style }: { columns: number; rows: number; style: Style },
): string {
  const columns = Math.min(all, MAX_COLUMNS) - 1;
  const lines = ['', ...barLines(status, columns, style), ...numberLines(status, columns, style)];
  const chart = lossChart(status, columns, style);
  if (chart.length > 0 && lines.length + 1 + chart.length + RESERVED <= rows) lines.push('', ...chart);
  if (status.stopping && !status.end) {
    const what = `Stopping after this ${status.evaluating ? 'evaluation' : 'step'}, then saving.`;
    lines.push('', ...flow([what, 'Ctrl-C again quits at once.'], columns, ' ').map(style.yellow));
  }
  return lines.join('\n');
}

function barLines(status: RunStatus, columns: number, style: Style): string[] {
  const { stepsDone, maxIters } = status;
  const done = maxIters > 0 ? Math.min(1, stepsDone / maxIters) : 0;
  const percent = style.bold(`${Math.floor(100 * done)}%`);
  const label = [percent, `${formatCount(stepsDone)}/${formatCount(maxIters)}`, style.green(phase(status))];
  // Beside the bar even the longest label must fit, or the bar would change its length.
  const beside = columns >= LABEL + 20;
  const width = beside ? Math.min(40, columns - LABEL) : columns;
  const filled = Math.round(done * width);
  const bar = style.cyan('━'.repeat(filled)) + style.dim('─'.repeat(width - filled));
  return beside ? [[bar, ...label].join('  ')] : [bar, ...flow(label, columns, '  ')];
}

/** What is going on, in two or three words. */
function phase(status: RunStatus): string {
  if (status.end) return status.end.reason === 'finished' ? 'done' : 'stopped';
  if (!status.step) return 'starting…';
  if (status.evaluating) return 'evaluating…';
  if (status.stepsDone === status.maxIters) return 'finishing…';
  return `${formatDuration(Math.max(1, Math.round(status.secondsLeft ?? 0)))} left`;
}

function numberLines(status: RunStatus, columns: number, { bold, dim, yellow }: Style): string[] {
  const named = (name: string, value: string): string => `${dim(name)} ${value}`;
  const at = (loss: string, step: number): string => `${loss} ${dim(`at ${formatCount(step)}`)}`;
  const { step, best } = status;
  const training = step && [
    named('loss', bold(formatLoss(status.loss))),
    `${formatRate(status.tokensPerSecond)} ${dim('tok/s')}`,
    `${formatMilliseconds(status.stepMs)}${dim('/step')}`,
    named('lr', step.learningRate.toExponential(2)),
  ];
  const last = status.evals.at(-1);
  const evaluation = last && [
    named('val', at(yellow(formatLoss(last.val)), last.step)),
    named('train', formatLoss(last.train)),
    ...(last.valFull === null ? [] : [named('whole val', formatLoss(last.valFull))]),
    ...(best && best !== last ? [named('best val', at(formatLoss(best.val), best.step))] : []),
  ];
  return [training, evaluation].flatMap((items = []) => flow(items, columns, dim(' · ')));
}
