import { useEffect, useRef } from 'preact/hooks';
import type UPlot from 'uplot';
import { shade } from '../page/address.ts';
import { loadPlot } from './load-plot.ts';

/** A line of a chart. */
export interface Line {
  readonly label: string;
  /** A custom property of the style sheet: `--line-1`. */
  readonly colour: string;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  readonly dashed?: boolean;
  /** Whether each value is marked. */
  readonly dots?: boolean;
  readonly width?: number;
  /** From 0, not to be seen, to 1. */
  readonly alpha?: number;
}

interface Props {
  /** What is to be seen, for those who do not see it. */
  readonly label: string;
  readonly xLabel: string;
  readonly lines: readonly Line[];
  readonly log?: boolean;
  readonly height?: number;
  /** Whether the values under the pointer are written below. */
  readonly legend?: boolean;
}

/** Lines over steps: pointed at, they tell their values; dragged over, they show a part; twice clicked, all. */
export function Plot({ label, xLabel, lines, log = false, height = 240, legend = true }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot | undefined>(undefined);
  const latest = useRef(lines);
  latest.current = lines;
  const colours = shade.value;
  const key = lines.map(({ label, colour, dashed }) => `${label}${colour}${dashed}`).join();
  useEffect(() => {
    let gone = false;
    let close = (): void => {};
    void loadPlot().then(([{ default: Plot }]) => {
      const { current } = place;
      if (gone || !current) return;
      const made = new Plot(
        optionsFor(current, latest.current, { log, height, legend, xLabel }),
        joined(Plot, latest.current),
        current,
      );
      chart.current = made;
      tellLast(made);
      const resize = new ResizeObserver(() => made.setSize({ width: current.clientWidth, height }));
      resize.observe(current);
      close = () => {
        resize.disconnect();
        made.destroy();
        chart.current = undefined;
      };
    });
    return () => {
      gone = true;
      close();
    };
  }, [key, colours, log, height, legend, xLabel]);
  useEffect(() => {
    const { current } = chart;
    if (!current) return;
    void loadPlot().then(([{ default: Plot }]) => {
      if (chart.current !== current) return;
      current.setData(joined(Plot, lines));
      tellLast(current);
    });
  }, [lines]);
  return <div ref={place} class="plot" role="img" aria-label={label} />;
}

/** All lines over the union of their steps. */
function joined(Plot: typeof UPlot, lines: readonly Line[]): UPlot.AlignedData {
  const tables = lines.map(({ x, y }) => [[...x], [...y]] as UPlot.AlignedData);
  return tables.length > 0 ? Plot.join(tables) : [[]];
}

function optionsFor(
  place: HTMLElement,
  lines: readonly Line[],
  { log, height, legend, xLabel }: Required<Pick<Props, 'log' | 'height' | 'legend' | 'xLabel'>>,
): UPlot.Options {
  const style = getComputedStyle(place);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  const axis: UPlot.Axis = {
    stroke: of('--quiet'),
    grid: { stroke: of('--rule'), width: 1 },
    ticks: { stroke: of('--rule'), width: 1 },
    font: '12px system-ui, sans-serif',
  };
  return {
    width: place.clientWidth,
    height,
    legend: { show: legend },
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
    axes: [
      axis,
      { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : short(tick))) },
    ],
    series: [
      { label: xLabel },
      ...lines.map(({ label, colour, dashed, dots = false, width = 2, alpha = 1 }) => ({
        label,
        stroke: of(colour),
        width,
        alpha,
        spanGaps: true,
        points: { show: dots, size: 2 * width },
        value: (_: UPlot, value: number | null) =>
          value === null || value === undefined ? '–' : short(value),
        ...(dashed && { dash: [4, 4] }),
      })),
    ],
    hooks: { setCursor: [tellLast] },
  };
}

/** While nothing is pointed at, the legend tells where the lines stand. */
function tellLast(chart: UPlot): void {
  if (chart.cursor.idx == null && chart.data[0].length > 0)
    chart.setLegend({ idx: chart.data[0].length - 1 }, false);
}

/** A number in at most six characters or so. */
export function short(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e9) return `${(value / 1e9).toPrecision(3)}G`;
  if (size >= 1e6) return `${(value / 1e6).toPrecision(3)}M`;
  if (size >= 1e4) return `${(value / 1e3).toPrecision(3)}k`;
  if (size < 1e-3) return value.toExponential(1);
  return String(Number(value.toPrecision(4)));
}
