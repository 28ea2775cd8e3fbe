import { signal } from '@preact/signals';
import type { Figure } from '../../../tutorial/chapters/figures.ts';
import type { Failure, Message, Request } from '../kernel/protocol.ts';

/** How long a cell has to hear that it should stop, in ms; then the kernel is ended. */
const PATIENCE = 2000;

/** Output that a cell keeps, in characters: what comes after a long one pushes out its beginning. */
const KEPT = 20_000;

/** What came out of a cell, as it stands. */
export interface Output {
  readonly state: 'waiting' | 'running' | 'done';
  readonly text: string;
  readonly figures: readonly Figure[];
  readonly seconds: number;
  readonly failure?: Failure | undefined;
}

/** The device that cells compute on, once one is there. */
export const device = signal<Extract<Message, { type: 'device' }> | undefined>(undefined);

/** How many cells run or wait. */
export const busy = signal(0);

/** Whether the last stop took the notebook's memory with it. */
export const restarted = signal(false);

interface Run {
  output: Output;
  started: number;
  readonly show: (output: Output) => void;
  readonly finish: () => void;
}

const runs = new Map<number, Run>();
let count = 0;
let worker: Worker | undefined;

function send(request: Request): void {
  if (!worker) {
    worker = new Worker(new URL('../kernel/worker.ts', import.meta.url), { type: 'module', name: 'kernel' });
    worker.addEventListener('message', ({ data }: MessageEvent<Message>) => receive(data));
    worker.addEventListener('error', ({ message }) =>
      end({ message: message || 'The kernel could not be started.', stopped: false }),
    );
  }
  worker.postMessage(request);
}

/** Runs a cell after those that were asked for before. `show` is told of each change of its output. */
export function run(chapter: string, code: string, show: (output: Output) => void): Promise<Output> {
  restarted.value = false;
  return new Promise((resolve) => {
    const id = ++count;
    const finish = (): void => {
      runs.delete(id);
      busy.value = runs.size;
      resolve(entry.output);
    };
    const entry: Run = {
      output: { state: runs.size === 0 ? 'running' : 'waiting', text: '', figures: [], seconds: 0 },
      started: performance.now(),
      show,
      finish,
    };
    runs.set(id, entry);
    busy.value = runs.size;
    show(entry.output);
    send({ type: 'run', run: id, chapter, code });
  });
}

/** Stops the cell that runs and forgets those that wait. One that does not listen takes the kernel with it. */
export function stop(): void {
  const [current, ...waiting] = runs.values();
  for (const entry of waiting) conclude(entry, { message: 'stopped', stopped: true });
  if (!current) return;
  send({ type: 'stop' });
  setTimeout(() => {
    if (![...runs.values()].includes(current)) return;
    restarted.value = true;
    end({ message: 'stopped', stopped: true });
  }, PATIENCE);
}

/** Ends the kernel; the next cell starts another. */
function end(failure: Failure): void {
  worker?.terminate();
  worker = undefined;
  device.value = undefined;
  for (const entry of [...runs.values()]) conclude(entry, failure);
}

function receive(message: Message): void {
  if (message.type === 'device') {
    device.value = message;
    return;
  }
  const entry = runs.get(message.run);
  if (!entry) return;
  const { output } = entry;
  if (output.state === 'waiting') entry.started = performance.now();
  switch (message.type) {
    case 'text':
      update(entry, { state: 'running', text: `${output.text}${message.text}\n`.slice(-KEPT) });
      break;
    case 'figure': {
      const others = output.figures.filter(({ name }) => name !== message.figure.name);
      const index = output.figures.findIndex(({ name }) => name === message.figure.name);
      update(entry, {
        state: 'running',
        figures: others.toSpliced(index < 0 ? others.length : index, 0, message.figure),
      });
      break;
    }
    case 'done':
      conclude(entry, message.failure);
  }
}

function update(entry: Run, changes: Partial<Output>): void {
  entry.output = { ...entry.output, ...changes };
  entry.show(entry.output);
}

function conclude(entry: Run, failure: Failure | undefined): void {
  update(entry, { state: 'done', seconds: (performance.now() - entry.started) / 1000, failure });
  entry.finish();
}
