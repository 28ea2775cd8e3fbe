import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as node from 'onnxruntime-node';
import * as web from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import { kindNames, textOf } from './support/models.ts';
import { difference, type Runtime, step } from './support/onnx.ts';
import { exported, open } from './support/ours.ts';

web.env.logLevel = 'error';

const runtimes: Record<string, Runtime> = { 'onnxruntime-node': node, 'onnxruntime-web': web };

/** What rounding weights may do to logits; to f32 nothing is done. */
const tolerances = { f32: 1e-5, f16: 0.01, q8: 0.15 } as const;
const files = { f32: 'model', f16: 'model_fp16', q8: 'model_quantized' } as const;
const dtypes = Object.keys(files) as (keyof typeof files)[];

const modelOf = async (folder: string, dtype: keyof typeof files): Promise<Uint8Array> =>
  readFile(join(folder, 'onnx', `${files[dtype]}.onnx`));

describe.each(Object.keys(runtimes))('ONNX in %s', (name) => {
  const runtime = runtimes[name]!;

  it.each(kindNames)(
    'gives the logits of %s, whole and with the cache, alone and in a batch',
    async (kind) => {
      const model = await open(kind);
      const V = model.tokenizer.vocabSize;
      const T = Math.min(model.network.blockSize, 40);
      const [first, second] = [100, 500].map((at) =>
        Array.from(model.tokenizer.encode(textOf(kind).slice(at, at + 200)).subarray(0, T)),
      ) as [number[], number[]];
      const ours = (await model.logits(first)).data;
      for (const dtype of dtypes) {
        const folder = await exported(kind, 'onnx', dtype);
        const session = await runtime.InferenceSession.create(await modelOf(folder, dtype));
        const whole = await step(runtime, session, [first]);
        expect(difference(whole.logits, ours), dtype).toBeLessThan(tolerances[dtype]);

        // In two pieces, then one by one.
        const start = await step(runtime, session, [first.slice(0, 5)]);
        const logits = [start.logits];
        let { cache } = start;
        for (const [from, to] of [[5, T - 2] as const, [T - 2, T - 1] as const, [T - 1, T] as const]) {
          const next = await step(runtime, session, [first.slice(from, to)], { past: from, cache });
          logits.push(next.logits);
          cache = next.cache;
        }
        const joined = logits.flatMap((part) => Array.from(part));
        expect(difference(joined, whole.logits), `${dtype}, cached`).toBeLessThan(1e-5);

        // The second is shorter, and stands at the right.
        const padding = [0, 3];
        const rows = [first, [0, 0, 0, ...second.slice(0, T - 3)]];
        const batch = await step(runtime, session, rows, { padding });
        const alone = await step(runtime, session, [second.slice(0, T - 3)]);
        expect(difference(batch.logits.subarray(0, T * V), whole.logits), `${dtype}, batch`).toBeLessThan(
          1e-5,
        );
        expect(difference(batch.logits.subarray((T + 3) * V), alone.logits), `${dtype}, padded`).toBeLessThan(
          1e-5,
        );
      }
      await model.dispose();
    },
  );
});
