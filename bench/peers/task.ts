// What every peer is given and what it reports; `pytorch.py` is the same in Python.
import { readFileSync } from 'node:fs';

export interface Parameter {
  readonly shape: number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/** Inputs and targets, (B, T) each. */
export interface Batch {
  readonly x: Int32Array<ArrayBuffer>;
  readonly y: Int32Array<ArrayBuffer>;
}

export interface Task {
  readonly nLayer: number;
  readonly nHead: number;
  readonly nEmbd: number;
  readonly blockSize: number;
  readonly batchSize: number;
  readonly vocabSize: number;
  /** Initial values by nanoGPT's names; those of linear layers as in PyTorch, (out, in). */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** To be used in turn. */
  readonly batches: readonly Batch[];
}

/** AdamW's settings. Only matrices decay; gradients are clipped to a global norm of 1. */
export const optimizer = { learningRate: 1e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 };

/** What PyTorch is given too. */
export const THREADS = 2;

const WARM_UP_STEPS = 2;

/** `node PEER FILE STEPS SECONDS …`: at most so many timed steps, and no new one after so many seconds. */
const [file, steps, seconds, ...rest] = process.argv.slice(2) as [string, string, string, ...string[]];

/** What follows the arguments that all peers take. */
export const variant: string | undefined = rest[0];

/** Reads the safetensors file: length of the header, header, data. */
export function readTask(): Task {
  const bytes = readFileSync(file);
  const dataStart = 8 + Number(bytes.readBigUInt64LE());
  const { __metadata__, ...entries } = JSON.parse(bytes.toString('utf8', 8, dataStart)) as {
    __metadata__: { config: string };
  } & Record<string, { dtype: 'F32' | 'I32'; shape: number[]; data_offsets: [number, number] }>;
  const parameters = new Map<string, Parameter>();
  const tokens = new Map<string, Int32Array<ArrayBuffer>>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(entries)) {
    const [begin, end] = data_offsets.map((offset) => bytes.byteOffset + dataStart + offset);
    const { buffer } = new Uint8Array(bytes.buffer.slice(begin!, end!));
    if (dtype === 'F32') parameters.set(name, { shape, data: new Float32Array(buffer) });
    else tokens.set(name, new Int32Array(buffer));
  }
  const config = JSON.parse(__metadata__.config) as Omit<Task, 'parameters' | 'batches'>;
  const size = config.batchSize * config.blockSize;
  const rows = (name: string, i: number) => tokens.get(name)!.subarray(i * size, (i + 1) * size);
  const batches = Array.from({ length: tokens.get('x')!.length / size }, (_, i) => ({
    x: rows('x', i),
    y: rows('y', i),
  }));
  return { ...config, parameters, batches };
}

/** Runs the steps, numbered from 1, each of which resolves to its loss, and prints the report. */
export async function measure(
  peer: string,
  version: string,
  step: (step: number, batch: Batch) => Promise<number>,
  { batches }: Task,
): Promise<void> {
  const losses: number[] = [];
  const stepMs: number[] = [];
  let end = Number.POSITIVE_INFINITY;
  for (let i = 0; stepMs.length < Number(steps); i++) {
    const begin = performance.now();
    if (i === WARM_UP_STEPS) end = begin + 1000 * Number(seconds);
    if (begin > end) break;
    losses.push(await step(i + 1, batches[i % batches.length]!));
    if (i >= WARM_UP_STEPS) stepMs.push(performance.now() - begin);
  }
  const peakRssMb = process.resourceUsage().maxRSS / 1024;
  console.log(JSON.stringify({ peer, version, losses, stepMs, peakRssMb }));
}
