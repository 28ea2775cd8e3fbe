import type { TrainEvent } from '../../../language/train/events.ts';
import type { TrainingRun } from '../../runs/training.ts';
import { type Io, isTerminal } from '../io.ts';
import { writeNotes } from '../style.ts';
import { jsonDisplay } from './json.ts';
import { liveDisplay } from './live.ts';
import { plainDisplay } from './plain.ts';

/** What displays tell of a training run apart from its events. */
export type ShownRun = Pick<TrainingRun, 'folder' | 'recipe'>;

/** Someone who listens to a training run and shows it. */
export interface Display {
  show(event: TrainEvent): void;
  /** The user has asked to stop. */
  stopping(): void;
  /** Nothing more will come: the run has ended or failed. */
  close(): void;
}

/** The display that suits the output: live on a terminal, plain lines elsewhere, or JSON if asked for. */
export function createDisplay(run: ShownRun, io: Io, json: boolean): Display {
  const make = json ? jsonDisplay : isTerminal(io.stdout, io.env) ? liveDisplay : plainDisplay;
  return harmless(make(run, io), io);
}

/** A display that falls silent when it fails, and says so: nothing that is shown may end a run. */
function harmless(display: Display, io: Io): Display {
  let failed = false;
  const attempt = (show: () => void): void => {
    try {
      show();
    } catch (error) {
      if (!failed) writeNotes([`The display failed (${(error as Error).message}); training goes on.`], io);
      failed = true;
    }
  };
  return {
    show(event) {
      if (!failed || event.type === 'end') attempt(() => display.show(event));
    },
    stopping: () => attempt(() => display.stopping()),
    close: () => attempt(() => display.close()),
  };
}
