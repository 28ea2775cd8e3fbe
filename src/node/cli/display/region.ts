import { type Output, sizeOf } from '../io.ts';

// Control sequences (ECMA-48, and DEC's private modes for cursor and line wrapping).
const ERASE_REST_OF_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CUT_LINES = '\u001b[?7l';
const WRAP_LINES = '\u001b[?7h';

/**
 * The lines at the bottom of a terminal, drawn over and over in place. Lines that are too long are cut by the
 * terminal: were they wrapped, nobody could tell how many there are.
 */
export class Region {
  private readonly output: Output;
  private height = 0;

  constructor(output: Output) {
    this.output = output;
  }

  draw(text: string): void {
    const lines = text.split('\n').slice(0, sizeOf(this.output).rows - 1);
    const body = lines.map((line) => `${line}${ERASE_REST_OF_LINE}\n`).join('');
    const up = this.height > 0 ? `\r\u001b[${this.height}A` : '\r';
    // One write, and nothing erased before it is overwritten: no flicker.
    this.output.write(`${HIDE_CURSOR}${CUT_LINES}${up}${body}${ERASE_BELOW}${WRAP_LINES}`);
    this.height = lines.length;
  }

  /** Leaves the last drawing as it is; what is written next goes below. */
  release(): void {
    if (this.height > 0) this.output.write(SHOW_CURSOR);
    this.height = 0;
  }
}
