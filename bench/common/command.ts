// nanobard's command line as its users start it, in a process of its own.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TrainEvent } from '../../src/language/train/events.ts';
import { inBench } from './child.ts';
import { median } from './results.ts';

const cli = inBench('../dist/cli.js');

/** Prints the peak memory when the process ends, on a line of its own. */
const REPORT_MEMORY =
  'data:text/javascript,process.on("exit",()=>console.error("peak",process.resourceUsage().maxRSS))';

export interface Result {
  readonly events: readonly TrainEvent[];
  readonly seconds: number;
  readonly peakMegabytes: number;
}

/** Runs a command and collects its JSON events. */
export const run = (...args: string[]): Promise<Result> => runUnder([], ...args);

/** The same, started by a launcher such as `['mpirun', '-np', '2']`: the peak is one rank's. */
export async function runUnder(launcher: readonly string[], ...args: string[]): Promise<Result> {
  const begin = performance.now();
  const program = [process.execPath, '--import', REPORT_MEMORY, cli, ...args, '--json'];
  const [command = '', ...words] = [...launcher, ...program];
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const events: TrainEvent[] = [];
  for await (const line of createInterface({ input: child.stdout }))
    events.push(JSON.parse(line) as TrainEvent);
  if ((await ended) !== 0) throw new Error(`nanobard ${args.join(' ')} failed:\n${errors}`);
  const peak = Number(/peak (\d+)/.exec(errors)?.[1]) / 1024;
  return { events, seconds: (performance.now() - begin) / 1000, peakMegabytes: peak };
}

/** Seconds from starting a command until it prints the first event of a type; then it is ended. */
export async function secondsUntil(type: string, ...args: string[]): Promise<number> {
  const begin = performance.now();
  const child = spawn(process.execPath, [cli, ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  let seconds = Number.NaN;
  for await (const line of createInterface({ input: child.stdout })) {
    if ((JSON.parse(line) as { type: string }).type !== type) continue;
    seconds = (performance.now() - begin) / 1000;
    break;
  }
  child.kill('SIGKILL');
  await ended;
  if (Number.isNaN(seconds)) throw new Error(`nanobard ${args.join(' ')} printed no ${type}`);
  return seconds;
}

export const ofType = <T extends TrainEvent['type']>({ events }: Result, type: T) =>
  events.filter((event): event is Extract<TrainEvent, { type: T }> => event.type === type);

/** Steps that warm up before times count. */
const WARM_UP = 4;

/** Median milliseconds of a run's steps. */
export const stepMs = (result: Result): number =>
  median(
    ofType(result, 'step')
      .slice(WARM_UP)
      .map(({ ms }) => ms),
  );
