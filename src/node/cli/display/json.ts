import { version } from '../../../version.ts';
import type { TrainSession } from '../commands/session.ts';
import type { Io } from '../io.ts';
import type { Display } from './display.ts';

/** Milliseconds for which lines are gathered: steps may come every 100 µs, and every write is a system call. */
const INTERVAL = 20;

/** One JSON object per event and line, and nothing else. `now` is a clock in milliseconds. */
export function jsonDisplay(session: TrainSession, io: Io, now = (): number => performance.now()): Display {
  let lines = '';
  let written = Number.NEGATIVE_INFINITY;

  const flush = (): void => {
    if (lines !== '') io.stdout.write(lines);
    lines = '';
    written = now();
  };

  return {
    show(event) {
      const { recipeName: recipe, recipe: config, text: data, folder: out } = session;
      const started = { recipe, config, data, out, version, seed: config.seed };
      lines += `${JSON.stringify(event.type === 'start' ? { ...event, ...started } : event)}\n`;
      if (event.type !== 'step' || now() - written >= INTERVAL) flush();
    },
    stopping: flush,
    close: flush,
  };
}
