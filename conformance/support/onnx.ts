// ONNX runtimes, called as transformers.js calls them.
import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-common';

/** What onnxruntime-node and -web have in common. */
export interface Runtime {
  readonly InferenceSession: { create(file: Uint8Array): Promise<InferenceSession> };
  readonly Tensor: typeof Tensor;
}

/** Logits of new tokens, (B, T, V), and the cache with them. */
export interface Step {
  readonly logits: Float32Array;
  readonly cache: Readonly<Record<string, Tensor>>;
}

/**
 * One call for sequences of the same length, `padding` of each sequence's first tokens being none. `cache` is that of the
 * tokens before, `past` of them.
 */
export async function step(
  { Tensor }: Runtime,
  session: InferenceSession,
  rows: readonly (readonly number[])[],
  { padding = rows.map(() => 0), past = 0, cache = {} as Step['cache'] } = {},
): Promise<Step> {
  const [B, T] = [rows.length, rows[0]!.length];
  const int64 = (length: number, value: (row: number, column: number) => number): Tensor =>
    new Tensor(
      'int64',
      BigInt64Array.from({ length: B * length }, (_, i) => BigInt(value(Math.floor(i / length), i % length))),
      [B, length],
    );
  const given: Record<string, Tensor> = {
    input_ids: int64(T, (b, t) => rows[b]![t]!),
    attention_mask: int64(past + T, (b, s) => (s < padding[b]! ? 0 : 1)),
    position_ids: int64(T, (b, t) => Math.max(past + t - padding[b]!, 0)),
    ...cache,
  };
  const feeds: Record<string, Tensor> = {};
  for (const meta of session.inputMetadata) {
    if (!meta.isTensor) throw new Error(`${meta.name} is no tensor`);
    const empty = meta.shape.map((size) => (size === 'batch_size' ? B : typeof size === 'string' ? 0 : size));
    feeds[meta.name] = given[meta.name] ?? new Tensor('float32', new Float32Array(0), empty);
  }
  const { logits, ...present } = await session.run(feeds);
  const next = Object.entries(present).map(([name, tensor]) => [
    name.replace('present', 'past_key_values'),
    tensor,
  ]);
  return { logits: (logits as TypedTensor<'float32'>).data, cache: Object.fromEntries(next) };
}

/** The largest difference of two lists of numbers. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} numbers are compared with ${b.length}`);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}
