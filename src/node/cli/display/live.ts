import { type Io, sizeOf } from '../io.ts';
import { styleFor } from '../style.ts';
import type { Display, ShownRun } from './display.ts';
import { frame } from './frame.ts';
import { Region } from './region.ts';
import { farewell, greeting } from './report.ts';
import { RunStatus } from './run-status.ts';

/** Milliseconds between two frames. */
const INTERVAL = 100;

/** A display that redraws itself in place. `now` is a clock in milliseconds. */
export function liveDisplay(run: ShownRun, io: Io, now = (): number => performance.now()): Display {
  const { stdout, env } = io;
  const style = styleFor(stdout, env);
  const status = new RunStatus(run.recipe.evalInterval);
  const region = new Region(stdout);
  let drawn = Number.NEGATIVE_INFINITY;

  const draw = (): void => {
    drawn = now();
    region.draw(frame(status, { ...sizeOf(stdout), style }));
  };

  return {
    show(event) {
      status.update(event);
      if (event.type === 'start') stdout.write(`${greeting(run, event, style).join('\n')}\n`);
      // Steps may take microseconds, and then most are not drawn; the last one before an evaluation is.
      if (event.type !== 'step' || status.evaluating || now() - drawn >= INTERVAL) draw();
    },
    stopping() {
      status.stopping = true;
      if (status.start) draw();
    },
    close() {
      region.release();
      if (status.end) stdout.write(`${farewell(run, status, style, io.command).join('\n')}\n`);
    },
  };
}
