import { useEffect, useRef, useState } from 'preact/hooks';
import type UPlot from 'uplot';
import type { Figure } from '../../../tutorial/chapters/figures.ts';
import { loadPlot } from '../ui/load-plot.ts';
import { language, shade } from './address.ts';
import { words } from './words.ts';

type Kind<K extends Figure['kind']> = { readonly figure: Extract<Figure, { kind: K }> };

export function FigureView({ figure }: { readonly figure: Figure }) {
  switch (figure.kind) {
    case 'bars':
      return <Bars figure={figure} />;
    case 'heatmap':
      return <HeatMap figure={figure} />;
    case 'curve':
      return <Curve figure={figure} />;
    case 'samples':
      return <Samples figure={figure} />;
  }
}

const visible = (label: string): string => label.replace('\n', '↵').replace(' ', '␣');

function Bars({ figure: { bars } }: Kind<'bars'>) {
  const most = Math.max(...bars.map(([, value]) => value));
  return (
    <figure class="bars">
      <figcaption>{words[language.value].bars}</figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: on a narrow page it is scrolled by keyboard */}
      <ol tabIndex={0}>
        {bars.map(([label, value]) => (
          <li key={label} title={`${visible(label)}: ${value.toLocaleString('en')}`}>
            <span class="bar" style={{ height: `${(100 * value) / most}%` }} />
            <span class="label">{visible(label)}</span>
          </li>
        ))}
      </ol>
    </figure>
  );
}

/** Values as colours, light for the smallest and dark for the largest of each picture; square by square, where there are more rows. */
function HeatMap({ figure: { values, columns, labels, name } }: Kind<'heatmap'>) {
  const [pointed, setPointed] = useState('');
  const rows = values.length / columns;
  const height = rows % columns === 0 ? columns : rows;
  const squares = Array.from({ length: rows / height }, (_, i) =>
    values.subarray(i * height * columns, (i + 1) * height * columns),
  );
  const caption = words[language.value].heatmap(rows, columns);
  const nameOf = (i: number): string => (labels[i] === undefined ? String(i) : visible(labels[i]));
  return (
    <figure class="heatmap">
      <figcaption>{caption}</figcaption>
      <div class="maps">
        {squares.map((square, i) => (
          <ColourMap
            key={i}
            values={square}
            columns={columns}
            names={labels.length === columns && columns <= 32 ? labels.map(visible) : []}
            label={`${name} ${squares.length > 1 ? i + 1 : ''}: ${caption}`}
            onPoint={(row, column) =>
              setPointed(`${nameOf(row)} → ${nameOf(column)}: ${square[row * columns + column]?.toFixed(3)}`)
            }
          />
        ))}
      </div>
      <p class="pointed" aria-hidden="true">
        {pointed}
      </p>
    </figure>
  );
}

interface ColourMapProps {
  readonly values: Float32Array;
  readonly columns: number;
  /** What stands at the columns and at the rows, where there is room for it. */
  readonly names: readonly string[];
  readonly label: string;
  readonly onPoint: (row: number, column: number) => void;
}

function ColourMap({ values, columns, names, label, onPoint }: ColourMapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const rows = values.length / columns;
  useEffect(() => {
    const context = canvas.current!.getContext('2d')!;
    const image = context.createImageData(columns, rows);
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
    values.forEach((value, i) => {
      image.data.set(colour((value - low) / (high - low || 1)), 4 * i);
    });
    context.putImageData(image, 0, 0);
  }, [values, columns, rows]);
  const point = (event: MouseEvent): void => {
    const { left, top, width, height } = canvas.current!.getBoundingClientRect();
    const row = Math.floor(((event.clientY - top) / height) * rows);
    onPoint(
      Math.min(row, rows - 1),
      Math.min(Math.floor(((event.clientX - left) / width) * columns), columns - 1),
    );
  };
  return (
    <div class="map">
      {['across', 'down'].map((way) => (
        <ol key={way} class={way} aria-hidden="true">
          {names.map((name, i) => (
            <li key={i}>{name}</li>
          ))}
        </ol>
      ))}
      <canvas
        ref={canvas}
        width={columns}
        height={rows}
        role="img"
        aria-label={label}
        style={{ aspectRatio: `${columns} / ${rows}` }}
        onMouseMove={point}
      />
    </div>
  );
}

/** From pale yellow over green to dark blue: even in lightness, and to be told apart by everybody. */
function colour(share: number): [number, number, number, number] {
  const stops = [
    [253, 246, 216],
    [120, 198, 164],
    [44, 127, 160],
    [20, 30, 90],
  ] as const;
  const place = Math.min(share, 0.9999) * (stops.length - 1);
  const [from, to] = [stops[Math.floor(place)]!, stops[Math.floor(place) + 1]!];
  const mixed = from.map((value, i) => value + (to[i]! - value) * (place % 1));
  return [mixed[0]!, mixed[1]!, mixed[2]!, 255];
}

const strokes = ['--line-1', '--line-2', '--line-3', '--line-4'];

/** While nothing is pointed at, the legend tells where the curves stand. */
function tellLast(chart: UPlot): void {
  if (chart.cursor.idx == null) chart.setLegend({ idx: chart.data[0].length - 1 }, false);
}

function Curve({ figure }: Kind<'curve'>) {
  const place = useRef<HTMLDivElement>(null);
  const names = Object.keys(figure.series);
  const limits = Object.entries(figure.limits);
  const data = [
    figure.steps as number[],
    ...names.map((name) => figure.series[name] as number[]),
    ...limits.map(([, value]) => figure.steps.map(() => value)),
  ];
  const latest = useRef(data);
  latest.current = data;
  const plot = useRef<UPlot | undefined>(undefined);
  const colours = shade.value;
  useEffect(() => {
    let gone = false;
    let close = (): void => {};
    void loadPlot().then(([{ default: Plot }]) => {
      if (gone || !place.current) return;
      const style = getComputedStyle(place.current);
      const of = (name: string): string => style.getPropertyValue(name).trim();
      const axis = { stroke: of('--quiet'), grid: { stroke: of('--rule') }, ticks: { stroke: of('--rule') } };
      const chart = new Plot(
        {
          width: place.current.clientWidth,
          height: 240,
          scales: { x: { time: false } },
          axes: [axis, axis],
          series: [
            { label: words[language.peek()].step },
            ...names.map((label, i) => ({ label, stroke: of(strokes[i % strokes.length]!), width: 2 })),
            ...limits.map(([label]) => ({
              label,
              stroke: of('--quiet'),
              dash: [4, 4],
              points: { show: false },
            })),
          ],
          hooks: { setCursor: [tellLast] },
        },
        latest.current as UPlot.AlignedData,
        place.current,
      );
      plot.current = chart;
      tellLast(chart);
      const resize = new ResizeObserver(() => {
        if (place.current) chart.setSize({ width: place.current.clientWidth, height: 240 });
      });
      resize.observe(place.current);
      close = () => {
        resize.disconnect();
        chart.destroy();
        plot.current = undefined;
      };
    });
    return () => {
      gone = true;
      close();
    };
  }, [names.join(), colours]);
  useEffect(() => {
    if (!plot.current) return;
    plot.current.setData(data as UPlot.AlignedData);
    tellLast(plot.current);
  });
  const last = names.map((name) => `${name} ${figure.series[name]!.at(-1)!.toFixed(4)}`).join(', ');
  return (
    <figure class="curve">
      <figcaption>{words[language.value].curve}</figcaption>
      <div
        ref={place}
        role="img"
        aria-label={`${figure.name}: ${words[language.value].step} ${figure.steps.at(-1)}, ${last}`}
      />
    </figure>
  );
}

function Samples({ figure }: Kind<'samples'>) {
  return (
    <figure class="samples">
      <ol>
        {figure.samples.map(([step, text]) => (
          <li key={step}>
            <span class="step">
              {words[language.value].step} {step}
            </span>
            <pre>{text.trim()}</pre>
          </li>
        ))}
      </ol>
    </figure>
  );
}
