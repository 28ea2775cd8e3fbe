import plot from 'simple-ascii-chart';
import type { Style } from '../style.ts';
import { formatCount } from './format.ts';
import type { RunStatus } from './run-status.ts';

/** Rows of the curve; axis, labels and legend take three more. */
const HEIGHT = 7;
/** Columns that the y axis and its labels take. */
const AXIS = 6;
/** Narrower than this, a chart shows nothing; wider is of no use. */
const [MIN_WIDTH, MAX_WIDTH] = [AXIS + 10, 72];
/** Fewest points that make a curve. */
const MIN_POINTS = 4;

/** A chart of the training loss with the validation losses as points; nothing while there is too little to draw. */
export function lossChart(status: RunStatus, columns: number, style: Style): string[] {
  const curve = status.history.points(Math.min(columns, MAX_WIDTH));
  const [first, last] = [curve[0], curve.at(-1)];
  if (!first || !last || curve.length < MIN_POINTS || columns < MIN_WIDTH) return [];
  const points = status.evals
    .filter(({ step }) => step >= first[0])
    .map(({ step, val }) => ({ x: Math.min(step, last[0]), y: val }));
  const losses = [...curve.map(([, loss]) => loss), ...points.map(({ y }) => y)];
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const width = Math.min(columns - AXIS, MAX_WIDTH - AXIS, 2 * curve.length);
  const chart = plot(curve, {
    ...{ width, height: HEIGHT, points, yRange: [low, high], hideXAxisTicks: true },
    customYAxisTicks: [low, (low + high) / 2, high],
    formatter: (value) => value.toFixed(2).padStart(AXIS - 1),
    symbols: { axis: { n: '│', e: '─' } },
  });
  const rows = chart.split('\n').filter((row) => row.trim() !== '');
  const [left, right] = [formatCount(status.start?.step ?? 0), formatCount(status.stepsDone)];
  const indent = ' '.repeat(AXIS);
  return [
    ...rows.slice(1).map((row) => paint(row.trimEnd(), style)), // the first is the tip of the y axis
    indent + style.dim(left.padEnd(width - right.length) + right),
    `${indent}${style.cyan('━')} ${style.dim('train loss')}  ${style.yellow('●')} ${style.dim('val loss')}`,
  ];
}

/** Colours a row of the chart: the axis dim, the curve cyan, the points yellow. */
function paint(row: string, style: Style): string {
  return row
    .replace(/^[^━┓┗┏┛┃●]+/, (axis) => style.dim(axis))
    .replace(/[━┓┗┏┛┃]+/g, (curve) => style.cyan(curve))
    .replace(/●/g, (point) => style.yellow(point));
}
