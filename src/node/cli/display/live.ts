import { type Io, sizeOf } from '../io.ts';
import { styleFor } from '../style.ts';
import type { Display, ShownRun } from './display.ts';
import { frame } from './frame.ts';
import { farewell, greeting } from './report.ts';
import { RunStatus } from './run-status.ts';

/** Milliseconds between two frames. */
const INTERVAL = 100;

// Control sequences (ECMA-48, and DEC's private modes for cursor and line wrapping).
const ERASE_REST_OF_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CUT_LINES = '\u001b[?7l';
const WRAP_LINES = '\u001b[?7h';

/**
 * A display that redraws itself in place, at the bottom of the terminal. Lines that are too long are cut by the
 * terminal: were they wrapped, nobody could tell how many there are. `now` is a clock in milliseconds.
 */
export function liveDisplay(run: ShownRun, io: Io, now = (): number => performance.now()): Display {
  const { stdout, env } = io;
  const style = styleFor(stdout, env);
  const status = new RunStatus(run.recipe.evalInterval);
  let height = 0;
  let drawn = Number.NEGATIVE_INFINITY;

  /** To the first line of what has been drawn. */
  const top = (): string => (height > 0 ? `\r\u001b[${height}A` : '\r');

  const draw = (): void => {
    drawn = now();
    const size = sizeOf(stdout);
    const lines = frame(status, { ...size, style })
      .split('\n')
      .slice(0, size.rows - 1);
    const body = lines.map((line) => `${line}${ERASE_REST_OF_LINE}\n`).join('');
    // One write, and nothing erased before it is overwritten: no flicker.
    stdout.write(`${HIDE_CURSOR}${CUT_LINES}${top()}${body}${ERASE_BELOW}${WRAP_LINES}`);
    height = lines.length;
  };

  return {
    show(event) {
      status.update(event);
      if (event.type === 'start') stdout.write(`${greeting(run, event, style).join('\n')}\n`);
      if (event.type === 'warning') {
        stdout.write(`${top()}${ERASE_BELOW}${style.yellow('warning:')} ${event.message}\n`);
        height = 0;
      }
      // Steps may take microseconds, and then most are not drawn; the last one before an evaluation is.
      if (event.type !== 'step' || status.evaluating || now() - drawn >= INTERVAL) draw();
    },
    stopping() {
      status.stopping = true;
      if (status.start) draw();
    },
    close() {
      if (height > 0) stdout.write(SHOW_CURSOR);
      height = 0;
      if (status.end) stdout.write(`${farewell(run, status, style, io.command).join('\n')}\n`);
    },
  };
}
