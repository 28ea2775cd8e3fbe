import { stripVTControlCharacters } from 'node:util';

/** Columns that a line of ours takes on a terminal: all of its characters are one column wide. */
export function displayWidth(line: string): number {
  return stripVTControlCharacters(line).length;
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
