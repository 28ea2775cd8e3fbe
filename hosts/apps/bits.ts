// The training whose bits all hosts are asked for: nanoGPT's recipe for a CPU, 60 steps on nanobard's own plays, then a sample,
// and one of the same model in 8 bits.
import { CpuDevice, createTraining, loadModel, plays, type SimdLevel } from 'nanobard';

export interface Result {
  readonly simd: SimdLevel;
  readonly threads: number;
  /** The median of the steps. */
  readonly ms: number;
  readonly losses: number[];
  /** In f32, then in 8 bits. */
  readonly sample: string;
  /** SHA-256 of the losses' bits and the samples, the first 12 digits. */
  readonly hash: string;
}

export async function trainingBits(simd?: SimdLevel): Promise<Result> {
  const text = plays({ characters: 100_000, seed: 1 });
  const device = await CpuDevice.create(simd === undefined ? {} : { simd });
  const recipe = { recipe: 'shakespeare-char-cpu', maxIters: 60, evalIters: 1 } as const;
  const { trainer, model } = await createTraining({ ...recipe, text, device });
  const losses: number[] = [];
  const times: number[] = [];
  for await (const event of trainer.run()) {
    if (event.type === 'eval') losses.push(event.val);
    if (event.type !== 'step') continue;
    losses.push(event.loss, event.gradNorm);
    times.push(event.ms);
  }
  let sample = '';
  for await (const piece of model.generate('The ', { tokens: 200, temperature: 0.8, seed: 1 }))
    sample += piece;
  const small = await loadModel(await model.save({ dtype: 'q8' }), { device });
  sample += await small.write('The ', { tokens: 200, temperature: 0.8, seed: 1 });
  await small.dispose();
  await device.dispose();

  const bytes = new Uint8Array([
    ...new Uint8Array(Float64Array.from(losses).buffer),
    ...new TextEncoder().encode(sample),
  ]);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, 12);
  const ms = times.sort((a, b) => a - b)[times.length >> 1]!;
  return { simd: device.simd, threads: device.threads, ms, losses, sample, hash };
}
