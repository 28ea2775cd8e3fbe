// The page's kernel: runs cells in a worker, one after another, so that the page never waits.

import * as figures from '../../../tutorial/chapters/figures.ts';
import type { PageChapter } from '../../build/chapters.ts';
import * as basics from './basics.ts';
import { Notebook, Stopped, stoppable } from './notebook.ts';
import type { Failure, Message, Request } from './protocol.ts';

/** How long cells may keep messages waiting, in ms. */
const HOLD = 50;

const post = (message: Message): void => postMessage(message);

let running = 0;
let stopping = false;
let lastTurn = performance.now();

/** Lets messages in now and then: without, a loop that only awaits steps would never hear of `stop`. */
function checkpoint(): Promise<void> | undefined {
  if (stopping) throw new Stopped();
  if (performance.now() - lastTurn < HOLD) return undefined;
  return new Promise((resolve, reject) => {
    setTimeout(() => {
      lastTurn = performance.now();
      if (stopping) reject(new Stopped());
      else resolve();
    });
  });
}

const create = stoppable(basics.createDevice, checkpoint);

const createDevice: typeof create = async (options) => {
  const device = await create(options);
  post({ type: 'device', name: device.name, threads: device.threads, notes: device.notes });
  return device;
};

/** nanobard: all of it is loaded when something is asked for that is not at hand. */
async function library(names?: readonly string[]): Promise<object> {
  const atHand = names?.every((name) => name in basics);
  return { ...(atHand ? basics : await import('nanobard')), createDevice };
}

const chapters = import.meta.glob<PageChapter>('../../../tutorial/chapters/[1-9]*.ts', {
  query: '?chapter',
  import: 'default',
});

const notebook = new Notebook({
  modules: {
    nanobard: library,
    './figures.ts': async () => figures,
    './text.ts': async () => ({ loadText }),
  },
  chapter: (name) => chapters[`../../../tutorial/chapters/${name}.ts`]?.(),
});

/** tinyshakespeare where the server has it; otherwise verse that nanobard writes itself. */
async function loadText(): Promise<string> {
  const response = await fetch(/* @vite-ignore */ new URL('../tinyshakespeare.txt', import.meta.url)).catch(
    () => undefined,
  );
  if (response?.ok && response.headers.get('content-type')?.startsWith('text/plain')) return response.text();
  const text = basics.plays({ characters: 1_000_000, seed: 1337 });
  post({
    type: 'text',
    run: running,
    text:
      'tinyshakespeare is not here: with the built-in plays the figures are others. To have it, run ' +
      '"npx nanobard train bigram --data tinyshakespeare" once, or put tinyshakespeare.txt beside index.html.',
  });
  return text;
}

figures.canvas.draw = (figure) => {
  if (stopping) throw new Stopped();
  if (notebook.quiet) return;
  post({ type: 'figure', run: running, figure });
};

let queue = Promise.resolve();
/** Cells that were asked for before the last stop and still wait are forgotten. */
let stops = 0;

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  if (data.type === 'stop') {
    stopping = true;
    stops++;
    return;
  }
  const asked = stops;
  queue = queue.then(() => (asked === stops ? run(data) : undefined));
});

async function run({ run, chapter, code }: Extract<Request, { type: 'run' }>): Promise<void> {
  running = run;
  stopping = false;
  lastTurn = performance.now();
  try {
    await notebook.run(chapter, { code }, (text) => {
      if (stopping) throw new Stopped();
      post({ type: 'text', run, text });
    });
    post({ type: 'done', run });
  } catch (error) {
    post({ type: 'done', run, failure: failureOf(error) });
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof Stopped) return { message: 'stopped', stopped: true };
  const hint = error instanceof basics.NanobardError ? error.hint : undefined;
  return {
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    hint,
    stopped: false,
  };
}
