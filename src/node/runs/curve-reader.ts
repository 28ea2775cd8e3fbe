import { type FileHandle, open } from 'node:fs/promises';
import { Curve, type CurveData } from '../../language/train/curve.ts';
import type { TrainEvent } from '../../language/train/events.ts';

/** Bytes that are read at once: what memory a file of any size takes. */
const CHUNK = 2 ** 18;

/**
 * Reads `metrics.jsonl` as it grows: each call goes on where the last one ended, so that a file of gigabytes is read
 * once and takes no memory. A file that has become shorter, since the run went back, is read anew.
 */
export class CurveReader {
  private readonly path: string;
  private curve = new Curve();
  /** Bytes that were read, all of whole lines. */
  private position = 0;
  private reading: Promise<CurveData> | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** The curve as the file stands; empty while there is no file. Several calls at once share one reading. */
  read(): Promise<CurveData> {
    this.reading ??= this.advance().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async advance(): Promise<CurveData> {
    let file: FileHandle;
    try {
      file = await open(this.path, 'r');
    } catch {
      return this.curve.data();
    }
    try {
      const { size } = await file.stat();
      if (size < this.position) {
        this.curve = new Curve();
        this.position = 0;
      }
      const chunk = Buffer.allocUnsafe(CHUNK);
      while (this.position < size) {
        const { bytesRead } = await file.read(chunk, 0, CHUNK, this.position);
        const end = chunk.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
        // The last line is being written; one longer than a chunk is no event.
        if (end === 0 && bytesRead < CHUNK) break;
        if (end > 0) this.add(chunk.toString('utf8', 0, end));
        this.position += end === 0 ? bytesRead : end;
      }
    } finally {
      await file.close();
    }
    return this.curve.data();
  }

  private add(lines: string): void {
    for (const event of eventsOf(lines)) this.curve.add(event);
  }
}

/** The events of whole lines: as one array, which is faster, unless one of them is damaged. */
function eventsOf(lines: string): readonly TrainEvent[] {
  try {
    const events: readonly unknown[] = JSON.parse(`[${lines.trimEnd().replaceAll('\n', ',')}]`);
    if (events.every(isEvent)) return events;
  } catch {
    // line by line, then
  }
  return lines.split('\n').flatMap((line) => eventOf(line) ?? []);
}

const isEvent = (value: unknown): value is TrainEvent =>
  typeof value === 'object' && value !== null && 'type' in value;

/** The event of a line; undefined for what is none: a line that a crash has cut, or that begins in the middle. */
export function eventOf(line: string): TrainEvent | undefined {
  if (line === '') return undefined;
  try {
    const event: unknown = JSON.parse(line);
    return isEvent(event) ? event : undefined;
  } catch {
    return undefined;
  }
}
