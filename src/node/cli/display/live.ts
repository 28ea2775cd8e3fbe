import type { TrainSession } from '../commands/session.ts';
import type { Io } from '../io.ts';
import { styleFor } from '../style.ts';
import type { Display } from './display.ts';
import { frame } from './frame.ts';
import { Progress } from './progress.ts';
import { Region } from './region.ts';
import { farewell, greeting } from './report.ts';

/** Milliseconds between two frames. */
const INTERVAL = 100;

/** A display that redraws itself in place. `now` is a clock in milliseconds. */
export function liveDisplay(session: TrainSession, io: Io, now = (): number => performance.now()): Display {
  const { stdout, env } = io;
  const style = styleFor(stdout, env);
  const progress = new Progress(session.recipe.evalInterval);
  const region = new Region(stdout);
  let drawn = Number.NEGATIVE_INFINITY;

  const draw = (): void => {
    drawn = now();
    region.draw(frame(progress, { columns: stdout.columns ?? 80, rows: stdout.rows ?? 24, style }));
  };

  return {
    show(event) {
      progress.update(event);
      if (event.type === 'start') stdout.write(`${greeting(session, event, style).join('\n')}\n`);
      // Steps may take microseconds, and then most are not drawn; the last one before an evaluation is.
      if (event.type !== 'step' || progress.evaluating || now() - drawn >= INTERVAL) draw();
    },
    stopping() {
      progress.stopping = true;
      if (progress.start) draw();
    },
    close() {
      region.release();
      if (progress.end) stdout.write(`${farewell(session, progress, style, io.command).join('\n')}\n`);
    },
  };
}
