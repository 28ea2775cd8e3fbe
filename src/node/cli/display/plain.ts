import type { EvalEvent } from '../../../language/train/events.ts';
import type { TrainSession } from '../commands/session.ts';
import type { Io } from '../io.ts';
import { createStyle } from '../style.ts';
import type { Display } from './display.ts';
import { formatCount, formatDuration, formatLoss, formatMilliseconds, formatRate } from './format.ts';
import { Progress } from './progress.ts';
import { farewell, greeting } from './report.ts';

/** Milliseconds after which a line is due even if nothing but steps has happened. */
const INTERVAL = 10_000;

/** A display for logs: whole lines without control codes. `now` is a clock in milliseconds. */
export function plainDisplay(session: TrainSession, io: Io, now = (): number => performance.now()): Display {
  const style = createStyle(false);
  const progress = new Progress(session.recipe.evalInterval);
  let said = now();

  const say = (...lines: string[]): void => {
    said = now();
    io.stdout.write(`${lines.join('\n')}\n`);
  };

  return {
    show(event) {
      progress.update(event);
      if (event.type === 'start') say(...greeting(session, event, style));
      else if (event.type === 'eval') say(evalLine(event, progress));
      else if (event.type === 'step' && now() - said >= INTERVAL) say(stepLine(progress));
    },
    stopping() {
      say('Stopping as soon as possible, then saving. A second signal quits at once.');
    },
    close() {
      if (progress.end) say(...farewell(session, progress, style, io.command));
    },
  };
}

const place = (iter: number, maxIters: number): string =>
  `step ${formatCount(iter)}/${formatCount(maxIters)}`;

function evalLine({ iter, train, val, valFull, best }: EvalEvent, { maxIters }: Progress): string {
  const whole = valFull === null ? '' : `, whole val ${formatLoss(valFull)}`;
  return `${place(iter, maxIters)}: train ${formatLoss(train)}, val ${formatLoss(val)}${whole}${best ? ' (best)' : ''}`;
}

function stepLine(progress: Progress): string {
  const speed = `${formatRate(progress.tokensPerSecond)} tok/s, ${formatMilliseconds(progress.stepMs)}/step`;
  const left = formatDuration(Math.round(progress.secondsLeft ?? 0));
  return `${place(progress.iter, progress.maxIters)}: loss ${formatLoss(progress.loss)}, ${speed}, ${left} left`;
}
