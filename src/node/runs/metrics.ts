import { constants } from 'node:fs';
import { open, truncate } from 'node:fs/promises';
import type { TrainEvent } from '../../language/train/events.ts';
import { readIfThere, unwritable, writeAtomically } from '../files.ts';

/** Metrics are written in pieces of about this many characters. */
const PIECE = 16_384;

/** What is pending is written after this many milliseconds at the next event, so that who watches the file sees it. */
const DELAY = 500;

/** What cannot be written is kept, but not more of it than this, in characters. */
const MOST_PENDING = 8 * 2 ** 20;

/** How far a run has come: metrics beyond it belong to steps that are done again. */
export interface Position {
  readonly step: number;
  /** Whether the evaluation at this step has been made. */
  readonly evaluated: boolean;
}

/** `metrics.jsonl`: the events of a run, one a line, samples apart. */
export class Metrics {
  readonly path: string;
  private pending = '';
  /** The length of `pending` at which it is written, were there nothing but steps. */
  private due = PIECE;
  private flushed = performance.now();
  /** Bytes of the file that are whole lines; undefined until it is looked at. */
  private size: number | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Adds an event to what is pending; returns whether it is time to `flush` that. */
  add(event: TrainEvent): boolean {
    this.pending += `${JSON.stringify(event)}\n`;
    const late = this.due === PIECE && performance.now() - this.flushed >= DELAY;
    return event.type !== 'step' || late || this.pending.length >= this.due;
  }

  /**
   * Writes what is pending; if it is `durable`, so that a power failure does not lose it. What could not be written is
   * kept for the next time, of more than 8 MB the newest half.
   *
   * @throws {NanobardError} code `file`, with the path and the reason.
   */
  async flush(durable = false): Promise<void> {
    if (this.pending === '') return;
    this.flushed = performance.now();
    try {
      this.size = await this.append(Buffer.from(this.pending), durable);
      this.pending = '';
      this.due = PIECE;
    } catch (cause) {
      const { pending } = this;
      if (pending.length > MOST_PENDING)
        this.pending = pending.slice(pending.indexOf('\n', pending.length / 2) + 1);
      this.due = Math.max(PIECE, 2 * this.pending.length); // not at each step
      throw unwritable(this.path, cause);
    }
  }

  /** Drops what was recorded beyond `position`, which is done again, and a line that a crash cut short. */
  async rewind(position: Position): Promise<void> {
    this.pending = linesUpTo(this.pending, position);
    const bytes = await readIfThere(this.path);
    if (!bytes) return;
    const kept = Buffer.from(linesUpTo(bytes.toString(), position));
    if (!bytes.subarray(0, kept.length).equals(kept)) await writeAtomically(this.path, kept);
    else if (kept.length < bytes.length) await truncate(this.path, kept.length); // no space is needed for that
    this.size = kept.length;
  }

  /** Whether a state to go on from has been recorded as written. */
  async tellOfState(): Promise<boolean> {
    const lines = (await readIfThere(this.path))?.toString().split('\n') ?? [];
    return lines.map(eventOf).some((event) => event?.type === 'checkpoint' && event.kind === 'last');
  }

  /** Writes after the last whole line, over what is left of a piece that was written in part; returns the new size. */
  private async append(bytes: Buffer, durable: boolean): Promise<number> {
    const file = await open(this.path, constants.O_WRONLY | constants.O_CREAT, 0o666);
    try {
      const size = this.size ?? (await file.stat()).size;
      this.size = size;
      try {
        for (let at = 0; at < bytes.length; )
          at += (await file.write(bytes, at, bytes.length - at, size + at)).bytesWritten;
        if (durable) await file.sync();
      } catch (error) {
        await file.truncate(size).catch(() => {});
        throw error;
      }
      return size + bytes.length;
    } finally {
      await file.close();
    }
  }
}

/** The whole lines of `text` that a run which has come to `position` keeps. */
export function linesUpTo(text: string, position: Position): string {
  return text
    .split('\n')
    .filter((line) => line !== '' && belongs(line, position))
    .map((line) => `${line}\n`)
    .join('');
}

/** A line that was cut short or damaged belongs nowhere. */
function belongs(line: string, { step, evaluated }: Position): boolean {
  const event = eventOf(line);
  if (typeof event?.step !== 'number' || event.step > step) return false;
  return event.step < step || event.type !== 'eval' || evaluated;
}

function eventOf(line: string): { readonly [field: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
