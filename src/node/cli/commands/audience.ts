import type { TrainEvent } from '../../../language/train/events.ts';
import type { Display } from '../display/display.ts';
import { exitCodes, type Io } from '../io.ts';

/** Errors of an output that nobody listens to any more: a pipe that was closed, a terminal that is gone. */
const NOBODY = ['EPIPE', 'EIO'];

/**
 * Whom a training is shown to, and who can stop it: by a signal, by closing the terminal, or by closing the pipe that is
 * written to. Then the run is stopped and saved, and what cannot be shown any more is not.
 */
export class Audience {
  /** Why nothing can be shown any more; undefined as long as it can. */
  gone: string | undefined;
  private readonly io: Io;
  private readonly controller = new AbortController();
  private display: Display | undefined;

  constructor(io: Io) {
    this.io = io;
    io.signals.on('SIGINT', this.interrupt);
    io.signals.on('SIGTERM', this.interrupt);
    io.signals.on('SIGHUP', this.hangUp);
    io.stdout.on('error', this.lose);
  }

  /** Aborts when the run is to stop. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Training begins: from now on there is something to save. */
  watch(display: Display): void {
    this.display = display;
  }

  show(event: TrainEvent): void {
    if (this.gone === undefined) this.display?.show(event);
  }

  close(): void {
    if (this.gone === undefined) this.display?.close();
    this.io.signals.off('SIGINT', this.interrupt);
    this.io.signals.off('SIGTERM', this.interrupt);
    this.io.signals.off('SIGHUP', this.hangUp);
    this.io.stdout.off('error', this.lose);
  }

  /** Before training there is nothing to save; a second signal means that saving takes too long. */
  private readonly interrupt = (): void => {
    const quits = !this.display || this.signal.aborted;
    this.controller.abort();
    if (this.gone === undefined && this.display) quits ? this.display.close() : this.display.stopping();
    if (quits) this.io.exit(exitCodes.interrupted);
  };

  /** The terminal is closed, which may be told several times. A log file, or a pipe, outlives it. */
  private readonly hangUp = (): void => {
    if (this.io.stdout.isTTY !== true) return;
    this.gone ??= 'the terminal was closed';
    this.controller.abort();
    if (!this.display) this.io.exit(exitCodes.interrupted);
  };

  /** A log that cannot be written, on a full disk say, ends no training. */
  private readonly lose = (error: NodeJS.ErrnoException): void => {
    this.gone ??= `standard output: ${error.message}`;
    if (NOBODY.includes(error.code ?? '')) this.controller.abort();
  };
}
