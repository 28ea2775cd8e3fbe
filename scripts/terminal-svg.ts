// Turns a captured terminal screen (text with ANSI colours, on standard input) into an SVG picture:
//
//     tmux capture-pane -p -e | npx tsx scripts/terminal-svg.ts > docs/live.svg
import { text } from 'node:stream/consumers';

const COLOURS = ['#1d1f21', '#cc6666', '#b5bd68', '#f0c674', '#81a2be', '#b294bb', '#8abeb7', '#c5c8c6'];
const FOREGROUND = '#c5c8c6';
const CELL = { width: 8.4, height: 18 };
const MARGIN = 16;

interface Style {
  colour: string;
  bold: boolean;
  dim: boolean;
}

const plain: Style = { colour: FOREGROUND, bold: false, dim: false };

function restyle(style: Style, codes: readonly number[]): Style {
  let next = { ...style };
  for (const code of codes) {
    if (code === 0) next = { ...plain };
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code === 39) next.colour = FOREGROUND;
    else if (code >= 30 && code <= 37) next.colour = COLOURS[code - 30]!;
    else if (code >= 90 && code <= 97) next.colour = COLOURS[code - 90]!;
  }
  return next;
}

const encode = (part: string): string => part.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

const lines = (await text(process.stdin)).trimEnd().split('\n');
let columns = 0;
let style = plain;
const rows = lines.map((line, row) => {
  let column = 0;
  const spans: string[] = [];
  // Every piece but the first begins with the codes of an escape sequence.
  for (const [index, piece] of line.split('\u001b[').entries()) {
    const [, codes, part] = (index === 0 ? ['', '', piece] : /^([\d;]*)m(.*)$/.exec(piece)) ?? ['', '', ''];
    if (index > 0) style = restyle(style, codes!.split(';').map(Number));
    if (!part) continue;
    const x = MARGIN + column * CELL.width;
    const length = [...part].length;
    const weight = style.bold ? ' font-weight="bold"' : '';
    const opacity = style.dim ? ' opacity="0.6"' : '';
    const width = ` textLength="${(length * CELL.width).toFixed(1)}"`;
    if (part.trim() !== '') {
      spans.push(
        `<tspan x="${x.toFixed(1)}" fill="${style.colour}"${weight}${opacity}${width}>${encode(part)}</tspan>`,
      );
    }
    column += length;
  }
  columns = Math.max(columns, column);
  return `<text y="${MARGIN + (row + 1) * CELL.height - 5}" xml:space="preserve">${spans.join('')}</text>`;
});
const width = Math.ceil(2 * MARGIN + columns * CELL.width);
const height = Math.ceil(2 * MARGIN + lines.length * CELL.height);
console.log(
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`,
    '<title>nanobard training in a terminal: a progress bar, the loss and its curve</title>',
    `<rect width="100%" height="100%" rx="8" fill="${COLOURS[0]}"/>`,
    ...rows,
    '</svg>',
  ].join('\n'),
);
