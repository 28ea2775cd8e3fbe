import {
  type CurveData,
  chooseRecipe,
  createDevice,
  Dataset,
  type Device,
  type ModelFile,
  measurePeak,
  openModel,
  placeModel,
  planTraining,
  type Recipe,
  type RecipeChanges,
  recipes,
} from 'nanobard';
import type {
  Machine,
  MachineOptions,
  Methods,
  ModelInfo,
  Plan,
  StoredRun,
  TextInfo,
  TextSource,
} from '../protocol.ts';
import { openFiles } from './files.ts';
import { candidatesOf, lookAt, mapEmbeddings } from './look.ts';
import { Models } from './models.ts';
import { packed } from './pack.ts';
import { RunStore } from './run-store.ts';
import { Session } from './session.ts';
import { type LoadedText, loadTexts } from './texts.ts';
import { writeTokens } from './write.ts';

/** Of what a product of matrices reaches, training steps reach about this much before any has been measured. */
const USUAL_SHARE = 0.5;

/** Characters of a text to look at. */
const EXAMPLE = 64;

/** A run has one tab that trains it. */
const lockName = (run: string): string => `nanobard-run-${run}`;

interface Tell {
  readonly runs: (runs: readonly StoredRun[]) => void;
  readonly curve: (run: string, curve: CurveData) => void;
}

/** Everything that the worker holds, and what the page can ask of it. */
export class Bench {
  private readonly tell: Tell;
  private readonly models = new Models((id) => this.openStored(id));
  private readonly files = new Map<string, { readonly name: string; readonly file: ModelFile }>();
  private readonly store = openFiles('runs').then((files) =>
    RunStore.open(files, (runs) => this.tell.runs(runs)),
  );
  private device: Promise<Device> | undefined;
  private text: LoadedText | undefined;
  private session: Session | undefined;
  /** When the last session has ended. */
  private ended: Promise<void> | undefined;
  /** Floating-point operations that training does in a second, as measured last. */
  private speed: number | undefined;
  private opened = 0;

  constructor(tell: Tell) {
    this.tell = tell;
  }

  methods(emit: (value: unknown) => void, signal: AbortSignal): Methods {
    return {
      start: (options) => this.start(options),
      useText: (sources) => this.useText(sources),
      plan: ({ recipe, changes }) => this.plan(recipe, changes),
      train: ({ name, recipe, changes }) => this.train(name, recipe, changes),
      goOn: (run) => this.goOn(run),
      fork: (run, name, changes) => this.fork(run, name, changes),
      pause: async () => this.session?.pause(),
      stop: async () => this.session?.stop(),
      rename: async (run, name) => (await this.store).change(run, { name }),
      remove: (run) => this.remove(run),
      curve: async (run) => (await (await this.store).curve(run)).data,
      snapshots: async (run) => (await this.store).snapshots(run),
      openModel: (name, source) => this.openModel(name, source),
      describeModel: (model) => this.models.describe(model),
      write: (options) => this.models.use(options.model, (loan) => writeTokens(loan, options, emit, signal)),
      candidates: ({ model, prompt, after, ...rule }) =>
        this.models.use(model, async (loan) => {
          const { blockSize } = loan.model.network;
          const tokens = Array.from(after ?? loan.model.promptTokens(prompt)).slice(-blockSize);
          const logits = await loan.model.logits(tokens);
          return candidatesOf(loan.model.tokenizer, logits.data.slice(-loan.model.network.vocabSize), rule);
        }),
      example: (model) => this.example(model),
      look: (model, text) => this.models.use(model, (loan) => lookAt(loan, text)),
      embeddings: (model) => this.models.use(model, (loan) => mapEmbeddings(loan.model)),
      evaluate: (model, source) => this.evaluate(model, source, signal),
      export: (model, format, dtype) =>
        this.models.use(model, async (loan) => {
          const { exportModel } = await import('nanobard/formats');
          return packed(loan.name, exportModel(await loan.model.modelFile(), format, dtype));
        }),
    };
  }

  private async start(options: MachineOptions): Promise<Machine> {
    if (this.device && Object.keys(options).length > 0) await this.changeDevice(options);
    this.device ??= createDevice();
    const { name, threads, notes } = await this.device;
    const { lasting } = (await this.store).files;
    const processors = navigator.hardwareConcurrency;
    const named = Object.entries(recipes).map(([name, { recipe }]): [string, Recipe] => [name, recipe]);
    return {
      ...{ device: name, threads, processors, notes, keeps: lasting },
      hasGpu: Boolean(await navigator.gpu?.requestAdapter()),
      recipes: Object.fromEntries(named),
    };
  }

  /** One that cannot be had leaves the device as it is. */
  private async changeDevice(options: MachineOptions): Promise<void> {
    if (this.session) throw new Error('the device can change between trainings only');
    const next = await createDevice(options);
    const before = await this.theDevice();
    await before.dispose();
    this.models.clear();
    this.device = Promise.resolve(next);
    this.speed = undefined;
  }

  private async useText(sources: readonly TextSource[]): Promise<TextInfo> {
    this.text = await loadTexts(sources);
    return this.text.info;
  }

  private async plan(name: string, changes: RecipeChanges): Promise<Plan> {
    const recipe = chooseRecipe(name, changes);
    const { vocabSize, characters } = this.theText().info;
    checkLength(characters, recipe);
    const device = await this.theDevice();
    const plan = planTraining(recipe, vocabSize, characters, device.name);
    this.speed ??= USUAL_SHARE * 1e9 * (await measurePeak(device, 384)).gflops;
    const evaluations = Math.ceil(recipe.maxIters / recipe.evalInterval);
    const losses = 2 * recipe.evalIters + (0.1 * characters) / (recipe.batchSize * recipe.blockSize);
    const flops = recipe.maxIters * plan.flopsPerStep + evaluations * losses * plan.flopsPerLoss;
    return { ...plan, recipe, seconds: flops / this.speed };
  }

  private async train(name: string, recipeName: string, changes: RecipeChanges): Promise<string> {
    const recipe = chooseRecipe(recipeName, changes);
    const { text, info } = this.theText();
    const { characters, vocabSize } = info;
    checkLength(characters, recipe);
    planTraining(recipe, vocabSize, characters, (await this.theDevice()).name);
    const store = await this.store;
    const run: StoredRun = {
      ...{ id: newId(), name, created: Date.now(), recipeName, recipe },
      text: { name: info.name, characters, vocabSize },
      baselines: { uniform: Math.log(vocabSize), unigram: Number.NaN, bigram: undefined },
      ...{ status: 'interrupted', step: 0, bestVal: null },
    };
    await this.refuseSecond();
    await store.create(run, text);
    await this.goOn(run.id);
    return run.id;
  }

  /** Goes on with the run that is paused, or one that is kept, from where it stands. */
  private async goOn(id: string): Promise<void> {
    if (this.session?.id === id && !this.session.ending) return this.session.goOn();
    await this.refuseSecond();
    const store = await this.store;
    const device = await this.theDevice();
    const unlock = await lock(lockName(id));
    try {
      this.models.retire(`run:${id}`);
      const tell = (curve: { data(): CurveData }): void => this.tell.curve(id, curve.data());
      const session = await Session.open(store.run(id), store, device, tell);
      this.session = session;
      this.models.put(`run:${id}`, store.run(id).name, 'run', session.training.model, true);
      this.ended = session.run().finally(() => {
        this.measured(session);
        this.session = undefined;
        this.models.retire(`run:${id}`);
        unlock();
      });
    } catch (error) {
      unlock();
      throw error;
    }
  }

  private async fork(parent: string, name: string, changes: RecipeChanges): Promise<string> {
    await this.refuseSecond();
    const store = await this.store;
    const from = store.run(parent);
    const recipe: Recipe = chooseRecipe(from.recipe, changes);
    const run: StoredRun = {
      ...from,
      id: newId(),
      name,
      created: Date.now(),
      recipe,
      parent,
      status: 'interrupted',
    };
    await store.fork(run, parent);
    await this.goOn(run.id);
    return run.id;
  }

  private async remove(id: string): Promise<void> {
    if (this.session?.id === id) throw new Error('this run is being trained: stop it first');
    this.models.retire(`run:${id}`);
    await (await this.store).remove(id);
  }

  private async openModel(name: string, source: readonly File[] | string): Promise<ModelInfo> {
    const file = await openModel(source);
    const id = `file:${++this.opened}`;
    this.files.set(id, { name, file });
    return this.models.describe(id);
  }

  private async openStored(id: string) {
    const device = await this.theDevice();
    const kept = this.files.get(id);
    if (kept) return { name: kept.name, model: await placeModel(kept.file, { device }) };
    const store = await this.store;
    const run = store.run(id.replace(/^run:/, ''));
    const bytes = await store.model(run.id);
    if (!bytes) throw new Error(`the run ${run.name} has no model yet: train it to its first evaluation`);
    return { name: run.name, model: await placeModel(await openModel(bytes), { device }) };
  }

  /** A text that the model knows the characters of: of a run the text that it was not trained on, else its own. */
  private async example(id: string): Promise<string> {
    const run = id.replace(/^run:/, '');
    const store = await this.store;
    if (!store.has(run)) return this.models.use(id, ({ model }) => model.write('', { tokens: EXAMPLE }));
    const text = await store.text(run);
    return text
      .slice(Math.floor(0.9 * text.length))
      .replace(/^\S*\s*/, '')
      .slice(0, EXAMPLE);
  }

  private async evaluate(model: string, source: TextSource, signal: AbortSignal): Promise<number> {
    const { text } = await loadTexts([source]);
    return this.models.use(model, ({ model }) => {
      const tokens = model.tokenizer.encode(text);
      const { validation } = new Dataset(tokens, model.network.blockSize);
      return model.loss(model.tokenizer.decode(validation.subarray(0, validation.length)), { signal });
    });
  }

  /** What the device does in a second when it trains, to tell how long the next run takes. */
  private measured({ flopsPerSecond }: Session): void {
    this.speed = flopsPerSecond ?? this.speed;
  }

  /** One run at a time: one that was stopped, or has done its last step, is waited for. */
  private async refuseSecond(): Promise<void> {
    if (this.session?.ending) await this.ended;
    if (this.session) throw new Error('another run is being trained: stop it first');
  }

  private theDevice(): Promise<Device> {
    if (!this.device) throw new Error('there is no device yet');
    return this.device;
  }

  private theText(): LoadedText {
    if (!this.text) throw new Error('there is no text yet');
    return this.text;
  }
}

/** @throws {NanobardError} code `file`, with the shortest text that would do. */
function checkLength(characters: number, { blockSize }: Recipe): void {
  new Dataset(new Int32Array(characters), blockSize);
}

const newId = (): string => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;

/** Holds a lock among the browser's tabs until it is let go. */
function lock(name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    void navigator.locks.request(name, { ifAvailable: true }, (held) => {
      if (!held) {
        reject(new Error('this run is being trained in another tab'));
        return undefined;
      }
      return new Promise<void>((release) => resolve(release));
    });
  });
}
