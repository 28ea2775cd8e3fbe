import { stripVTControlCharacters } from 'node:util';

/** Characters that take two columns: East Asian ones and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** Columns that styled text takes on a terminal, near enough. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += characterWidth(character);
  return width;
}

const characterWidth = (character: string): number => (WIDE.test(character) ? 2 : 1);

/** The beginning of unstyled `text` that fits into `columns`. */
export function crop(text: string, columns: number): string {
  let width = 0;
  let cropped = '';
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns) break;
    cropped += character;
  }
  return cropped;
}

/** Joins items by dots into as few lines as fit into `columns`. */
export function flow(items: readonly string[], columns: number, dot = ' · '): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const joined = lines.length > 0 ? `${lines.at(-1)}${dot}${item}` : item;
    if (lines.length > 0 && displayWidth(joined) <= columns) lines[lines.length - 1] = joined;
    else lines.push(item);
  }
  return lines;
}

/**
 * Text from a model, safe to show on a terminal: control characters, which could move the cursor or worse,
 * become their pictures. Line feeds and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';
  });
}
