import { existsSync } from 'node:fs';
import { NanobardError } from '../../engine/errors.ts';
import type { Training } from '../../language/recipes/training.ts';
import {
  readSnapshot,
  snapshotOf,
  type TrainerSnapshot,
  type TrainerState,
} from '../../language/train/checkpoint.ts';
import type {
  CheckpointEvent,
  EndEvent,
  SampleEvent,
  TrainEvent,
  WarningEvent,
} from '../../language/train/events.ts';
import { streams } from '../../language/train/trainer.ts';
import type { Communicator } from '../mpi/communicator.ts';
import { sendState } from '../mpi/work.ts';
import { isDivergence, MOST_RESTORES } from './restores.ts';
import type { RunFolder } from './run-folder.ts';
import { Unwritten } from './unwritten.ts';

/** Length of the sample at the end of a run, in tokens. */
const SAMPLE_TOKENS = 500;

export interface SessionOptions {
  /** The state that the training has been restored to, if it goes on with an earlier one. */
  readonly from?: TrainerState | undefined;
  readonly maxMinutes?: number | undefined;
  /** The ranks that train together. */
  readonly job?: Communicator | undefined;
}

/**
 * A training that is written down as it happens. What an event tells of is on the disk before the event is told; where
 * the disk refuses, a warning is told, and it is tried again at the next evaluation and at the end.
 */
export class Session {
  private readonly folder: RunFolder;
  private readonly training: Training;
  private readonly maxMinutes: number | undefined;
  private readonly job: Communicator | undefined;
  private readonly unwritten = new Unwritten();
  /** What has been written and not been told yet. */
  private readonly written: CheckpointEvent[] = [];
  /** How often the run has gone back. */
  private restores: number;
  /** Whether the run has come further than its last state on the disk. */
  private ahead: boolean;
  /** Whether the user has been told that the metrics cannot be written. */
  private warned = false;

  constructor(folder: RunFolder, training: Training, { from, maxMinutes, job }: SessionOptions = {}) {
    this.folder = folder;
    this.training = training;
    this.maxMinutes = maxMinutes;
    this.job = job;
    this.ahead = from === undefined;
    this.restores = from?.progress.restores ?? 0;
  }

  /**
   * Trains to the end. A consumer who leaves, by `break`, `return()` or `throw()`, leaves a saved run behind, as a signal
   * does.
   *
   * @throws {NanobardError} code `diverged`; `file` if at the end there is still something that cannot be written.
   */
  async *events(signal?: AbortSignal): AsyncGenerator<TrainEvent, void, void> {
    const events = this.trained(signal);
    // Whether what is in memory can be gone on from: not in the middle of a step, nor after one that failed.
    let sound = false;
    let failed = false;
    try {
      while (true) {
        const { value: event, done } = await events.next();
        if (done) break;
        const told = await this.write(event);
        sound = true;
        yield* told;
        sound = false;
      }
    } catch (error) {
      failed = true;
      throw this.explained(error);
    } finally {
      await events.return();
      try {
        if (sound) await this.leave();
      } finally {
        await this.settle(!failed);
      }
    }
  }

  /** Saves where the run has come to; steps whose losses come late are recorded before. */
  private async leave(): Promise<void> {
    for (const step of await this.training.trainer.rest()) await this.write(step);
    if (this.ahead && this.training.trainer.whole) await this.save(!this.folder.hasModel());
  }

  /** The trainer's events; where the run may go back to its last checkpoint when it diverges, it does. */
  private async *trained(signal?: AbortSignal): AsyncGenerator<TrainEvent, void, void> {
    const { trainer } = this.training;
    const { patience, onDivergence } = this.folder.config.policy;
    const deadline = performance.now() + 60_000 * (this.maxMinutes ?? Number.POSITIVE_INFINITY);
    for (let begun = false; ; begun = true) {
      const maxMinutes = Math.max(1e-9, (deadline - performance.now()) / 60_000);
      const goesBack = onDivergence === 'restore' && this.restores < MOST_RESTORES;
      try {
        for await (const event of trainer.run(signal, { patience, maxMinutes })) {
          if (event.type === 'start' && begun) continue;
          if (event.type === 'end' && event.reason === 'diverged' && goesBack) continue;
          yield event;
        }
        return;
      } catch (error) {
        if (!(isDivergence(error) && goesBack)) throw error;
        yield await this.goBack(error);
      }
    }
  }

  /** Goes back to the last state on the disk, with half the learning rate. */
  private async goBack(error: NanobardError): Promise<WarningEvent> {
    const state = await this.folder.loadState();
    if (this.job) await sendState(this.job, state);
    if (!state) throw error;
    const { progress } = state;
    const { step } = progress;
    this.restores++;
    await this.training.trainer.restore({ ...state, progress: { ...progress, restores: this.restores } });
    await this.folder.metrics.rewind(progress);
    this.ahead = true;
    const message =
      `${error.message}; training goes on from step ${step} with half the learning rate ` +
      `(${this.restores} of ${MOST_RESTORES} times at most)`;
    return { type: 'warning', step, message, path: this.folder.lastPath };
  }

  /** Writes down what an event tells of, and returns what is to be told: the event, and what was written. */
  private async write(event: TrainEvent): Promise<readonly TrainEvent[]> {
    if (event.type === 'end') return this.end(event);
    const told: TrainEvent[] = [event, ...(await this.record(event))];
    const { folder } = this;
    if (event.type === 'step') this.ahead = true;
    else if (event.type === 'eval') {
      this.ahead = true;
      // A model that has learned nothing yet is not worth writing down: the recipe makes it anew.
      if (event.step > 0)
        told.push(...(await this.save(event.best || !folder.hasModel(), folder.config.policy.keep)));
    } else if (event.type === 'start') {
      const needed = folder.config.policy.onDivergence === 'restore' && !existsSync(folder.lastPath);
      if (needed) told.push(...(await this.save(false)));
    }
    return told;
  }

  private async end(event: EndEvent): Promise<readonly TrainEvent[]> {
    if (event.reason === 'diverged') return [...(await this.record(event)), event];
    const told: TrainEvent[] = this.ahead ? await this.save(!this.folder.hasModel()) : [];
    if (event.reason !== 'interrupted') told.push(await this.sample(event.step));
    await this.settle(true); // an end that is told is on the disk
    told.push(...(await this.record(event)));
    await this.settle(true);
    return [...told, event];
  }

  /**
   * Saves the state to go on from, and the model if that is wanted; returns what was written, and warnings. States of
   * evaluations are kept, those in between not: when a run was stopped is no matter of what it is.
   */
  private async save(withModel: boolean, keep = 0): Promise<TrainEvent[]> {
    const { folder, training, unwritten, written } = this;
    const snapshot = await training.trainer.snapshot();
    const { step } = snapshot.progress;
    // Read into memory only if the disk refuses it: then training goes on, and what is tried again is what stands now.
    let model: Uint8Array | undefined;
    let state: TrainerSnapshot | undefined;
    const told = (kind: CheckpointEvent['kind'], path: string): void => {
      written.push({ type: 'checkpoint', step, kind, path });
    };
    const warnings: WarningEvent[] = [];
    const attempt = async (kind: 'best' | 'last', write: () => Promise<void>): Promise<void> => {
      const error = await unwritten.attempt(kind, write);
      if (error) warnings.push(warning(step, folder[`${kind}Path`], error));
    };
    // The model first: a crash between the two takes the run back to before it was made, to make it again.
    if (withModel) {
      await attempt('best', async () => {
        await folder.saveModel(model ?? training.model.chunks({ step })).catch(async (error: unknown) => {
          model ??= await training.model.save({ step });
          throw error;
        });
        told('best', folder.bestPath);
      });
    }
    await attempt('last', async () => {
      const kept = await folder.saveState(state ?? snapshot, keep).catch(async (error: unknown) => {
        state ??= snapshotOf(await readSnapshot(snapshot));
        throw error;
      });
      told('last', folder.lastPath);
      if (kept !== undefined) told('kept', kept);
    });
    await unwritten.retry(); // a model of an earlier evaluation, say
    this.ahead = false;
    const events: TrainEvent[] = [...written.splice(0), ...warnings];
    for (const event of [...events]) events.push(...(await this.record(event)));
    return events;
  }

  private async sample(step: number): Promise<SampleEvent> {
    const { generator, model, recipe } = this.training;
    const options = recipe.lectureOrder
      ? { generator, forget: 1 } // the stream goes on
      : { temperature: 0.8, seed: recipe.seed + streams.sample };
    const text = await model.write('', { tokens: SAMPLE_TOKENS, ...options });
    await this.unwritten.attempt('sample', () => this.folder.saveSample(step, text));
    return { type: 'sample', step, text };
  }

  /** Records an event; a warning if that fails for the first time. */
  private async record(event: TrainEvent): Promise<readonly WarningEvent[]> {
    const { metrics, config } = this.folder;
    const evaluates = event.type === 'step' && event.step % config.recipe.evalInterval === 0;
    if (!metrics.add(event, evaluates)) return [];
    const durable = event.type === 'eval' || event.type === 'end'; // steps may come by the thousand a second
    const error = await this.unwritten.attempt('metrics', () => metrics.flush(durable));
    const told = error && !this.warned ? [warning(event.step, metrics.path, error)] : [];
    this.warned = error !== undefined;
    return told;
  }

  /** Tries again what could not be written; throws why it still cannot, if `strict`. */
  private async settle(strict: boolean): Promise<void> {
    await this.unwritten.attempt('metrics', () => this.folder.metrics.flush());
    await this.unwritten.retry();
    if (strict && this.unwritten.error) throw this.unwritten.error;
  }

  private explained(error: unknown): unknown {
    const { lastPath } = this.folder;
    if (!isDivergence(error) || !existsSync(lastPath)) return error;
    const hint = `${error.hint} The last good checkpoint is ${lastPath}.`;
    return new NanobardError(error.code, error.message, { hint, cause: error });
  }
}

const warning = (step: number, path: string, { message }: NanobardError): WarningEvent => ({
  type: 'warning',
  step,
  message: `${message}; training goes on, and it will be tried again`,
  path,
});
