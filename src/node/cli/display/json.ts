import { version } from '../../../version.ts';
import type { Io } from '../io.ts';
import type { Display, ShownRun } from './display.ts';

/** Milliseconds for which lines are gathered: steps may come every 100 µs, and every write is a system call. */
const INTERVAL = 20;

/** One JSON object per event and line, and nothing else. `now` is a clock in milliseconds. */
export function jsonDisplay(run: ShownRun, io: Io, now = (): number => performance.now()): Display {
  let lines = '';
  let written = Number.NEGATIVE_INFINITY;

  const flush = (): void => {
    if (lines !== '') io.stdout.write(lines);
    lines = '';
    written = now();
  };

  return {
    show(event) {
      lines += `${JSON.stringify(event.type === 'start' ? { ...event, ...about(run) } : event)}\n`;
      if (event.type !== 'step' || now() - written >= INTERVAL) flush();
    },
    stopping: flush,
    close: flush,
  };
}

function about({ folder, recipe }: ShownRun): object {
  const { recipeName, data } = folder.config;
  const { vocabSize } = folder.tokenizer;
  const { name, characters, tokens } = data;
  const text = { name, characters, tokens, vocabSize };
  return { recipe: recipeName, config: recipe, data: text, out: folder.path, version, seed: recipe.seed };
}
