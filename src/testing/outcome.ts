// What a run leaves behind, to be compared with what another one does.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeCheckpoint } from '../language/train/checkpoint.ts';
import type { TrainEvent } from '../language/train/events.ts';

/** What was computed, without times and paths. */
export const results = (events: readonly TrainEvent[]): object[] =>
  events.flatMap((event) => {
    if (event.type === 'step')
      return {
        step: event.step,
        loss: event.loss,
        learningRate: event.learningRate,
        gradNorm: event.gradNorm,
      };
    if (event.type === 'eval')
      return { step: event.step, train: event.train, val: event.val, valFull: event.valFull };
    return event.type === 'sample' ? event : [];
  });

/** Everything in a run's folder, apart from times: state, best model, losses, samples, and the names of all files. */
export async function outcome(folder: string): Promise<object> {
  const state = await readFile(join(folder, 'checkpoints', 'last.safetensors'));
  const { progress, tensors } = decodeCheckpoint(state);
  const lines = (await readFile(join(folder, 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
  const samples = await readdir(join(folder, 'samples'));
  return {
    progress: { ...progress, trainSeconds: 0 },
    tensors,
    best: (await readFile(join(folder, 'model.safetensors'))).toString('base64'),
    metrics: results(lines.map((line) => JSON.parse(line))),
    samples: await Promise.all(samples.map((file) => readFile(join(folder, 'samples', file), 'utf8'))),
    files: (await readdir(folder, { recursive: true })).sort(),
  };
}
