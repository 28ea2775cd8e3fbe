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

/** One value for each place of the x axis. */
export interface PanelLine {
  readonly name: string;
  readonly colour: Colour;
  readonly values: readonly number[];
}

export interface Panel {
  readonly title: string;
  readonly lines: readonly PanelLine[];
}

export interface PanelChart extends Heading {
  readonly xLabel: string;
  readonly yLabel: string;
  /** Ascending powers of two. */
  readonly xs: readonly number[];
  readonly panels: readonly Panel[];
}

const HEIGHT = 380;
const TOP = CONTENT_TOP + 56;
const BOTTOM = HEIGHT - 92;
const LEFT = MARGIN + 28;
const GAP = 44;

/**
 * Lines over a binary logarithm in panels side by side, with one y axis from 0 to 1, or as many quarters more as
 * values need, and one legend, the first panel's.
 */
export function panelChart({ panels, xs, xLabel, yLabel, ...heading }: PanelChart): string {
  const width = (WIDTH - MARGIN - LEFT - GAP * (panels.length - 1)) / panels.length;
  const [first, last] = [Math.log2(xs[0]!), Math.log2(xs.at(-1)!)];
  const largest = Math.max(1, ...panels.flatMap(({ lines }) => lines.flatMap(({ values }) => values)));
  const quarters = Math.ceil(4 * largest);
  const y = (value: number): number => BOTTOM - ((BOTTOM - TOP) * 4 * value) / quarters;
  const ticks = Array.from({ length: quarters + 1 }, (_, i) => i / 4);
  const content = [text(MARGIN, CONTENT_TOP + 6, yLabel, { look: 'quiet' })];
  for (const [i, { title, lines }] of panels.entries()) {
    const left = LEFT + i * (width + GAP);
    const x = (value: number): number => left + (width * (Math.log2(value) - first)) / (last - first);
    content.push(text(left, TOP - 14, title, { look: 'strong' }));
    for (const tick of ticks) {
      content.push(line(left, y(tick), left + width, y(tick), 'grid'));
      if (i === 0) content.push(text(left - 8, y(tick) + 5, String(tick), { look: 'quiet', anchor: 'end' }));
    }
    for (const tick of xs) {
      content.push(
        line(x(tick), TOP, x(tick), BOTTOM, 'grid'),
        text(x(tick), BOTTOM + 20, String(tick), { look: 'quiet', anchor: 'middle' }),
      );
    }
    for (const { colour, values } of lines) {
      const path = xs.map((at, place) => `${px(x(at))},${px(y(values[place]!))}`);
      content.push(`<polyline points="${path.join(' ')}" class="line ${colour}" stroke-width="2.5"/>`);
    }
  }
  content.push(text((LEFT + WIDTH - MARGIN) / 2, BOTTOM + 42, xLabel, { look: 'quiet', anchor: 'middle' }));
  for (const [i, { name, colour }] of panels[0]!.lines.entries()) {
    const at = LEFT + i * (width + GAP);
    content.push(
      `<path d="M${px(at)},${HEIGHT - 24}h28" class="line ${colour}" stroke-width="4"/>`,
      text(at + 36, HEIGHT - 19, name),
    );
  }
  return page(heading, HEIGHT, content);
}
