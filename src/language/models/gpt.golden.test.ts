import { readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import type { Device } from '../../engine/devices/device.ts';
import { fillInputs } from '../../engine/devices/evaluate.ts';
import { grad } from '../../engine/ops/grad.ts';
import { compile } from '../../engine/program/compile.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Input } from '../../engine/tensor/tensor.ts';
import { cpus, expectClose, reference } from '../../testing/check.ts';
import { newBatch } from '../data/dataset.ts';
import { decodeSafetensors } from '../formats/safetensors.ts';
import { cosineSchedule } from '../optim/schedule.ts';
import { recipes } from '../recipes/recipes.ts';
import { TrainingStep } from '../train/step.ts';
import { GPT, type GPTConfig } from './gpt.ts';

// What PyTorch computes, made by scripts/fixtures/gpt.py, whose first comment lists the contents.
const NAMES = ['bias', 'no-bias', 'three-heads', 'short-sequence', 'odd-head-size', 'wide'];

/** Hyperparameters of the ten steps, named as in recipes. */
type Training = Record<
  'learningRate' | 'minLr' | 'warmupIters' | 'lrDecayIters' | 'beta1' | 'beta2' | 'weightDecay' | 'gradClip',
  number
>;

class Fixture {
  readonly config: GPTConfig;
  readonly training: Training;
  /** Extents of a batch. */
  readonly shape: readonly [B: number, T: number];
  private readonly tensors;

  constructor(name: string) {
    const file = new URL(`./fixtures/gpt-${name}.safetensors`, import.meta.url);
    const { tensors, metadata } = decodeSafetensors(readFileSync(file));
    this.tensors = tensors;
    this.config = JSON.parse(metadata.config!);
    this.training = JSON.parse(metadata.training!);
    this.shape = tensors.get('inputs')!.shape.slice(1) as [number, number];
  }

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  data(name: string): ArrayLike<number> {
    return this.tensors.get(name)!.data as ArrayLike<number>;
  }

  batch(name: 'inputs' | 'targets', step: number): ArrayLike<number> {
    const [B, T] = this.shape;
    return (this.data(name) as Int32Array).subarray(step * B * T, (step + 1) * B * T);
  }

  /**
   * The model with its initial parameters, on a device. With a smaller block it has the first of the fixture's
   * position embeddings; those after them have no gradient.
   */
  async model(device: Device, blockSize = this.config.blockSize): Promise<GPT> {
    const model = new GPT({ ...this.config, blockSize }).initialize(new Generator(0));
    for (const [name, parameter] of model.namedParameters()) {
      await device.write(parameter, this.first(name, parameter.size));
    }
    return model;
  }

  /** The first values of a parameter. */
  first(name: string, size: number): ArrayLike<number> {
    return Array.from(this.data(name)).slice(0, size);
  }
}

/** Logits, loss and all gradients on the first batch, by the names that the fixture has for them. */
async function firstBatch(device: Device, fixture: Fixture): Promise<Map<string, ArrayLike<number>>> {
  const model = (await fixture.model(device)).eval();
  const [idx, targets] = [
    new Input('inputs', fixture.shape, 'i32'),
    new Input('targets', fixture.shape, 'i32'),
  ];
  const loss = model.loss(idx, targets);
  const parameters = model.namedParameters();
  const gradients = grad(loss, [...parameters.values()]);
  const named = Object.fromEntries([...parameters.keys()].map((name, i) => [`grad.${name}`, gradients[i]!]));
  const executable = await device.load(compile({ outputs: { logits: model.forward(idx), loss, ...named } }));
  fillInputs(executable, { inputs: fixture.batch('inputs', 0), targets: fixture.batch('targets', 0) });
  await executable.run();
  const results = new Map<string, ArrayLike<number>>();
  for (const { name } of executable.program.outputs) results.set(name, (await executable.read(name)).slice());
  executable.dispose();
  return results;
}

/** Ten steps of AdamW with clipping and the cosine schedule: losses, gradient norms and the model afterwards. */
async function tenSteps(device: Device, fixture: Fixture) {
  const { config, training } = fixture;
  const [batchSize, blockSize] = fixture.shape; // batches may be shorter than the context that PyTorch's model has
  const model = await fixture.model(device, blockSize);
  const recipe = { ...recipes['shakespeare-char-cpu'].recipe, ...config, ...training, batchSize, blockSize };
  const step = await TrainingStep.create(model, device, recipe);
  const rate = cosineSchedule({
    learningRate: training.learningRate,
    minLearningRate: training.minLr,
    warmupSteps: training.warmupIters,
    decaySteps: training.lrDecayIters,
  });
  const [losses, norms, rates]: number[][] = [[], [], []];
  for (let i = 0; i < 10; i++) {
    const batch = newBatch(batchSize, blockSize);
    batch[0].data.set(fixture.batch('inputs', i));
    batch[1].data.set(fixture.batch('targets', i));
    const { loss, gradNorm } = (await step.run(i + 1, rate(i), [batch]))!;
    losses!.push(loss);
    norms!.push(gradNorm);
    rates!.push(rate(i));
  }
  return { model, losses: losses!, norms: norms!, rates: rates! };
}

describe.each(NAMES)('the GPT of PyTorch: %s', (name) => {
  const fixture = new Fixture(name);

  it('has the same logits, loss and gradients in float32, to 5e-6', async () => {
    for (const cpu of Object.values(cpus)) {
      for (const [what, values] of await firstBatch(cpu, fixture)) {
        expectClose(values, fixture.data(what), 5e-6, `${cpu.simd} ${what}`);
      }
    }
  });

  it('has the same losses over ten training steps in float32, to 1e-6', async () => {
    for (const cpu of Object.values(cpus)) {
      const { model, losses, norms, rates } = await tenSteps(cpu, fixture);
      expectClose(rates, fixture.data('train.lr'), 1e-15, 'learning rates');
      expectClose(losses, fixture.data('train.loss'), 1e-6, `${cpu.simd} losses`);
      expectClose(norms, fixture.data('train.gradNorm'), 2e-6, `${cpu.simd} gradient norms`);
      for (const [parameter, variable] of model.namedParameters()) {
        if (!fixture.has(`final.${parameter}`)) continue;
        const [actual, expected] = [
          await cpu.read(variable),
          fixture.first(`final.${parameter}`, variable.size),
        ];
        expectClose(
          known(parameter, actual),
          known(parameter, expected),
          2e-6,
          `${cpu.simd} final ${parameter}`,
        );
      }
    }
  });

  it('has the same numbers in float64, to 1e-10', async () => {
    for (const [what, values] of await firstBatch(reference, fixture)) {
      if (fixture.has(`f64.${what}`)) expectClose(values, fixture.data(`f64.${what}`), 1e-10, what);
    }
    const { model, losses, norms } = await tenSteps(reference, fixture);
    expectClose(losses, fixture.data('f64.train.loss'), 1e-10, 'losses');
    expectClose(norms, fixture.data('f64.train.gradNorm'), 1e-10, 'gradient norms');
    for (const [parameter, variable] of model.namedParameters()) {
      if (!fixture.has(`f64.final.${parameter}`)) continue;
      expectClose(
        await reference.read64(variable),
        fixture.first(`f64.final.${parameter}`, variable.size),
        1e-10,
        `final ${parameter}`,
      );
    }
  });
});

/**
 * A parameter without what rounding alone decides: adding a constant to all keys does not change a softmax, so
 * the true gradient of the keys' part of `c_attn.bias` is zero, and AdamW magnifies what is found instead.
 */
function known(name: string, values: ArrayLike<number>): number[] {
  const third = values.length / 3;
  return Array.from(values).filter((_, i) => !name.endsWith('c_attn.bias') || i < third || i >= 2 * third);
}
