import plot from 'simple-ascii-chart';
import type { Style } from '../style.ts';
import { formatCount } from './format.ts';
import type { Point } from './history.ts';

/** Columns that the y axis and its labels take. */
const AXIS = 6;

/** Narrower than this, a chart shows nothing. */
const MIN_WIDTH = AXIS + 10;

/** Fewest points that make a curve. */
const MIN_POINTS = 4;

export interface ChartOptions {
  readonly width: number;
  /** Rows of the curve; axis and labels take two more. */
  readonly height: number;
  /** The first and the last update, as the labels of the x axis. */
  readonly range: readonly [first: number, last: number];
  readonly style: Style;
}

/** A chart of the training loss with the validation losses as points; nothing while there is too little to draw. */
export function lossChart(
  curve: readonly Point[],
  evals: readonly Point[],
  { width, height, range, style }: ChartOptions,
): string[] {
  const [first, last] = [curve[0], curve.at(-1)];
  if (!first || !last || curve.length < MIN_POINTS) return [];
  if (width < MIN_WIDTH) return [];
  const shown = evals.filter(([step]) => step >= first[0]);
  const losses = [...curve, ...shown].map(([, loss]) => loss);
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const columns = Math.min(width - AXIS, 2 * curve.length);
  const chart = plot(
    curve.map(([step, loss]) => [step, loss]),
    {
      width: columns,
      height,
      yRange: [low, high],
      customYAxisTicks: [low, (low + high) / 2, high],
      hideXAxisTicks: true,
      formatter: (value) => value.toFixed(2).padStart(AXIS - 1),
      points: shown.map(([x, y]) => ({ x: Math.min(x, last[0]), y })),
      symbols: { axis: { n: '│', e: '─' } },
    },
  );
  const rows = chart.split('\n').filter((row) => row.trim() !== '');
  rows.shift(); // the tip of the y axis
  const [left, right] = [formatCount(range[0]), formatCount(range[1])];
  const labels = left.padEnd(columns - right.length) + right;
  return [...rows.map((row) => paint(row.trimEnd(), style)), ' '.repeat(AXIS) + style.dim(labels)];
}

/** Colours a row of the chart: the axis dim, the curve cyan, the points yellow. */
function paint(row: string, style: Style): string {
  return row
    .replace(/^[^━┓┗┏┛┃●]+/, (axis) => style.dim(axis))
    .replace(/[━┓┗┏┛┃]+/g, (curve) => style.cyan(curve))
    .replace(/●/g, (point) => style.yellow(point));
}
