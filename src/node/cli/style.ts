import { styleText } from 'node:util';
import { type Io, isTerminal, type Output } from './io.ts';

type Paint = (text: string) => string;

/** How words are set off on a terminal; without colours every function returns its text. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

const paint =
  (format: keyof Style, enabled: boolean): Paint =>
  (text) =>
    enabled ? styleText(format, text, { validateStream: false }) : text;

export function createStyle(enabled: boolean): Style {
  return {
    bold: paint('bold', enabled),
    dim: paint('dim', enabled),
    red: paint('red', enabled),
    green: paint('green', enabled),
    yellow: paint('yellow', enabled),
    cyan: paint('cyan', enabled),
  };
}

/** Colours on a terminal, unless the user wants none (https://no-color.org). */
export function styleFor(output: Output, env: Io['env']): Style {
  return createStyle(isTerminal(output, env) && !env.NO_COLOR);
}

/** Tells things that the user should know, beside the output. */
export function writeNotes(notes: readonly string[], { stderr, env }: Io): void {
  const style = styleFor(stderr, env);
  for (const note of notes) stderr.write(`${style.yellow('note:')} ${note}\n`);
}
