import type { TrainEvent } from '../../../language/train/events.ts';
import type { TrainSession } from '../commands/session.ts';
import { type Io, isTerminal } from '../io.ts';

/** Someone who listens to a training run and shows it. */
export interface Display {
  show(event: TrainEvent): void;
  /** The user has asked to stop. */
  stopping(): void;
  /** Nothing more will come, be it that the run has ended or failed. */
  close(): void;
}

/** The display that suits the output: live on a terminal, plain lines elsewhere, or JSON if asked for. */
export async function createDisplay(session: TrainSession, io: Io, json: boolean): Promise<Display> {
  if (json) return (await import('./json.ts')).jsonDisplay(session, io);
  if (isTerminal(io.stdout, io.env)) return (await import('./live.ts')).liveDisplay(session, io);
  return (await import('./plain.ts')).plainDisplay(session, io);
}
