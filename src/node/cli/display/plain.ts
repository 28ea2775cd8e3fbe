import type { EvalEvent } from '../../../language/train/events.ts';
import type { Io } from '../io.ts';
import { createStyle } from '../style.ts';
import type { Display, ShownRun } from './display.ts';
import { formatCount, formatDuration, formatLoss, formatMilliseconds, formatRate } from './format.ts';
import { farewell, greeting } from './report.ts';
import { RunStatus } from './run-status.ts';

/** Milliseconds after which a line is due even if nothing but steps has happened. */
const INTERVAL = 10_000;

/** A display for logs: whole lines without control codes. `now` is a clock in milliseconds. */
export function plainDisplay(run: ShownRun, io: Io, now = (): number => performance.now()): Display {
  const style = createStyle(false);
  const status = new RunStatus(run.recipe.evalInterval);
  let said = now();

  const say = (...lines: string[]): void => {
    said = now();
    io.stdout.write(`${lines.join('\n')}\n`);
  };

  return {
    show(event) {
      status.update(event);
      if (event.type === 'start') say(...greeting(run, event, style));
      else if (event.type === 'eval') say(evalLine(event, status));
      else if (event.type === 'warning') say(`warning: ${event.message}`);
      else if (event.type === 'step' && now() - said >= INTERVAL) say(stepLine(status));
    },
    stopping() {
      say('Stopping as soon as possible, then saving. A second signal quits at once.');
    },
    close() {
      if (status.end) say(...farewell(run, status, style, io.command));
    },
  };
}

const place = (step: number, maxIters: number): string =>
  `step ${formatCount(step)}/${formatCount(maxIters)}`;

function evalLine({ step, train, val, valFull, best }: EvalEvent, { maxIters }: RunStatus): string {
  const whole = valFull === null ? '' : `, whole val ${formatLoss(valFull)}`;
  return `${place(step, maxIters)}: train ${formatLoss(train)}, val ${formatLoss(val)}${whole}${best ? ' (best)' : ''}`;
}

function stepLine(status: RunStatus): string {
  const speed = `${formatRate(status.tokensPerSecond)} tok/s, ${formatMilliseconds(status.stepMs)}/step`;
  const left = formatDuration(Math.round(status.secondsLeft ?? 0));
  return `${place(status.stepsDone, status.maxIters)}: loss ${formatLoss(status.loss)}, ${speed}, ${left} left`;
}
