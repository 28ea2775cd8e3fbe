import type { CurveData } from '../../language/train/curve.ts';
import { CONTENT_TOP, type Colour, line, MARGIN, page, px, text, WIDTH } from './svg.ts';

export interface NamedCurve {
  readonly name: string;
  readonly curve: CurveData;
}

const HEIGHT = 460;
const PLOT = { left: MARGIN + 44, right: WIDTH - MARGIN, top: CONTENT_TOP + 26, bottom: HEIGHT - 58 };
const COLOURS: readonly Colour[] = ['blue', 'orange', 'azure', 'grey'];

/** Points that a curve is drawn with, at most. */
const MOST_POINTS = 400;

type Point = readonly [step: number, loss: number];

/** The losses of runs over their steps as an SVG: thin those of steps, thick those of the validation text. */
export function lossChart(runs: readonly NamedCurve[]): string {
  const series = runs.map(({ name, curve }, i) => ({
    name,
    colour: COLOURS[i % COLOURS.length]!,
    steps: thinned(curve),
    evals: curve.evals.filter(({ step }) => step > 0).map(({ step, val }): Point => [step, val]),
  }));
  const points = series.flatMap(({ steps, evals }) => [...steps, ...evals]);
  const xMax = Math.max(1, ...points.map(([x]) => x));
  const losses = points.map(([, y]) => y).filter(Number.isFinite);
  const [low, high] = losses.length > 0 ? [Math.min(...losses), Math.max(...losses)] : [0, 1];
  const x = (step: number): number => PLOT.left + ((PLOT.right - PLOT.left) * step) / xMax;
  const y = (loss: number): number =>
    PLOT.bottom - ((PLOT.bottom - PLOT.top) * (loss - low)) / Math.max(1e-9, high - low);
  const content = [
    ...ticks(0, xMax).flatMap((tick) => [
      line(x(tick), PLOT.top, x(tick), PLOT.bottom, 'grid'),
      text(x(tick), PLOT.bottom + 20, tick.toLocaleString('en'), { look: 'quiet', anchor: 'middle' }),
    ]),
    ...ticks(low, high).flatMap((tick) => [
      line(PLOT.left, y(tick), PLOT.right, y(tick), 'grid'),
      text(PLOT.left - 8, y(tick) + 5, String(Number(tick.toPrecision(4))), { look: 'quiet', anchor: 'end' }),
    ]),
    text((PLOT.left + PLOT.right) / 2, HEIGHT - 16, 'step', { look: 'quiet', anchor: 'middle' }),
    text(MARGIN, CONTENT_TOP + 6, 'loss, nats per token', { look: 'quiet' }),
  ];
  const draw = (from: readonly Point[], colour: Colour, width: number): string => {
    const path = from
      .filter(([, loss]) => Number.isFinite(loss))
      .map(([at, loss]) => `${px(x(at))},${px(y(loss))}`);
    return `<polyline points="${path.join(' ')}" class="line ${colour}" stroke-width="${width}"/>`;
  };
  for (const [i, { name, colour, steps, evals }] of series.entries()) {
    const at = PLOT.top + 24 + 24 * i;
    content.push(
      draw(steps, colour, 1),
      draw(evals, colour, 3),
      `<path d="M${PLOT.right - 40},${at}h28" class="line ${colour}" stroke-width="4"/>`,
      text(PLOT.right - 50, at + 5, name, { anchor: 'end' }),
    );
  }
  const title = runs.length === 1 ? runs[0]!.name : `${runs.length} runs`;
  return page(
    { title, subtitle: 'Loss of steps (thin) and of the validation text (thick)' },
    HEIGHT,
    content,
  );
}

/** Means over equal stretches of a curve's steps, few enough to be drawn. */
function thinned({ steps: { step, loss } }: CurveData): Point[] {
  const group = Math.max(1, Math.ceil(step.length / MOST_POINTS));
  return Array.from({ length: Math.ceil(step.length / group) }, (_, i): Point => {
    const own = loss.slice(i * group, (i + 1) * group);
    return [step[Math.min(step.length, (i + 1) * group) - 1]!, own.reduce((a, b) => a + b, 0) / own.length];
  });
}

/** Five to ten round numbers from `low` to `high`. */
function ticks(low: number, high: number): number[] {
  const rough = Math.max(1e-9, high - low) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
}
