import type { Style } from '../style.ts';
import { lossChart } from './chart.ts';
import {
  formatCount,
  formatDuration,
  formatLearningRate,
  formatLoss,
  formatMilliseconds,
  formatRate,
} from './format.ts';
import type { RunStatus } from './run-status.ts';
import { flow } from './terminal-text.ts';

export interface View {
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
}

const CHART_HEIGHT = 7;
/** Rows kept free for the message about stopping, at its longest, and for the cursor. */
const RESERVED = 4;
/** Columns that stand beside the bar: `100%  100,000/100,000  10 min 10 s left` and spaces. */
const LABEL = 41;
/** Wider than this, lines are tiring to read. */
const MAX_COLUMNS = 88;

/** What the live display shows at this moment; no line is wider than the terminal. */
export function frame(status: RunStatus, view: View): string {
  const columns = Math.min(view.columns, MAX_COLUMNS) - 1;
  const lines = ['', ...barLines(status, columns, view.style), ...numberLines(status, columns, view.style)];
  const chart = chartLines(status, columns, view);
  if (lines.length + chart.length + RESERVED <= view.rows) lines.push(...chart);
  if (status.stopping && !status.end) lines.push('', ...stoppingLines(status, columns, view.style));
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

function numberLines(status: RunStatus, columns: number, style: Style): string[] {
  const named = (name: string, value: string): string => `${style.dim(name)} ${value}`;
  const lines: string[] = [];
  const { step, best } = status;
  const dot = style.dim(' · ');
  if (step) {
    const items = [
      named('loss', style.bold(formatLoss(status.loss))),
      `${formatRate(status.tokensPerSecond)} ${style.dim('tok/s')}`,
      `${formatMilliseconds(status.stepMs)}${style.dim('/step')}`,
      named('lr', formatLearningRate(step.learningRate)),
    ];
    lines.push(...flow(items, columns, dot));
  }
  const last = status.evals.at(-1);
  if (last) {
    const items = [
      `${named('val', style.yellow(formatLoss(last.val)))} ${style.dim(`at ${formatCount(last.step)}`)}`,
      named('train', formatLoss(last.train)),
    ];
    if (last.valFull !== null) items.push(named('whole val', formatLoss(last.valFull)));
    if (best && best !== last)
      items.push(named('best val', `${formatLoss(best.val)} ${style.dim(`at ${formatCount(best.step)}`)}`));
    lines.push(...flow(items, columns, dot));
  }
  return lines;
}

function chartLines(status: RunStatus, columns: number, { style }: View): string[] {
  const width = Math.min(columns, 72);
  const evals = status.evals.map(({ step, val }) => [step, val] as const);
  const range = [status.start?.step ?? 0, status.stepsDone] as const;
  const chart = lossChart(status.history.points(width), evals, {
    width,
    height: CHART_HEIGHT,
    range,
    style,
  });
  if (chart.length === 0) return [];
  return [
    '',
    ...chart,
    `      ${style.cyan('━')} ${style.dim('train loss')}  ${style.yellow('●')} ${style.dim('val loss')}`,
  ];
}

function stoppingLines({ evaluating }: RunStatus, columns: number, style: Style): string[] {
  const what = `Stopping after this ${evaluating ? 'evaluation' : 'step'}, then saving.`;
  return flow([what, 'Ctrl-C again quits at once.'], columns, ' ').map(style.yellow);
}
