import { EventEmitter } from 'node:events';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { type RecipeName, recipes } from '../../../language/recipes/recipes.ts';
import type { TrainEvent } from '../../../language/train/events.ts';
import type { Profile } from '../../runs/profile.ts';
import type {
  Engine,
  ProfileOptions,
  SampleOptions,
  TrainOptions,
  TrainSession,
} from '../commands/session.ts';
import type { Io, Output } from '../io.ts';

/** An output that remembers what was written; a terminal if it has columns. */
export class FakeOutput implements Output {
  readonly writes: string[] = [];
  readonly isTTY: boolean;
  readonly columns?: number;
  readonly rows?: number;

  constructor(size?: { columns: number; rows: number }) {
    this.isTTY = size !== undefined;
    if (size) Object.assign(this, size);
  }

  write(text: string): boolean {
    this.writes.push(text);
    return true;
  }

  get text(): string {
    return this.writes.join('');
  }
}

export interface FakeIo extends Io {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  readonly signals: EventEmitter;
  /** Codes that `exit` was called with. */
  readonly exits: number[];
}

export function fakeIo(
  options: {
    terminal?: { columns: number; rows: number };
    stdin?: readonly (string | Uint8Array)[];
    env?: Io['env'];
  } = {},
): FakeIo {
  const exits: number[] = [];
  const { stdin = [] } = options;
  return {
    stdin: {
      async *[Symbol.asyncIterator]() {
        yield* stdin;
      },
    },
    stdout: new FakeOutput(options.terminal),
    stderr: new FakeOutput(),
    env: options.env ?? {},
    signals: new EventEmitter(),
    exits,
    exit: (code) => exits.push(code),
    command: 'nanobard',
  };
}

export function fakeSession(recipeName: RecipeName, events: () => AsyncIterable<TrainEvent>): TrainSession {
  return {
    folder: `runs/${recipeName}-20261122-101530`,
    recipeName,
    recipe: recipes[recipeName].recipe,
    notices: [],
    text: { name: 'tinyshakespeare', characters: 1_115_394, vocabSize: 65 },
    events,
  };
}

export const fakeSample = `MENENIUS:
What is the matter, that in these several places
The seat of my heart we have had the man?

CORIOLANUS:
I would the gods had nothing else to do
But to confirm my curses.
`;

/** The loss that a small GPT has after `iter` updates, about: a fall from log 65 to 1.75. */
const lossAt = (iter: number): number => 1.75 + 1.1 * Math.exp(-iter / 500) + 1.32 * Math.exp(-iter / 40);

/** The events of a run of shakespeare-char-cpu as it might have been; stops early when `signal` says so. */
export async function* fakeEvents(
  options: { iters?: number; stepMs?: number; evalMs?: number; wait?: boolean; signal?: AbortSignal } = {},
): AsyncGenerator<TrainEvent> {
  const { iters = 2000, stepMs = 50, evalMs = 3000, wait = false, signal } = options;
  const pause = async (ms: number): Promise<unknown> => (wait ? setTimeout(ms) : undefined);
  const folder = 'runs/shakespeare-char-cpu-20261122-101530';
  const tokens = 768;
  let seconds = 0;
  let bestVal: number | null = null;
  let bestIter: number | null = null;

  async function* evaluation(iter: number): AsyncGenerator<TrainEvent> {
    await pause(evalMs);
    seconds += evalMs / 1000;
    const [train, val] = [lossAt(iter), lossAt(iter) * 1.06];
    const best = iter > 0 && (bestVal === null || val < bestVal);
    if (best) [bestVal, bestIter] = [val, iter];
    const valFull = iter === 0 ? null : val + 0.004;
    yield { type: 'eval', iter, train, val, valFull, best, ms: evalMs };
    if (best) yield { type: 'checkpoint', iter, kind: 'best', path: `${folder}/best.safetensors` };
    yield { type: 'sample', iter, text: fakeSample };
  }

  yield {
    type: 'start',
    iter: 0,
    maxIters: iters,
    parameters: 804_096,
    tokensPerStep: tokens,
    flopsPerStep: 4e9,
    bytes: 84e6,
    device: 'cpu',
    threads: 2,
  };
  yield* evaluation(0);
  let iter = 0;
  while (iter < iters && !signal?.aborted) {
    iter++;
    await pause(stepMs);
    seconds += stepMs / 1000;
    const loss = lossAt(iter) + 0.06 * Math.sin(7 * iter) * Math.cos(3 * iter);
    const lr = 1e-4 + 4.5e-4 * (1 + Math.cos((Math.PI * iter) / iters));
    yield {
      type: 'step',
      iter,
      loss,
      lr,
      gradNorm: 0.4,
      ms: stepMs,
      tokensPerSecond: (1000 * tokens) / stepMs,
    };
    if (iter % 250 === 0 || iter === iters) yield* evaluation(iter);
  }
  yield { type: 'checkpoint', iter, kind: 'last', path: `${folder}/last.safetensors` };
  const reason = iter === iters ? 'finished' : 'interrupted';
  yield { type: 'end', iter, reason, bestVal, bestIter, trainSeconds: iter * (stepMs / 1000), seconds };
}

/** An engine that replays made-up runs and remembers what it was asked for. */
export class FakeEngine implements Engine {
  readonly asked: unknown[] = [];
  private readonly recorded: (options: TrainOptions) => AsyncIterable<TrainEvent>;
  private readonly changes: Partial<TrainSession>;

  constructor(
    recorded: (options: TrainOptions) => AsyncIterable<TrainEvent> = () => fakeEvents({ iters: 500 }),
    changes: Partial<TrainSession> = {},
  ) {
    this.recorded = recorded;
    this.changes = changes;
  }

  async openTraining(options: TrainOptions): Promise<TrainSession> {
    this.asked.push(options);
    return { ...fakeSession('shakespeare-char-cpu', () => this.recorded(options)), ...this.changes };
  }

  async profile(options: ProfileOptions): Promise<Profile> {
    this.asked.push(options);
    const operations = [
      { op: 'linear', calls: 17, ms: 12.5, gflops: 100 },
      { op: 'gelu', calls: 4, ms: 2.5, gflops: 50 },
    ];
    return { stepMs: 14.8, peakGflops: 125, operations };
  }

  async *sample(options: SampleOptions): ReturnType<Engine['sample']> {
    this.asked.push(options);
    for (let index = 0; index < options.count; index++) {
      const words = ['To be,', ' or', ` not ${index}`];
      for (const text of words) {
        yield { type: 'token', index, text };
        await setImmediate();
      }
      const text = words.join('');
      yield {
        type: 'sample',
        index,
        text,
        tokens: 3,
        ms: 2,
        tokensPerSecond: 1500,
        firstTokenMs: 1,
        stopped: 'length',
      };
    }
  }

  async evaluate(options: unknown): ReturnType<Engine['evaluate']> {
    this.asked.push(options);
    return {
      loss: 1.8857,
      perplexity: Math.exp(1.8857),
      bitsPerCharacter: 1.8857 / Math.LN2,
      tokens: 111_539,
      iter: 2000,
      path: 'runs/a/best.safetensors',
      ms: 2140,
    };
  }
}
