import {
  baselines,
  type CompiledFunction,
  type Curve,
  createTraining,
  type Device,
  encodeCheckpoint,
  grad,
  type Histogram,
  histogram,
  NanobardError,
  type Tensor,
  type TrainEvent,
  type Training,
  type Variable,
} from 'nanobard';
import type { Snapshot, StoredRun } from '../protocol.ts';
import type { RunStore } from './run-store.ts';

/** A page that is closed loses at most this, in ms, and what it takes to write. */
const SAVE_EVERY = 8_000;

/** How often the page is told how the run stands, in ms. */
const TELL_EVERY = 250;

/** Length of the samples at evaluations. */
const SAMPLE_TOKENS = 200;

/** Windows of the batch whose gradient is shown. */
const GRADIENT_BATCH = 8;

type Gradients = Readonly<Record<string, Tensor>>;

/** A run while it is trained: what it does is kept as it happens. */
export class Session {
  readonly id: string;
  readonly training: Training;
  /** Whether it was told to stop, or has done its last step: what follows is to write things down. */
  ending = false;
  /** What the device does when it trains, as the last step has shown. */
  flopsPerSecond: number | undefined;
  private readonly store: RunStore;
  private readonly curve: Curve;
  private readonly tell: (curve: Curve) => void;
  private readonly controller = new AbortController();
  private readonly gradients: CompiledFunction<Gradients>;
  /** Events that are not in the store yet. */
  private pending: TrainEvent[] = [];
  private saved = performance.now();
  private told = 0;
  private hasModel: boolean;
  /** Set while the run stands still. */
  private gate: { readonly open: () => void; readonly opened: Promise<void> } | undefined;

  private constructor(
    run: StoredRun,
    training: Training,
    store: RunStore,
    from: { readonly curve: Curve; readonly hasModel: boolean },
    tell: (curve: Curve) => void,
  ) {
    this.id = run.id;
    this.training = training;
    this.store = store;
    this.curve = from.curve;
    this.hasModel = from.hasModel;
    this.tell = tell;
    const { network, device } = training.model;
    const tables: readonly Variable[] = network.parameterGroups().tables ?? [];
    const shown = network.parameters().filter((parameter) => !tables.includes(parameter));
    this.gradients = device.compile((x, y) => {
      const found = grad(
        network.evaluating(() => network.loss(x, y)),
        shown,
      );
      return Object.fromEntries(found.map((gradient, i) => [shown[i]!.name, gradient]));
    });
  }

  /** Opens a run where it stands; one that was just created at its beginning. */
  static async open(
    run: StoredRun,
    store: RunStore,
    device: Device,
    tell: (curve: Curve) => void,
  ): Promise<Session> {
    const training = await createTraining({ recipe: run.recipe, text: await store.text(run.id), device });
    const state = await store.loadState(run.id);
    if (state) await training.trainer.restore(state);
    await store.rewind(run.id, state?.progress.step ?? -1);
    await store.change(run.id, { step: state?.progress.step ?? 0 });
    const { curve } = await store.curve(run.id);
    const hasModel = (await store.model(run.id)) !== undefined;
    if (state === undefined) {
      const counted = baselines(training.dataset, training.model.network.vocabSize);
      await store.change(run.id, { baselines: counted });
    }
    return new Session(run, training, store, { curve, hasModel }, tell);
  }

  /** Trains to the end. What goes wrong is kept with the run. */
  async run(): Promise<void> {
    const { store, id } = this;
    await store.change(id, { status: 'training', failure: undefined });
    try {
      for await (const event of this.training.trainer.run(this.controller.signal)) {
        await this.handle(event);
        if (this.gate) await this.gate.opened;
      }
    } catch (error) {
      const diverged = error instanceof NanobardError && error.code === 'diverged';
      const { message } = error as Error;
      await this.flush().catch(() => {});
      await store.change(id, { status: diverged ? 'diverged' : 'failed', failure: message });
    } finally {
      this.tell(this.curve);
      this.training.trainer.dispose();
      this.gradients.dispose();
    }
  }

  async pause(): Promise<void> {
    if (this.gate) return;
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.gate = { open, opened };
    await this.store.change(this.id, { status: 'paused' });
  }

  async goOn(): Promise<void> {
    this.gate?.open();
    this.gate = undefined;
    await this.store.change(this.id, { status: 'training' });
  }

  stop(): void {
    this.ending = true;
    this.controller.abort();
    this.gate?.open();
    this.gate = undefined;
  }

  private async handle(event: TrainEvent): Promise<void> {
    this.add(event);
    if (event.type === 'eval') {
      if (event.step > 0 && (event.best || !this.hasModel)) await this.saveModel(event.step);
      this.add({ type: 'sample', step: event.step, text: await this.sample() });
      await this.store.recordSnapshot(this.id, await this.snapshot(event.step));
      if (event.best) await this.store.change(this.id, { bestVal: event.val });
    }
    if (event.type === 'end') this.ending = true;
    if (event.type === 'end' && event.reason !== 'diverged') {
      if (!this.hasModel && event.step > 0) await this.saveModel(event.step);
      await this.saveState();
      const status = event.reason === 'interrupted' ? 'interrupted' : 'finished';
      await this.store.change(this.id, { status });
    } else if (performance.now() - this.saved >= SAVE_EVERY) {
      await this.saveState();
    }
    if (performance.now() - this.told >= TELL_EVERY) {
      this.tell(this.curve);
      this.told = performance.now();
    }
  }

  private add(event: TrainEvent): void {
    if (event.type === 'step') this.flopsPerSecond = (1000 * this.training.trainer.training.flops) / event.ms;
    this.curve.add(event);
    this.pending.push(event);
  }

  private sample(): Promise<string> {
    const { model, recipe } = this.training;
    return model.write('', { tokens: SAMPLE_TOKENS, temperature: 0.8, seed: recipe.seed + 1 });
  }

  /** What was told, then the state: a page that is closed in between goes back to the state before. */
  private async saveState(): Promise<void> {
    await this.flush();
    const state = await this.training.trainer.state();
    await this.store.saveState(this.id, encodeCheckpoint(state));
    await this.store.change(this.id, { step: state.progress.step });
    this.saved = performance.now();
  }

  private async saveModel(step: number): Promise<void> {
    await this.store.saveModel(this.id, await this.training.model.save({ step }));
    this.hasModel = true;
  }

  private async flush(): Promise<void> {
    const { pending } = this;
    this.pending = [];
    await this.store.record(this.id, pending);
  }

  /** Weights as they are, and the gradient of the first windows of the validation text. */
  private async snapshot(step: number): Promise<Snapshot> {
    const { network, device } = this.training.model;
    const weights: Record<string, Histogram> = {};
    for (const parameter of network.parameters())
      weights[parameter.name] = histogram(await device.read(parameter));
    const { dataset } = this.training;
    const batch = dataset.batch('validation', GRADIENT_BATCH, { next: (places) => places >> 1 });
    try {
      const found = Object.entries(await this.gradients(...batch));
      const gradients = found.map(([name, gradient]) => [
        name,
        histogram(typeof gradient === 'number' ? [gradient] : gradient.data),
      ]);
      return { step, weights, gradients: Object.fromEntries(gradients) };
    } catch (error) {
      // Where there is no memory for it, training matters more.
      if (error instanceof NanobardError && error.code === 'memory') return { step, weights, gradients: {} };
      throw error;
    }
  }
}
