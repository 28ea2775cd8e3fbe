import { execFile } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject } from 'vitest';

const execute = promisify(execFile);
const child = fileURLToPath(new URL('./llama-child.mjs', import.meta.url));

export interface LlamaJob {
  /** GGUF files: all of it is done with each. */
  readonly paths: readonly string[];
  readonly contextSize: number;
  readonly prompts: readonly string[];
  /** Tokens to go on with. */
  readonly count: number;
  /** How often to go on from the first prompt by chance. */
  readonly samples: number;
  /** Tokens after each of which the likeliest next one is wanted. */
  readonly windows: readonly (readonly number[])[];
}

export interface LlamaResult {
  /** Tokens of each prompt, and their text again. */
  readonly ids: number[][];
  readonly texts: string[];
  readonly greedy: number[][];
  readonly sampled: number[][];
  readonly tops: number[][];
  /** The token that ends a text, and the largest probability that it has anywhere in the windows. */
  readonly eos: number;
  readonly end: number;
}

export async function llama(job: LlamaJob): Promise<LlamaResult[]> {
  const file = join(await mkdtemp(join(inject('folder'), 'llama-')), 'job.json');
  await writeFile(file, JSON.stringify(job));
  const { stdout } = await execute(process.execPath, [child, file], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout);
}
