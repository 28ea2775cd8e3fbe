// Charts as SVG text: what they have in common. Colours follow the reader's scheme, light or dark.

export const WIDTH = 800;
export const MARGIN = 24;

/** A hue for each role; grey is for what stands in the background. */
export type Colour = 'blue' | 'azure' | 'orange' | 'grey';

const STYLE = `
svg { font: 14px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif }
.page { fill: #ffffff } text { fill: #1f2328 } .quiet { fill: #59636e } .title { font-size: 17px; font-weight: 600 }
.strong { font-weight: 600 } .grid { stroke: #d1d9e0 } .mark { stroke: #1f2328; stroke-width: 1.5 } .dot { fill: #1f2328 }
.blue { color: #0969da } .azure { color: #54aeff } .orange { color: #bc4c00 } .grey { color: #afb8c1 }
.bar { fill: currentColor } .line { fill: none; stroke: currentColor; stroke-linejoin: round }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 } text { fill: #f0f6fc } .quiet { fill: #9198a1 } .grid { stroke: #30363d }
.mark { stroke: #f0f6fc } .dot { fill: #f0f6fc }
.blue { color: #4493f8 } .azure { color: #1f5fb5 } .orange { color: #f0883e } .grey { color: #59636e }
}`;

/** Pixels from the top left, to a tenth. */
export const px = (value: number): string => String(Math.round(10 * value) / 10);

const entities = (text: string): string => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

/** A line of text; `look` names classes: quiet, strong, title. */
export function text(
  x: number,
  y: number,
  content: string,
  { look = '', anchor = 'start' }: { look?: string; anchor?: 'start' | 'middle' | 'end' } = {},
): string {
  return `<text x="${px(x)}" y="${px(y)}" class="${look}" text-anchor="${anchor}">${entities(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, look: string): string {
  return `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" class="${look}"/>`;
}

export interface Heading {
  readonly title: string;
  /** What is compared, where and when. */
  readonly subtitle: string;
}

/** Where a page's content may begin. */
export const CONTENT_TOP = 84;

export function page({ title, subtitle }: Heading, height: number, content: readonly string[]): string {
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${entities(title)}</title>`,
    `<style>${STYLE}</style>`,
    '<rect width="100%" height="100%" rx="8" class="page"/>',
    text(MARGIN, 36, title, { look: 'title' }),
    text(MARGIN, 59, subtitle, { look: 'quiet' }),
    ...content,
    '</svg>',
  ].join('\n')}\n`;
}
