import {
  CONTENT_TOP,
  type Colour,
  type Heading,
  MARGIN,
  page,
  px,
  text,
  WIDTH,
} from '../../src/node/charts/svg.ts';

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** What to write at the bar's end. */
  readonly text: string;
  readonly colour: Colour;
}

/** Bars of one scale, which begins at 0. */
export interface Panel {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const ROW = 28;
const LABELS = 190;
/** Room for the text at the end of the longest bar. */
const VALUES = 150;
/** A bar so many times as long as the next is cut, since the others could not be compared beside it. */
const OUTLIER = 3;

export function barChart({ panels, ...heading }: Heading & { readonly panels: readonly Panel[] }): string {
  const content: string[] = [];
  let y = CONTENT_TOP;
  for (const { title, bars } of panels) {
    content.push(text(MARGIN, y + 14, title, { look: 'strong' }));
    y += 28;
    const left = MARGIN + LABELS;
    const room = WIDTH - MARGIN - VALUES - left;
    const limit = longest(bars);
    for (const bar of bars) {
      const width = Math.max(2, (room * Math.min(bar.value, limit)) / limit);
      const middle = y + ROW / 2 + 5;
      content.push(
        text(left - 10, middle, bar.label, { anchor: 'end' }),
        `<rect x="${px(left)}" y="${px(y + 4)}" width="${px(width)}" height="${ROW - 8}" rx="2" class="bar ${bar.colour}"/>`,
        ...(bar.value > limit ? [cut(left + width - 24, y)] : []),
        text(left + width + 8, middle, bar.text),
      );
      y += ROW;
    }
    y += 14;
  }
  return page(heading, y + 4, content);
}

/** The value that takes all the room. */
function longest(bars: readonly Bar[]): number {
  const [first = 1, second = first] = bars.map(({ value }) => value).sort((a, b) => b - a);
  return first > OUTLIER * second ? 1.15 * second : first;
}

/** Two slanted gaps. */
function cut(x: number, y: number): string {
  const gap = (at: number): string => `M${px(at)},${y + ROW - 3}l6,-${ROW - 6}h4l-6,${ROW - 6}z`;
  return `<path d="${gap(x)}${gap(x + 8)}" class="page"/>`;
}
