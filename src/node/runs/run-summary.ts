import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { PROGRESS } from '../../language/train/checkpoint.ts';
import type { EndReason, TrainEvent } from '../../language/train/events.ts';
import { eventOf } from './curve-reader.ts';
import { isBeingWritten } from './lock.ts';
import { decodeRunConfig, type RunConfig } from './run-config.ts';

/** How a run stands; `cut` is one that nobody writes any more, and that did not say how it ended. */
export type RunState = 'training' | EndReason | 'cut' | 'damaged';

/** What a list of runs shows of each. */
export interface RunSummary {
  /** The name of its folder. */
  readonly name: string;
  readonly state: RunState;
  /** Milliseconds since 1970. */
  readonly began: number;
  /** Undefined if it cannot be read; then `problem` says why. */
  readonly config: RunConfig | undefined;
  readonly problem?: string | undefined;
  readonly step: number;
  readonly loss: number | null;
  readonly bestVal: number | null;
  readonly bestStep: number | null;
  /** The last thing that went wrong. */
  readonly warning?: string | undefined;
  readonly hasModel: boolean;
}

/** The longest header of a checkpoint that is read, in bytes. */
const MOST_HEADER = 2 ** 22;

const ProgressHeader = v.object({
  __metadata__: v.object({
    [PROGRESS]: v.pipe(
      v.string(),
      v.parseJson(),
      v.object({ bestVal: v.nullable(v.number()), bestStep: v.nullable(v.number()) }),
    ),
  }),
});

/** Bytes at the end of the metrics that tell how a run stands. */
const TAIL = 2 ** 18;

/** The summary of the run in `folder`; undefined where there is none. */
export async function summarize(folder: string, name: string): Promise<RunSummary | undefined> {
  const path = join(folder, 'config.json');
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  const began = found.birthtimeMs || found.mtimeMs;
  const hasModel = await stat(join(folder, 'model.safetensors')).then(
    (model) => model.isFile(),
    () => false,
  );
  const none = { name, began, hasModel, step: 0, loss: null, bestVal: null, bestStep: null };
  let config: RunConfig;
  try {
    config = decodeRunConfig(await readFile(path), path);
  } catch (error) {
    return { ...none, state: 'damaged', config: undefined, problem: (error as Error).message };
  }
  const { lines, whole } = await tailOf(join(folder, 'metrics.jsonl'));
  // Of steps only the last matters, and there are many.
  const lastStep = lines.findLastIndex((line) => isStep(line) && eventOf(line) !== undefined);
  const events = lines.flatMap((line, i) => (i === lastStep || !isStep(line) ? (eventOf(line) ?? []) : []));
  const last = <T extends TrainEvent['type']>(type: T) =>
    events.findLast((event): event is Extract<TrainEvent, { type: T }> => event.type === type);
  const end = events.at(-1);
  const state = (await isBeingWritten(folder)) ? 'training' : end?.type === 'end' ? end.reason : 'cut';
  return {
    ...{ ...none, state, config },
    step: end?.step ?? 0,
    loss: last('step')?.loss ?? null,
    ...(await bestOf(folder, events, whole)),
    warning: last('warning')?.message,
  };
}

const isStep = (line: string): boolean => line.startsWith('{"type":"step"');

type Best = Pick<RunSummary, 'bestVal' | 'bestStep'>;

/** The best evaluation: the last that says so, or else what the run's last state remembers. */
async function bestOf(folder: string, events: readonly TrainEvent[], whole: boolean): Promise<Best> {
  const found = events.findLast((event) => event.type === 'eval' && event.best);
  if (found?.type === 'eval') return { bestVal: found.val, bestStep: found.step };
  const none = { bestVal: null, bestStep: null };
  if (whole) return none;
  return (await progressOf(join(folder, 'checkpoints', 'last.safetensors')).catch(() => undefined)) ?? none;
}

/** The progress in a checkpoint's header, without its tensors. */
async function progressOf(path: string): Promise<Best> {
  const file = await open(path, 'r');
  try {
    const length = Buffer.alloc(8);
    await file.read(length, 0, 8, 0);
    const header = Buffer.alloc(Math.min(MOST_HEADER, Number(length.readBigUInt64LE())));
    await file.read(header, 0, header.length, 8);
    return v.parse(ProgressHeader, JSON.parse(header.toString())).__metadata__[PROGRESS];
  } finally {
    await file.close();
  }
}

/** The lines at the end of a file, and whether that is all of it. */
async function tailOf(path: string): Promise<{ readonly lines: readonly string[]; readonly whole: boolean }> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return { lines: [], whole: true };
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - TAIL);
    const bytes = Buffer.alloc(size - from);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    return { lines: bytes.toString('utf8', 0, bytesRead).split('\n'), whole: from === 0 };
  } finally {
    await file.close();
  }
}
