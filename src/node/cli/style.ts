import { styleText } from 'node:util';
import { type Io, isTerminal, type Output } from './io.ts';

const formats = ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const;

/** How words are set off on a terminal; without colours every function returns its text. */
export type Style = Readonly<Record<(typeof formats)[number], (text: string) => string>>;

export function createStyle(enabled: boolean): Style {
  const paint = (format: (typeof formats)[number]) => (text: string) =>
    enabled ? styleText(format, text, { validateStream: false }) : text;
  return Object.fromEntries(formats.map((format) => [format, paint(format)])) as Style;
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
