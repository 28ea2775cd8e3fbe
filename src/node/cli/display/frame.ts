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
import type { Progress } from './progress.ts';
import { crop, flow, printable } from './text.ts';

export interface View {
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
}

const CHART_HEIGHT = 7;
const SAMPLE_LINES = 4;
/** Rows kept free for the message about stopping, at its longest, and for the cursor. */
const RESERVED = 4;
/** Columns that stand beside the bar: `100%  100,000/100,000  10 min 10 s left` and spaces. */
const LABEL = 41;
/** Wider than this, lines are tiring to read. */
const MAX_COLUMNS = 88;

/** What the live display shows at this moment; no line is wider than the terminal. */
export function frame(progress: Progress, view: View): string {
  const columns = Math.min(view.columns, MAX_COLUMNS) - 1;
  const lines = [
    '',
    ...barLines(progress, columns, view.style),
    ...numberLines(progress, columns, view.style),
  ];
  const chart = chartLines(progress, columns, view);
  if (lines.length + chart.length + RESERVED <= view.rows) lines.push(...chart);
  const sample = sampleLines(progress, columns, view.style);
  if (lines.length + sample.length + RESERVED <= view.rows) lines.push(...sample);
  if (progress.stopping && !progress.end) lines.push('', ...stoppingLines(progress, columns, view.style));
  return lines.join('\n');
}

function barLines(progress: Progress, columns: number, style: Style): string[] {
  const { iter, maxIters } = progress;
  const done = maxIters > 0 ? Math.min(1, iter / maxIters) : 0;
  const percent = style.bold(`${Math.floor(100 * done)}%`);
  const label = [percent, `${formatCount(iter)}/${formatCount(maxIters)}`, style.green(phase(progress))];
  // Beside the bar there must be room for the longest label, or the bar would change its length.
  const beside = columns >= LABEL + 20;
  const width = beside ? Math.min(40, columns - LABEL) : columns;
  const filled = Math.round(done * width);
  const bar = style.cyan('━'.repeat(filled)) + style.dim('─'.repeat(width - filled));
  return beside ? [[bar, ...label].join('  ')] : [bar, ...flow(label, columns, '  ')];
}

/** What is going on, in two or three words. */
function phase(progress: Progress): string {
  if (progress.end) return progress.end.reason === 'finished' ? 'done' : 'stopped';
  if (!progress.step) return 'starting…';
  if (progress.evaluating) return 'evaluating…';
  if (progress.iter === progress.maxIters) return 'finishing…';
  return `${formatDuration(Math.max(1, Math.round(progress.secondsLeft ?? 0)))} left`;
}

function numberLines(progress: Progress, columns: number, style: Style): string[] {
  const named = (name: string, value: string): string => `${style.dim(name)} ${value}`;
  const lines: string[] = [];
  const { step, best } = progress;
  const dot = style.dim(' · ');
  if (step) {
    const items = [
      named('loss', style.bold(formatLoss(progress.loss))),
      `${formatRate(progress.tokensPerSecond)} ${style.dim('tok/s')}`,
      `${formatMilliseconds(progress.stepMs)}${style.dim('/step')}`,
      named('lr', formatLearningRate(step.lr)),
    ];
    lines.push(...flow(items, columns, dot));
  }
  const last = progress.evals.at(-1);
  if (last) {
    const items = [
      `${named('val', style.yellow(formatLoss(last.val)))} ${style.dim(`at ${formatCount(last.iter)}`)}`,
      named('train', formatLoss(last.train)),
    ];
    if (last.valFull !== null) items.push(named('whole val', formatLoss(last.valFull)));
    if (best && best !== last)
      items.push(named('best val', `${formatLoss(best.val)} ${style.dim(`at ${formatCount(best.iter)}`)}`));
    lines.push(...flow(items, columns, dot));
  }
  return lines;
}

function chartLines(progress: Progress, columns: number, { style }: View): string[] {
  const width = Math.min(columns, 72);
  const evals = progress.evals.map(({ iter, val }) => [iter, val] as const);
  const range = [progress.start?.iter ?? 0, progress.iter] as const;
  const chart = lossChart(progress.history.points(width), evals, {
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

/** The beginning of the latest sample. */
function sampleLines(progress: Progress, columns: number, style: Style): string[] {
  if (!progress.sample || progress.end) return [];
  const text = printable(progress.sample.text).replaceAll('\t', ' ');
  const lines = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, SAMPLE_LINES);
  return ['', ...lines.map((line) => style.dim(`│ ${crop(line, columns - 2)}`))];
}

function stoppingLines({ evaluating }: Progress, columns: number, style: Style): string[] {
  const what = `Stopping after this ${evaluating ? 'evaluation' : 'step'}, then saving.`;
  return flow([what, 'Ctrl-C again quits at once.'], columns, ' ').map(style.yellow);
}
