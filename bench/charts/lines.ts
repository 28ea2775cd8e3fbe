import {
  CONTENT_TOP,
  type Colour,
  type Heading,
  line,
  MARGIN,
  page,
  px,
  text,
  WIDTH,
} from '../../src/node/charts/svg.ts';

export type Point = readonly [x: number, y: number];

export interface Series {
  readonly name: string;
  readonly colour: Colour;
  readonly lines: readonly (readonly Point[])[];
}

/** A horizontal distance to point out. */
export interface Span {
  readonly y: number;
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

export interface LineChart extends Heading {
  readonly xLabel: string;
  readonly yLabel: string;
  /** Follows the numbers on the x axis. */
  readonly xUnit: string;
  readonly series: readonly Series[];
  /** What lies above is cut off. */
  readonly yMax: number;
  readonly span?: Span | undefined;
}

const HEIGHT = 460;
const PLOT = { left: MARGIN + 44, right: WIDTH - MARGIN, top: CONTENT_TOP + 26, bottom: HEIGHT - 58 };

/** Curves over a logarithmic x axis, which has no place for points at 0 and begins where the first comes into sight. */
export function lineChart({ series, xLabel, yLabel, xUnit, yMax, span, ...heading }: LineChart): string {
  const points = series.flatMap(({ lines }) => lines.flat()).filter(([x]) => x > 0);
  const [low, high] = extent(points.filter(([, y]) => y <= yMax).map(([x]) => x));
  const yMin = Math.floor(5 * Math.min(...points.map(([, y]) => y)) - 0.25) / 5;
  const x = (value: number): number =>
    PLOT.left + ((PLOT.right - PLOT.left) * Math.log(value / low)) / Math.log(high / low);
  const y = (value: number): number =>
    PLOT.bottom - ((PLOT.bottom - PLOT.top) * (value - yMin)) / (yMax - yMin);

  const content: string[] = [];
  for (const tick of logTicks(low, high)) {
    content.push(
      line(x(tick), PLOT.top, x(tick), PLOT.bottom, 'grid'),
      text(x(tick), PLOT.bottom + 20, `${tick} ${xUnit}`, { look: 'quiet', anchor: 'middle' }),
    );
  }
  for (const tick of linearTicks(yMin, yMax)) {
    content.push(
      line(PLOT.left, y(tick), PLOT.right, y(tick), 'grid'),
      text(PLOT.left - 8, y(tick) + 5, tick.toFixed(1), { look: 'quiet', anchor: 'end' }),
    );
  }
  content.push(
    text((PLOT.left + PLOT.right) / 2, HEIGHT - 16, xLabel, { look: 'quiet', anchor: 'middle' }),
    text(MARGIN, CONTENT_TOP + 6, yLabel, { look: 'quiet' }),
    `<clipPath id="plot"><rect x="${PLOT.left}" y="${PLOT.top}" width="${PLOT.right - PLOT.left}" height="${PLOT.bottom - PLOT.top}"/></clipPath>`,
  );
  for (const { colour, lines } of series) {
    for (const one of lines) {
      const path = one.filter(([at]) => at > 0).map(([at, value]) => `${px(x(at))},${px(y(value))}`);
      content.push(
        `<polyline points="${path.join(' ')}" class="line ${colour}" stroke-width="1.6" clip-path="url(#plot)"/>`,
      );
    }
  }
  content.push(...legend(series));
  if (span) {
    const [from, to, level] = [x(span.from), x(span.to), y(span.y)];
    content.push(
      line(from, level, to, level, 'mark'),
      ...[from, to].map((at) => `<circle cx="${px(at)}" cy="${px(level)}" r="4" class="dot"/>`),
      text(from + 0.4 * (to - from), level - 8, span.label, { look: 'strong', anchor: 'middle' }),
    );
  }
  return page(heading, HEIGHT, content);
}

/** In the plot's upper right corner, where curves that fall leave room. */
function legend(series: readonly Series[]): string[] {
  return series.flatMap(({ name, colour }, i) => {
    const y = PLOT.top + 24 + 24 * i;
    return [
      `<path d="M${PLOT.right - 40},${y}h28" class="line ${colour}" stroke-width="4"/>`,
      text(PLOT.right - 50, y + 5, name, { anchor: 'end' }),
    ];
  });
}

const extent = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];

/** 1, 2 and 5 times the powers of ten that lie in the range. */
function logTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let exponent = Math.floor(Math.log10(low)); 10 ** exponent <= high; exponent++) {
    ticks.push(...[1, 2, 5].map((digit) => Number(`${digit}e${exponent}`)));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

/** Multiples of a fifth or a half. */
function linearTicks(low: number, high: number): number[] {
  const step = high - low > 2.4 ? 0.5 : 0.2;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}
